from . import caller
from . import gateway
