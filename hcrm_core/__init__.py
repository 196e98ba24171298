from . import controllers
from . import feed_adapters
from . import models
from . import providers
from .rpc_address import remember_rpc_address
