from . import event_kind
from . import event
from . import rule
from . import rule_execution
from . import rule_test
