"""Ways out: one class per kind of gateway. Pure Python, no ORM, safe in threads."""

from . import generic_http
from . import kannel
from . import mail_server
from . import odoo_sms
from . import smsd
from . import wechat
from . import wecom
from . import whatsapp
