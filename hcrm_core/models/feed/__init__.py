from . import feed_source
from . import feed_run
from . import feed_identity
from . import feed_inbox
