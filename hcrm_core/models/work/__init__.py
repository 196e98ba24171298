from . import day
from . import day_notice
from . import res_company
