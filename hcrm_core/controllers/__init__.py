from . import caller
from . import gateway
from . import preference
