from . import test_fallback
