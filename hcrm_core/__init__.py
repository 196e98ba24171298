from . import controllers
from . import feed_adapters
from . import models
from . import providers
