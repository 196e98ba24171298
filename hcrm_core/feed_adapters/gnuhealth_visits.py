"""Visits, stays and appointments of GNU Health."""

from __future__ import annotations

from typing import Any

from .gnuhealth_fhir import (
    clean,
    concept,
    evaluation,
    ext,
    extension,
    extensions,
    instant,
    patient,
    practitioner,
    reference,
    resource,
    specialty,
    stay,
)
from .gnuhealth_stream import Stream

_EVALUATION_STATES = {
    "in_progress": "in-progress",
    "done": "finished",
    "signed": "finished",
}
_EVALUATION_CLASSES = {
    "outpatient": "AMB",
    "homecare": "HH",
    "telemedicine": "VR",
    "inpatient": "IMP",
}
_STAY_STATES = {
    "free": "planned",
    "confirmed": "planned",
    "hospitalized": "in-progress",
    "done": "finished",
    "finished": "finished",
    "cancelled": "cancelled",
}
_APPOINTMENT_STATES = {
    "confirmed": "booked",
    "checked_in": "checked-in",
    "done": "fulfilled",
    "user_cancelled": "cancelled",
    "center_cancelled": "cancelled",
    "no_show": "noshow",
}
_VISIT_TYPES = {
    "new": "New health condition",
    "followup": "Follow-up",
    "well_child": "Well child visit",
    "well_woman": "Well woman visit",
    "well_man": "Well man visit",
}
_ADMISSIONS = {
    "routine": "Routine",
    "maternity": "Maternity",
    "elective": "Elective",
    "urgent": "Urgent",
    "emergency": "Emergency",
}
_DISCHARGES = {
    "home": "Home / Selfcare",
    "transfer": "Transferred to another institution",
    "death": "Death",
    "against_advice": "Left against medical advice",
}
_CANCELLATIONS = {
    "user_cancelled": "Cancelled by patient",
    "center_cancelled": "Cancelled by health center",
}


def visit(row: dict[str, Any]) -> dict:
    """An evaluation: a visit, or a part of a stay."""
    state = row["state"] or "in_progress"
    kind = _EVALUATION_CLASSES.get(row["evaluation_type"], "AMB")
    if row["urgency"] == "c" and kind == "AMB":
        kind = "EMER"
    doctor = practitioner(row["signed_by"] or row["healthprof"])
    return resource(
        "Encounter",
        ext("gnuhealth_patient_evaluation", row["id"]),
        status=_EVALUATION_STATES.get(state, state),
        class_={"code": kind},
        identifier=[{"value": row["code"]}] if row["code"] else None,
        subject=patient(row["patient"]),
        period=clean(
            {
                "start": instant(row["evaluation_start"]),
                "end": instant(row["evaluation_endtime"]),
            }
        ),
        type_=_kind(row["visit_type"], _VISIT_TYPES),
        reasonCode=[concept(row["chief_complaint"])]
        if row["chief_complaint"]
        else None,
        participant=[{"individual": doctor}] if doctor else None,
        serviceProvider=specialty(row["specialty"]),
        partOf=stay(row["registration"]),
    )


def inpatient(row: dict[str, Any]) -> dict:
    """A stay. ``discharge_date`` is when it is expected to end, and stays so.

    GNU Health keeps no time of discharge: the row's stamp, when it is first seen
    discharged, is the nearest there is. Cleaning the bed moves that stamp later.
    """
    state = row["state"] or "free"
    status = _STAY_STATES.get(state, state)
    is_over = status == "finished"
    places = [("wa", row["ward"]), ("bd", row["bed"])]
    doctor = practitioner(row["attending_physician"])
    return resource(
        "Encounter",
        ext("gnuhealth_inpatient_registration", row["id"]),
        status=status,
        class_={"code": "IMP"},
        identifier=[{"value": row["name"]}] if row["name"] else None,
        subject=patient(row["patient"]),
        period=clean(
            {
                "start": instant(row["hospitalization_date"]),
                "end": instant(row["stamp"]) if is_over else None,
            }
        ),
        extension=extensions(extension("end-first-seen", valueBoolean=True))
        if is_over
        else None,
        type_=_kind(row["admission_type"], _ADMISSIONS),
        reasonCode=[concept(row["reason"])] if row["reason"] else None,
        hospitalization=clean(
            {"dischargeDisposition": concept(_DISCHARGES.get(row["discharge_reason"]))}
        )
        if is_over
        else None,
        location=[
            {"location": {"display": said}, "physicalType": concept(None, kind)}
            for kind, said in places
            if said
        ],
        participant=[{"individual": doctor}] if doctor else None,
        serviceProvider=reference(
            "Organization", "gnuhealth_hospital_unit", row["unit"]
        ),
    )


def appointment(row: dict[str, Any]) -> dict:
    """A booked slot. One set free again is no appointment any more."""
    state = row["state"] or "confirmed"
    ext_id = ext("gnuhealth_appointment", row["id"])
    if state == "free" or not row["patient"]:
        return {"resourceType": "Appointment", "id": ext_id, "_deleted": True}
    actors = [patient(row["patient"]), practitioner(row["healthprof"])]
    return resource(
        "Appointment",
        ext_id,
        status=_APPOINTMENT_STATES.get(state, state),
        cancelationReason=concept(_CANCELLATIONS.get(state)),
        identifier=[{"value": row["name"]}] if row["name"] else None,
        start=instant(row["appointment_date"]),
        created=instant(row["create_date"]),
        serviceType=[concept(row["service"])] if row["service"] else None,
        participant=[{"actor": actor} for actor in actors if actor],
        extension=extensions(
            extension("department", valueReference=specialty(row["speciality"])),
            extension("encounter", valueReference=evaluation(row["evaluation"])),
        ),
    )


def _kind(code: str | None, words: dict[str, str]) -> list[dict] | None:
    return [concept(words.get(code, code), code)] if code else None


VISIT = Stream(
    "Encounter",
    "gnuhealth_patient_evaluation",
    "SELECT t.id, t.code, t.patient, t.evaluation_start, t.evaluation_endtime, t.state,"
    " t.evaluation_type, t.urgency, t.visit_type, t.chief_complaint, t.healthprof,"
    " t.signed_by, t.specialty, {registration} AS registration"
    " FROM gnuhealth_patient_evaluation t",
    visit,
    optional={
        "registration": (
            "gnuhealth_patient_evaluation",
            "inpatient_registration_code",
            "t.inpatient_registration_code",
        )
    },
)
STAY = Stream(
    "Encounter",
    "gnuhealth_inpatient_registration",
    "SELECT t.id, t.name, t.patient, t.admission_type, t.hospitalization_date, t.state,"
    " COALESCE(t.write_date, t.create_date) AS stamp, t.discharge_reason,"
    " t.attending_physician, ar.name AS reason, w.name AS ward, w.unit,"
    " bt.name AS bed FROM gnuhealth_inpatient_registration t"
    " LEFT JOIN gnuhealth_pathology ar ON ar.id = t.admission_reason"
    " LEFT JOIN gnuhealth_hospital_bed b ON b.id = t.bed"
    " LEFT JOIN gnuhealth_hospital_ward w ON w.id = b.ward"
    " LEFT JOIN product_product bp ON bp.id = b.product"
    " LEFT JOIN product_template bt ON bt.id = bp.template",
    inpatient,
)
# A slot that was never written after its creation was never booked; one that was may
# have been set free, which ends what it was.
_BOOKED = "t.patient IS NOT NULL AND t.state IS DISTINCT FROM 'free'"
APPOINTMENT = Stream(
    "Appointment",
    "gnuhealth_appointment",
    "SELECT t.id, t.name, t.patient, t.healthprof, t.speciality, t.appointment_date,"
    " t.create_date, t.state, COALESCE(pt.name, sp.name) AS service,"
    " (SELECT max(e.id) FROM gnuhealth_patient_evaluation e WHERE e.appointment = t.id)"
    " AS evaluation FROM gnuhealth_appointment t"
    " LEFT JOIN gnuhealth_specialty sp ON sp.id = t.speciality"
    " LEFT JOIN product_product pp ON pp.id = t.consultations"
    " LEFT JOIN product_template pt ON pt.id = pp.template",
    appointment,
    where=f"{_BOOKED} OR t.write_date IS NOT NULL",
    exists=_BOOKED,
    touched=(
        "gnuhealth_patient_evaluation x JOIN gnuhealth_appointment t"
        " ON t.id = x.appointment",
    ),
)
STREAMS = (VISIT, STAY, APPOINTMENT)
