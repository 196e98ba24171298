from . import medical_patient
from . import medical_encounter
from . import medical_appointment
