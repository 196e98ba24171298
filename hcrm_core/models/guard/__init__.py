from . import person_access
