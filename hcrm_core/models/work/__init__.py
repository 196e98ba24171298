from . import day
from . import day_notice
from . import res_company
from . import task_kind
from . import task
from . import shift
from . import day_planned
