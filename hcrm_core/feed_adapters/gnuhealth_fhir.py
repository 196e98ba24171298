"""Small words of FHIR that the GNU Health mappings share."""

from __future__ import annotations

from typing import Any

from .fhir_context import EXTENSION


def clean(data: dict[str, Any]) -> dict[str, Any]:
    """The dict without what the source does not tell."""
    return {
        key: value for key, value in data.items() if value not in (None, "", [], {})
    }


def resource(res_type: str, ext_id: str, **values: Any) -> dict[str, Any]:
    """A resource; keys with a trailing underscore are Python's reserved words."""
    told = {key.rstrip("_"): value for key, value in values.items()}
    return {"resourceType": res_type, "id": ext_id, **clean(told)}


def ext(table: str, row_id: int | None) -> str | None:
    """External id of a row: ``<table>:<id>``."""
    return f"{table}:{row_id}" if row_id else None


def reference(res_type: str, table: str, row_id: int | None) -> dict | None:
    """A reference to what a row of a table became."""
    return {"reference": f"{res_type}/{table}:{row_id}"} if row_id else None


def patient(row_id: int | None) -> dict | None:
    return reference("Patient", "gnuhealth_patient", row_id)


def practitioner(row_id: int | None) -> dict | None:
    return reference("Practitioner", "gnuhealth_healthprofessional", row_id)


def specialty(row_id: int | None) -> dict | None:
    return reference("Organization", "gnuhealth_specialty", row_id)


def stay(row_id: int | None) -> dict | None:
    return reference("Encounter", "gnuhealth_inpatient_registration", row_id)


def evaluation(row_id: int | None) -> dict | None:
    return reference("Encounter", "gnuhealth_patient_evaluation", row_id)


def concept(words: str | None, code: str | None = None, system: str | None = None):
    """A CodeableConcept, or None where nothing is said."""
    coding = clean({"system": system, "code": code}) if code else None
    return clean({"coding": [coding] if coding else None, "text": words}) or None


def instant(value: str | None) -> str | None:
    """A naive UTC stamp, as PostgreSQL writes it into JSON, with its zone."""
    if not value or value.endswith("Z"):
        return value or None
    return f"{value.replace(' ', 'T')}Z"


def extension(name: str, **value: Any) -> dict | None:
    """One of our extensions; None where the value is not told."""
    ((kind, told),) = value.items()
    if told in (None, ""):
        return None
    return {"url": f"{EXTENSION}{name}", kind: told}


def extensions(*items: dict | None) -> list[dict] | None:
    return [item for item in items if item] or None
