from . import res_users
from . import person_access
from . import person_company
from . import res_partner
from . import stock_trace
