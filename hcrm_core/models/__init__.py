from . import value
from . import people
from . import record
from . import rule
from . import feed
from . import guard
from . import kpi
