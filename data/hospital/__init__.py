"""The demo hospital: a deterministic generator of FHIR R4 records.

Pure standard library. The CRM never imports anything from here.
"""
