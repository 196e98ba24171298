from . import event_kind
from . import event
