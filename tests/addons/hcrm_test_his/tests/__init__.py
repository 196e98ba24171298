from . import test_his_local
from . import test_his_button
from . import test_his_json2
