from . import person_metrics
