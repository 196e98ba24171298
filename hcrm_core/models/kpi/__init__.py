from . import fact_mixin
from . import fact_visit
from . import fact_charge
