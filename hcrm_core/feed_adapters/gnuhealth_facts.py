"""Diagnoses, allergies, medication and procedures of GNU Health."""

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
    resource,
    specialty,
    stay,
)
from .gnuhealth_stream import Stream

ICD10 = "http://hl7.org/fhir/sid/icd-10"
_SEVERITIES = {"1_mi": "Mild", "2_mo": "Moderate", "3_sv": "Severe"}
_CRITICALITIES = {"1_mi": "low", "3_sv": "high"}
_ALLERGIES = {"da": "medication", "fa": "food", "ma": "environment", "mc": "other"}
_SURGERY_STATES = {
    "draft": "preparation",
    "confirmed": "preparation",
    "in_progress": "in-progress",
    "done": "completed",
    "signed": "completed",
    "cancelled": "not-done",
}
_BIRTHS = {
    "live_birth": "Live birth",
    "abortion": "Abortion",
    "stillbirth": "Stillbirth",
    "status_unknown": "Status unknown",
}
_LABOURS = {
    "v": "Vaginal delivery",
    "ve": "Vacuum extraction",
    "vf": "Forceps delivery",
    "c": "Caesarean section",
}
_DAYS = {"hours": "h", "days": "d", "months": "mo", "years": "a", "minutes": "min"}


# ----------------------------------------------------------------------
# DIAGNOSES AND ALLERGIES
# ----------------------------------------------------------------------


def condition(row: dict[str, Any]) -> dict:
    """A disease on the patient's list."""
    return resource(
        "Condition",
        ext("gnuhealth_patient_disease", row["id"]),
        subject=patient(row["patient"]),
        code=concept(row["name"], row["code"], ICD10),
        category=[concept(None, "problem-list-item")],
        clinicalStatus=concept(None, _disease_state(row)),
        severity=concept(_SEVERITIES.get(row["disease_severity"])),
        onsetDateTime=row["diagnosed_date"],
        recordedDate=row["diagnosed_date"],
        abatementDateTime=row["healed_date"],
    )


def allergy(row: dict[str, Any]) -> dict:
    """A disease of the list that staff marked as an allergy."""
    return resource(
        "AllergyIntolerance",
        ext("gnuhealth_patient_disease", row["id"]),
        patient=patient(row["patient"]),
        code=concept(row["name"], row["code"], ICD10),
        category=[_ALLERGIES[row["allergy_type"]]]
        if row["allergy_type"] in _ALLERGIES
        else None,
        criticality=_CRITICALITIES.get(row["disease_severity"]),
        clinicalStatus=concept(None, _disease_state(row)),
        reaction=[{"manifestation": [concept(row["short_comment"])]}]
        if row["short_comment"]
        else None,
        recordedDate=row["diagnosed_date"],
    )


def _disease_state(row: dict[str, Any]) -> str:
    if row["status"] == "h" or row["healed_date"]:
        return "resolved"
    return "inactive" if row["is_active"] is False else "active"


def diagnosis(table: str, is_primary: bool, verification: str = "confirmed"):
    """What a visit or stay found, from the row that names the disease."""

    def build(row: dict[str, Any]) -> dict:
        return resource(
            "Condition",
            ext(table, row["id"]),
            subject=patient(row["patient"]),
            encounter=evaluation(row.get("evaluation"))
            or stay(row.get("registration")),
            code=concept(row["name"], row["code"], ICD10),
            category=[concept(None, "encounter-diagnosis")],
            clinicalStatus=concept(None, "active"),
            verificationStatus=concept(None, verification),
            recordedDate=instant(row["at"]),
            extension=extensions(
                extension("is-primary", valueBoolean=True) if is_primary else None
            ),
        )

    return build


_DISEASE = (
    "SELECT t.id, t.patient, x.code, x.name, t.status, t.is_active, t.allergy_type,"
    " t.diagnosed_date, t.healed_date, t.disease_severity, t.short_comment"
    " FROM gnuhealth_patient_disease t"
    " LEFT JOIN gnuhealth_pathology x ON x.id = t.pathology"
)
CONDITION = Stream(
    "Condition",
    "gnuhealth_patient_disease",
    _DISEASE,
    condition,
    where="t.is_allergy IS NOT TRUE",
)
ALLERGY = Stream(
    "AllergyIntolerance",
    "gnuhealth_patient_disease",
    _DISEASE,
    allergy,
    where="t.is_allergy",
)
VISIT_DIAGNOSIS = Stream(
    "Condition",
    "gnuhealth_patient_evaluation",
    "SELECT t.id, t.patient, t.id AS evaluation, x.code, x.name,"
    " t.evaluation_start AS at FROM gnuhealth_patient_evaluation t"
    " LEFT JOIN gnuhealth_pathology x ON x.id = t.diagnosis",
    diagnosis("gnuhealth_patient_evaluation", is_primary=True),
    where="t.diagnosis IS NOT NULL",
)
DISCHARGE_DIAGNOSIS = Stream(
    "Condition",
    "gnuhealth_inpatient_registration",
    "SELECT t.id, t.patient, t.id AS registration, x.code, x.name,"
    " t.hospitalization_date AS at FROM gnuhealth_inpatient_registration t"
    " LEFT JOIN gnuhealth_pathology x ON x.id = t.discharge_dx",
    diagnosis("gnuhealth_inpatient_registration", is_primary=True),
    where="t.discharge_dx IS NOT NULL AND t.state IN ('done', 'finished')",
)


def _of_evaluation(table: str, verification: str) -> Stream:
    return Stream(
        "Condition",
        table,
        "SELECT t.id, e.patient, t.evaluation, x.code, x.name,"
        f" e.evaluation_start AS at FROM {table} t"
        " LEFT JOIN gnuhealth_patient_evaluation e ON e.id = t.evaluation"
        " LEFT JOIN gnuhealth_pathology x ON x.id = t.pathology",
        diagnosis(table, is_primary=False, verification=verification),
        where="t.pathology IS NOT NULL AND t.evaluation IS NOT NULL",
    )


SECONDARY = _of_evaluation("gnuhealth_secondary_condition", "confirmed")
HYPOTHESIS = _of_evaluation("gnuhealth_diagnostic_hypothesis", "provisional")

# ----------------------------------------------------------------------
# MEDICATION
# ----------------------------------------------------------------------


def medication(row: dict[str, Any]) -> dict:
    """What a patient takes. Some rows name no patient: they go to the quarantine."""
    if row["discontinued"]:
        status = "stopped"
    elif row["course_completed"] or row["is_active"] is False:
        status = "completed"
    else:
        status = "active"
    return _medication("gnuhealth_patient_medication", row, status)


def prescribed(row: dict[str, Any]) -> dict:
    """A line of a prescription that is not on the patient's list of medication."""
    is_draft = row["state"] in (None, "draft")
    data = _medication(
        "gnuhealth_prescription_line", row, "draft" if is_draft else "active"
    )
    data["dispenseRequest"] = clean(
        {
            **data.get("dispenseRequest", {}),
            "quantity": clean({"value": row["quantity"]}),
        }
    )
    return clean(data)


def _medication(table: str, row: dict[str, Any], status: str) -> dict:
    return resource(
        "MedicationRequest",
        ext(table, row["id"]),
        status=status,
        subject=patient(row["patient"]),
        medicationCodeableConcept=concept(row["name"] or row["active_component"]),
        authoredOn=instant(row["start_treatment"] or row["at"]),
        dosageInstruction=[{"text": _dosage(row)}] if _dosage(row) else None,
        effectivePeriod=clean({"end": instant(row["end_treatment"])}),
        dispenseRequest=clean({"expectedSupplyDuration": _supply(row)}),
        requester=practitioner(row["healthprof"]),
    )


def _dosage(row: dict[str, Any]) -> str:
    """As staff would read it aloud: 500 mg, every 8 hours."""
    amount = " ".join(
        f"{part:g}" if isinstance(part, float) else str(part)
        for part in (row["dose"], row["unit"])
        if part
    )
    often = ""
    if row["frequency"] and row["frequency_unit"] not in (None, "wr"):
        often = f"every {row['frequency']} {row['frequency_unit']}"
    elif row["common"]:
        often = row["common"]
    return ", ".join(part for part in (amount, often, row["route"]) if part)


def _supply(row: dict[str, Any]) -> dict[str, Any]:
    code = _DAYS.get(row["duration_period"])
    return {"value": row["duration"], "code": code} if code and row["duration"] else {}


_DRUG = (
    " LEFT JOIN gnuhealth_medicament g ON g.id = t.medicament"
    " LEFT JOIN product_product pp ON pp.id = g.product"
    " LEFT JOIN product_template pt ON pt.id = pp.template"
    " LEFT JOIN gnuhealth_dose_unit u ON u.id = t.dose_unit"
    " LEFT JOIN gnuhealth_drug_route r ON r.id = t.route"
    " LEFT JOIN gnuhealth_medication_dosage cd ON cd.id = t.common_dosage"
)
_DRUG_COLUMNS = (
    "t.start_treatment, t.end_treatment, t.dose, t.duration, t.duration_period,"
    " t.frequency, t.frequency_unit, pt.name, g.active_component, u.name AS unit,"
    " r.name AS route, cd.name AS common"
)
MEDICATION = Stream(
    "MedicationRequest",
    "gnuhealth_patient_medication",
    "SELECT t.id, t.patient, t.is_active, t.discontinued, t.course_completed,"
    f" t.healthprof, t.create_date AS at, {_DRUG_COLUMNS}"
    f" FROM gnuhealth_patient_medication t{_DRUG}",
    medication,
)
# A line that staff put on the patient's list as well is told by the list.
PRESCRIPTION = Stream(
    "MedicationRequest",
    "gnuhealth_prescription_line",
    "SELECT t.id, o.patient, o.state, t.quantity, o.healthprof,"
    f" o.prescription_date AS at, {_DRUG_COLUMNS}"
    " FROM gnuhealth_prescription_line t"
    f" JOIN gnuhealth_prescription_order o ON o.id = t.presc_order{_DRUG}",
    prescribed,
    where="t.presc_order IS NOT NULL AND NOT EXISTS (SELECT 1"
    " FROM gnuhealth_patient_medication m WHERE m.prescription = t.presc_order"
    " AND m.medicament = t.medicament)",
    touched=(
        "gnuhealth_prescription_order x JOIN gnuhealth_prescription_line t"
        " ON t.presc_order = x.id",
    ),
)

# ----------------------------------------------------------------------
# PROCEDURES
# ----------------------------------------------------------------------


def surgery(row: dict[str, Any]) -> dict:
    """An operation."""
    state = row["state"] or "draft"
    words = row["description"] or row["procedure"] or row["pathology"]
    doctor = practitioner(row["surgeon"])
    return resource(
        "Procedure",
        ext("gnuhealth_surgery", row["id"]),
        status=_SURGERY_STATES.get(state, state),
        category=concept(None, "operation"),
        code=concept(words, row["procedure_code"]),
        subject=patient(row["patient"]),
        encounter=stay(row["admission"]),
        performedPeriod=clean(
            {
                "start": instant(row["surgery_date"]),
                "end": instant(row["surgery_end_date"]),
            }
        ),
        performer=[clean({"actor": doctor, "onBehalfOf": specialty(row["specialty"])})]
        if doctor
        else None,
    )


def birth(row: dict[str, Any]) -> dict:
    """How a pregnancy ended.

    Only a live birth whose children live is a delivery to be glad about: whatever
    acts on deliveries must not act on a loss.
    """
    result = row["pregnancy_end_result"]
    is_glad = result == "live_birth" and not row["has_died"]
    words = _LABOURS.get(row["labour"]) or (
        "Delivery" if result == "live_birth" else "End of pregnancy"
    )
    outcome = _BIRTHS.get(result, result)
    if result == "live_birth" and row["has_died"]:
        outcome = "Live birth, newborn died"
    return resource(
        "Procedure",
        ext("gnuhealth_patient_pregnancy", row["id"]),
        status="completed",
        category=concept(None, "delivery" if is_glad else "treatment"),
        code=concept(words),
        subject=patient(row["patient"]),
        performedDateTime=instant(row["pregnancy_end_date"]),
        outcome=concept(outcome),
        performer=[{"actor": practitioner(row["healthprof"])}]
        if row["healthprof"]
        else None,
    )


def vaccination(row: dict[str, Any]) -> dict:
    """A vaccination given."""
    is_done = row["state"] in ("done", "signed")
    return resource(
        "Immunization",
        ext("gnuhealth_vaccination", row["id"]),
        status="completed" if is_done else "in-progress",
        vaccineCode=concept(row["name"] or row["active_component"]),
        patient=patient(row["patient"]),
        occurrenceDateTime=instant(row["date"]),
    )


SURGERY = Stream(
    "Procedure",
    "gnuhealth_surgery",
    "SELECT t.id, t.patient, t.state, t.description, t.surgery_date,"
    " t.surgery_end_date, t.surgeon, t.specialty, t.admission,"
    " pr.name AS procedure_code, pr.description AS procedure, x.name AS pathology"
    " FROM gnuhealth_surgery t"
    " LEFT JOIN gnuhealth_procedure pr"
    " ON pr.id = COALESCE(t.surgical_intervention, t.main_procedure)"
    " LEFT JOIN gnuhealth_pathology x ON x.id = t.pathology",
    surgery,
    where="t.patient IS NOT NULL",
)
_DIED = "(b.died_at_delivery OR b.died_at_the_hospital OR b.died_being_transferred)"
BIRTH = Stream(
    "Procedure",
    "gnuhealth_patient_pregnancy",
    "SELECT t.id, t.patient, t.pregnancy_end_result, t.pregnancy_end_date,"
    " t.healthprof, (SELECT pe.start_labor_mode FROM gnuhealth_perinatal pe"
    " WHERE pe.pregnancy = t.id ORDER BY pe.id DESC LIMIT 1) AS labour,"
    " {has_died} AS has_died FROM gnuhealth_patient_pregnancy t",
    birth,
    where="t.pregnancy_end_result IS NOT NULL AND t.current_pregnancy IS NOT TRUE",
    touched=(
        "gnuhealth_perinatal x JOIN gnuhealth_patient_pregnancy t"
        " ON t.id = x.pregnancy",
        "gnuhealth_newborn x JOIN gnuhealth_patient_pregnancy t"
        " ON t.patient = x.mother",
    ),
    optional={
        "has_died": (
            "gnuhealth_newborn",
            "died_at_delivery",
            "EXISTS (SELECT 1 FROM gnuhealth_newborn b WHERE b.mother = t.patient"
            f" AND {_DIED} AND b.birth_date BETWEEN t.pregnancy_end_date"
            " - interval '3 days' AND t.pregnancy_end_date + interval '3 days')",
        )
    },
)
VACCINATION = Stream(
    "Immunization",
    "gnuhealth_vaccination",
    "SELECT t.id, t.patient, t.state, t.date, pt.name, g.active_component"
    " FROM gnuhealth_vaccination t"
    " LEFT JOIN gnuhealth_medicament g ON g.id = t.vaccine"
    " LEFT JOIN product_product pp ON pp.id = g.product"
    " LEFT JOIN product_template pt ON pt.id = pp.template",
    vaccination,
    where="t.patient IS NOT NULL",
)
STREAMS = (
    CONDITION,
    ALLERGY,
    VISIT_DIAGNOSIS,
    DISCHARGE_DIAGNOSIS,
    SECONDARY,
    HYPOTHESIS,
    MEDICATION,
    PRESCRIPTION,
    SURGERY,
    BIRTH,
    VACCINATION,
)
