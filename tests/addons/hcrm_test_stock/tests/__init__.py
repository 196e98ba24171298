from . import test_mass
