"""Codes of FHIR and of HIS that speak it, and what they are in our words.

The built-in tables know FHIR's own codes. What a HIS says in words of its own is
told by the hospital, per source (``hcrm.feed.code``), and goes before them.
"""

from __future__ import annotations

from dataclasses import dataclass

_ENCOUNTER_STATES = {
    "planned": "planned",
    "arrived": "arrived",
    "triaged": "arrived",
    "in-progress": "in_progress",
    "onleave": "onleave",
    "finished": "finished",
    "cancelled": "cancelled",
    "entered-in-error": "cancelled",
}
_ENCOUNTER_KINDS = {
    "AMB": "outpatient",
    "SS": "outpatient",
    "OBSENC": "emergency",
    "EMER": "emergency",
    "IMP": "inpatient",
    "ACUTE": "inpatient",
    "NONAC": "inpatient",
    "HH": "home",
    "FLD": "other",
    "VR": "virtual",
    "PRENC": "outpatient",
    "CHECKUP": "checkup",
    "ambulatory": "outpatient",
    "outpatient": "outpatient",
    "emergency": "emergency",
    "inpatient": "inpatient",
    "urgentcare": "emergency",
    "wellness": "checkup",
    "virtual": "virtual",
    "home": "home",
}
_APPOINTMENT_STATES = {
    "proposed": "proposed",
    "pending": "pending",
    "booked": "booked",
    "arrived": "arrived",
    "checked-in": "checked_in",
    "fulfilled": "fulfilled",
    "cancelled": "cancelled",
    "noshow": "noshow",
    "waitlist": "waitlist",
    "entered-in-error": "cancelled",
}
_CONDITION_STATES = {
    "active": "active",
    "recurrence": "recurrence",
    "relapse": "relapse",
    "inactive": "inactive",
    "remission": "remission",
    "resolved": "resolved",
    "entered-in-error": "inactive",
}
_CONDITION_CATEGORIES = {
    "problem-list-item": "problem",
    "encounter-diagnosis": "diagnosis",
    "health-concern": "problem",
    "history": "history",
}
_ALLERGY_STATES = {
    "active": "active",
    "inactive": "inactive",
    "resolved": "resolved",
    "entered-in-error": "inactive",
}
_PROCEDURE_STATES = {
    "preparation": "planned",
    "planned": "planned",
    "in-progress": "in_progress",
    "on-hold": "in_progress",
    "completed": "completed",
    "stopped": "stopped",
    "not-done": "not_done",
    "entered-in-error": "not_done",
}
_PROCEDURE_CATEGORIES = {
    "operation": "operation",
    "delivery": "delivery",
    "treatment": "treatment",
    "diagnostic": "diagnostic",
    "387713003": "operation",
    "103693007": "diagnostic",
    "24642003": "treatment",
    "409063005": "treatment",
}
_MEDICATION_STATES = {
    "active": "active",
    "draft": "active",
    "on-hold": "on_hold",
    "completed": "completed",
    "stopped": "stopped",
    "cancelled": "cancelled",
    "not-taken": "cancelled",
    "entered-in-error": "cancelled",
}
_OBSERVATION_STATES = {
    "registered": "registered",
    "preliminary": "preliminary",
    "final": "final",
    "amended": "amended",
    "corrected": "amended",
    "cancelled": "cancelled",
    "entered-in-error": "cancelled",
}
_OBSERVATION_CATEGORIES = {
    "vital-signs": "vital",
    "laboratory": "laboratory",
    "imaging": "imaging",
    "survey": "survey",
}
_INTERPRETATIONS = {
    "N": "normal",
    "L": "low",
    "H": "high",
    "LL": "critical",
    "HH": "critical",
    "LU": "critical",
    "HU": "critical",
    "AA": "critical",
    "A": "abnormal",
    "POS": "abnormal",
    "DET": "abnormal",
    "NEG": "normal",
    "ND": "normal",
}
_COVERAGE_KINDS = {
    "urban_employee": "urban_employee",
    "EHCPOL": "employer",
    "resident": "resident",
    "commercial": "commercial",
    "HIP": "commercial",
    "employer": "employer",
    "public": "public",
    "PUBLICPOL": "public",
    "self": "self",
    "pay": "self",
}
_COVERAGE_STATES = {
    "active": "active",
    "cancelled": "cancelled",
    "draft": "draft",
    "entered-in-error": "cancelled",
}
_CHARGE_STATES = {
    "planned": "planned",
    "billable": "billable",
    "not-billable": "aborted",
    "aborted": "aborted",
    "billed": "billed",
    "entered-in-error": "aborted",
}
_CLAIM_STATES = {
    "active": "billable",
    "draft": "planned",
    "cancelled": "aborted",
    "entered-in-error": "aborted",
}
_BENEFIT_STATES = {
    "active": "billed",
    "draft": "billable",
    "cancelled": "aborted",
    "entered-in-error": "aborted",
}
_CLAIM_CATEGORIES = {
    "pharmacy": "drug",
    "institutional": "treatment",
    "professional": "treatment",
}
_GENDERS = {
    "male": "male",
    "female": "female",
    "other": "other",
    "unknown": "unknown",
    "m": "male",
    "f": "female",
    "男": "male",
    "女": "female",
}
_MARITAL = {
    "S": "single",
    "U": "single",
    "M": "married",
    "C": "married",
    "T": "married",
    "P": "married",
    "D": "divorced",
    "L": "divorced",
    "A": "divorced",
    "W": "widowed",
}
_RELATION_KINDS = {
    "mother": "MTH NMTH NMTHF GESTM STPMTH ADOPTM",
    "father": "FTH NFTH NFTHF STPFTH ADOPTF",
    "child": "CHILD CHLDADOPT CHLDFOST CHLDINLAW DAU DAUADOPT DAUC DAUFOST DAUINLAW NCHILD "
    "NDAU NSON SON SONADOPT SONC SONFOST SONINLAW STPCHLD STPDAU STPSON",
    "spouse": "SPS HUSB WIFE DOMPART SIGOTHR",
    "sibling": "SIB BRO SIS HBRO HSIB HSIS NBRO NSIB NSIS STPBRO STPSIB STPSIS TWIN TWINBRO "
    "TWINSIS FTWIN ITWIN",
    "grandparent": "GRPRN GRMTH GRFTH MGRMTH MGRFTH MGRPRN PGRMTH PGRFTH PGRPRN",
    "guardian": "GUARD GUADLTM",
    "companion": "ROOM CP",
    "employer": "E",
    "friend": "FRND NBOR",
    # becomes mother or father by the relative's sex
    "parent": "PRN",
}
_RELATIONS = {
    code: kind for kind, line in _RELATION_KINDS.items() for code in line.split()
}


@dataclass(frozen=True, slots=True)
class CodeField:
    """A field of a type whose codes are looked up.

    :ivar model: model that holds the result, in ``column``
    :ivar known: code of the source -> our value
    :ivar fallback: our value for a code nobody knows
    :ivar is_strict: a code nobody knows holds the record back: a guess would cost
        money or somebody's privacy
    """

    model: str
    column: str
    known: dict[str, str]
    fallback: str | None = "other"
    is_strict: bool = False


def _states(model: str, known: dict[str, str]) -> CodeField:
    return CodeField(model, "state", known, "unknown")


def _as_is(model: str, column: str, values: str, **kwargs) -> CodeField:
    """A field whose codes are our own values."""
    return CodeField(model, column, {v: v for v in values.split()}, **kwargs)


_MEDICATION = _states("hcrm.medication", _MEDICATION_STATES)
# type and field at the source, as a clerk reads them
CODE_FIELDS: dict[str, CodeField] = {
    "Patient.gender": CodeField("res.partner", "hcrm_gender", _GENDERS, "unknown"),
    "Patient.maritalStatus": CodeField(
        "hcrm.person.profile", "marital_status", _MARITAL, None
    ),
    "Patient.education": _as_is(
        "hcrm.person.profile",
        "education",
        "primary secondary college university",
        fallback=None,
    ),
    "Patient.preferred-time": _as_is(
        "hcrm.person.profile",
        "preferred_time",
        "morning noon afternoon evening",
        fallback=None,
    ),
    "Patient.confidentiality": _as_is(
        "hcrm.person.company",
        "confidentiality",
        "normal staff public sensitive",
        fallback=None,
        is_strict=True,
    ),
    "Patient.disclosure": _as_is(
        "hcrm.person.company",
        "disclosure",
        "open shielded",
        fallback=None,
        is_strict=True,
    ),
    "RelatedPerson.gender": CodeField(
        "res.partner", "hcrm_gender", _GENDERS, "unknown"
    ),
    "RelatedPerson.relationship": CodeField("hcrm.person.relation", "kind", _RELATIONS),
    "Coverage.status": _states("hcrm.coverage", _COVERAGE_STATES),
    "Coverage.type": CodeField("hcrm.coverage", "kind", _COVERAGE_KINDS),
    "Encounter.status": _states("hcrm.encounter", _ENCOUNTER_STATES),
    "Encounter.class": CodeField("hcrm.encounter", "kind", _ENCOUNTER_KINDS),
    "Appointment.status": _states("hcrm.appointment", _APPOINTMENT_STATES),
    "AllergyIntolerance.clinicalStatus": _states("hcrm.allergy", _ALLERGY_STATES),
    "AllergyIntolerance.category": _as_is(
        "hcrm.allergy", "category", "medication food environment biologic"
    ),
    "Condition.clinicalStatus": _states("hcrm.condition", _CONDITION_STATES),
    "Condition.category": CodeField(
        "hcrm.condition", "category", _CONDITION_CATEGORIES
    ),
    "Procedure.status": _states("hcrm.procedure", _PROCEDURE_STATES),
    "Procedure.category": CodeField(
        "hcrm.procedure", "category", _PROCEDURE_CATEGORIES
    ),
    "Immunization.status": _states("hcrm.procedure", _PROCEDURE_STATES),
    "MedicationRequest.status": _MEDICATION,
    "MedicationStatement.status": _MEDICATION,
    "Observation.status": _states("hcrm.observation", _OBSERVATION_STATES),
    "Observation.category": CodeField(
        "hcrm.observation", "category", _OBSERVATION_CATEGORIES
    ),
    "Observation.interpretation": CodeField(
        "hcrm.observation", "interpretation", _INTERPRETATIONS, None
    ),
    "ChargeItem.status": _states("hcrm.charge", _CHARGE_STATES),
    "ChargeItem.charge-kind": _as_is(
        "hcrm.charge",
        "kind",
        "charge refund deposit settlement",
        fallback=None,
        is_strict=True,
    ),
    "ChargeItem.category": _as_is(
        "hcrm.charge",
        "category",
        "registration drug material laboratory imaging treatment operation bed"
        " checkup other",
    ),
    "Claim.status": _states("hcrm.charge", _CLAIM_STATES),
    "Claim.type": CodeField("hcrm.charge", "category", _CLAIM_CATEGORIES),
    "ExplanationOfBenefit.status": _states("hcrm.charge", _BENEFIT_STATES),
}
