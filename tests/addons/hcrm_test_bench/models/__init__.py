from . import access_log
