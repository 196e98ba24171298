from . import test_guard_world
