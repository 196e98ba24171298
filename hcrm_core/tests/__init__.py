from . import test_feed_staff_and_silence
from . import test_guard_access
from . import test_guard_restricted
from . import test_guard_world
from . import test_people_tools
from . import test_people_desk_front
from . import test_people_desk_vip
from . import test_feed_pipeline
