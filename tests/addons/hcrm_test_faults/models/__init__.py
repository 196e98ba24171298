from . import faults
from . import feed_source
