from . import test_his_local
from . import test_his_button
