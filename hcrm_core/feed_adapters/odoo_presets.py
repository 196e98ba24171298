"""Ready-made mappings of HIS addons known from the field; a start to edit.

A preset names models and, per target, the field to read; of ``a|b`` the first that
the HIS has is taken, and a line whose field it has not is left out. ``a + b`` are a
date and its hour.
"""

from __future__ import annotations

from typing import Any

_GENDER = "m = male\nf = female\nMale = male\nFemale = female"
_CONTACT: dict[str, str] = {
    "name": "name",
    "mobile": "mobile",
    "phone": "phone",
    "email": "email",
    "street": "street",
    "street2": "street2",
    "city": "city",
    "zip": "zip",
    "state": "state_id.name",
    "country": "country_id.code",
}

PRESETS: dict[str, dict[str, Any]] = {
    "medical": {
        "label": "medical.patient, medical.encounter (OCA and alike)",
        "models": [
            {
                "model": "medical.patient",
                "type": "Patient",
                "person": "partner_id",
                "fields": {
                    **_CONTACT,
                    "mrn": "internal_identifier|identification_code",
                    "gender": "gender",
                    "birthdate": "birth_date|birthdate_date",
                    "active": "active",
                    "deceased": "is_deceased",
                    "date_deceased": "deceased_date",
                    "marital_status": "marital_status",
                },
                "values": {
                    "gender": _GENDER,
                    "marital_status": "s = S\nm = M\nw = W\nd = D\nl = L",
                },
            },
            {
                "model": "medical.encounter",
                "type": "Encounter",
                "fields": {
                    "patient": "patient_id",
                    "number": "internal_identifier",
                    "status": "state",
                    # there is no date of the visit itself
                    "start": "encounter_date|create_date",
                    "reason": "name",
                    "ward": "location_id",
                },
            },
            {
                "model": "medical.appointment",
                "type": "Appointment",
                "fields": {
                    "patient": "patient_id",
                    "status": "state",
                    "start": "date_start|appointment_date|date",
                    "end": "date_end|date_stop",
                    "reason": "name|service",
                },
                "values": {
                    "status": "draft = pending\nconfirm = booked\nconfirmed = booked\n"
                    "done = fulfilled\ncancel = cancelled\nno_show = noshow"
                },
            },
            {
                "model": "medical.condition",
                "type": "Condition",
                "fields": {
                    "patient": "patient_id",
                    "code": "clinical_finding_id.sct_code_id.code",
                    "name": "clinical_finding_id|name",
                    "start": "last_occurrence_date",
                },
                "domain": "[('is_allergy', '=', False)]",
            },
        ],
    },
    "hms": {
        "label": "hms.patient, hms.appointment, acs.hospitalization (AlmightyCS)",
        "models": [
            {
                "model": "hms.patient",
                "type": "Patient",
                "person": "partner_id",
                "fields": {
                    **_CONTACT,
                    "mrn": "code",
                    "resident_card": "gov_code",
                    "gender": "gender",
                    "birthdate": "birthday",
                    "active": "active",
                    "date_deceased": "date_of_death",
                    "occupation": "occupation",
                },
                "values": {"gender": _GENDER},
            },
            {
                "model": "hms.physician",
                "type": "Practitioner",
                "fields": {"name": "name", "number": "code", "active": "active"},
            },
            {
                "model": "hr.department",
                "type": "Organization",
                "fields": {"name": "name"},
                "domain": "[('patient_department', '=', True)]",
            },
            {
                "model": "hms.appointment",
                "type": "Appointment",
                "fields": {
                    "patient": "patient_id",
                    "status": "state",
                    "start": "date",
                    "end": "date_to",
                    "booked_on": "create_date",
                    "practitioner": "physician_id",
                    "department": "department_id",
                    "reason": "consultation_type",
                    "cancel_reason": "cancel_reason_id|cancel_reason",
                },
                "values": {
                    "status": "draft = pending\nconfirm = booked\nwaiting = arrived\n"
                    "in_consultation = checked-in\npause = checked-in\n"
                    "to_invoice = fulfilled\ndone = fulfilled\ncancel = cancelled"
                },
            },
            {
                "model": "acs.hospitalization",
                "type": "Encounter",
                "constants": {"kind": "IMP"},
                "fields": {
                    "patient": "patient_id",
                    "number": "name",
                    "status": "state",
                    "start": "hospitalization_date",
                    "end": "discharge_date",
                    "practitioner": "physician_id",
                    "department": "department_id",
                    "ward": "ward_id",
                    "bed": "bed_id",
                    "discharge_to": "patient_status",
                },
                "values": {
                    "status": "draft = planned\nconfirm = planned\nreserved = planned\n"
                    "hosp = in-progress\ndischarged = finished\ndone = finished\n"
                    "cancel = cancelled"
                },
            },
        ],
    },
    "partner": {
        "label": "Patients are contacts (Cybrosys and alike)",
        "models": [
            {
                "model": "res.partner",
                "type": "Patient",
                "domain": "[('patient_seq', 'not in', "
                "[False, 'New', 'Employee', 'User'])]",
                "fields": {
                    **_CONTACT,
                    "mrn": "patient_seq",
                    "gender": "gender",
                    "birthdate": "date_of_birth",
                    "active": "active",
                    "deceased": "is_alive",
                },
                "values": {
                    "gender": _GENDER,
                    "deceased": "alive = no\ndead = yes",
                },
            },
            {
                "model": "doctor.allocation",
                "type": "Practitioner",
                "fields": {"name": "doctor_id|name"},
            },
            {
                "model": "hr.employee",
                "type": "Practitioner",
                "fields": {"name": "name", "active": "active"},
                "domain": "[('job_title', 'ilike', 'doctor')]",
            },
            {
                "model": "hospital.outpatient",
                "type": "Encounter",
                "constants": {"kind": "AMB"},
                "fields": {
                    "patient": "patient_id",
                    "number": "op_reference",
                    "status": "state",
                    "start": "op_date + slot",
                    "practitioner": "doctor_id",
                    "reason": "reason",
                },
                "values": {
                    "status": "draft = planned\nop = in-progress\ninpatient = finished\n"
                    "invoice = finished\ncancel = cancelled"
                },
            },
            {
                "model": "hospital.inpatient",
                "type": "Encounter",
                "constants": {"kind": "IMP"},
                "fields": {
                    "patient": "patient_id",
                    "number": "name",
                    "status": "state",
                    "start": "hosp_date",
                    "end": "discharge_date",
                    "practitioner": "attending_doctor_id",
                    "ward": "room_id",
                    "bed": "bed_id",
                },
                "values": {
                    "status": "draft = planned\nreserve = planned\nadmit = in-progress\n"
                    "invoice = in-progress\ndis = finished"
                },
            },
        ],
    },
}


def fitting(line: str, has: Any) -> list[str]:
    """The paths of a preset line that the HIS has; empty where it has none.

    :param has: called with a path, tells whether it leads somewhere
    """
    for choice in line.split("|"):
        paths = [path.strip() for path in choice.split("+")]
        if has(paths[0]):
            return [path for path in paths if has(path)]
    return []
