from . import canonical
from . import base
from . import fhir_files
from . import gnuhealth
from . import http_source
from . import table
from . import odoo_models
from . import odoo_json2
