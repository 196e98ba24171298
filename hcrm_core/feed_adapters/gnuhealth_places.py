"""Institutions, units, specialties and health professionals of GNU Health."""

from __future__ import annotations

from typing import Any

from .gnuhealth_fhir import (
    clean,
    concept,
    ext,
    extension,
    extensions,
    reference,
    resource,
    specialty,
)
from .gnuhealth_stream import Stream


def _code(value: str | None) -> list[dict] | None:
    return [{"value": value}] if value else None


def institution(row: dict[str, Any]) -> dict:
    """A health institution: the legal entity whose HIS code is its code."""
    return resource(
        "Organization",
        ext("gnuhealth_institution", row["id"]),
        type_=[concept(None, "prov")],
        identifier=_code(row["code"]),
        name=row["name"],
    )


def unit(row: dict[str, Any]) -> dict:
    """A hospital unit: the department that wards belong to."""
    return resource(
        "Organization",
        ext("gnuhealth_hospital_unit", row["id"]),
        type_=[concept(None, "dept")],
        identifier=_code(row["code"]),
        name=row["name"],
        partOf=reference("Organization", "gnuhealth_institution", row["institution"]),
    )


def department(row: dict[str, Any]) -> dict:
    """A specialty that somebody works in: the department of visits."""
    return resource(
        "Organization",
        ext("gnuhealth_specialty", row["id"]),
        type_=[concept(None, "dept")],
        identifier=_code(row["code"]),
        name=row["name"],
    )


def professional(row: dict[str, Any]) -> dict:
    """A doctor, nurse or therapist with their main specialty."""
    name = clean(
        {"family": row["lastname"], "given": [row["name"]] if row["name"] else None}
    )
    return resource(
        "Practitioner",
        ext("gnuhealth_healthprofessional", row["id"]),
        identifier=_code(row["code"]),
        active=row["active"] is not False and row["person_active"] is not False,
        name=[name] if name else None,
        extension=extensions(
            extension("department", valueReference=specialty(row["specialty"]))
        ),
    )


INSTITUTION = Stream(
    "Organization",
    "gnuhealth_institution",
    "SELECT t.id, t.code, p.name FROM gnuhealth_institution t"
    " JOIN party_party p ON p.id = t.party",
    institution,
    touched=("party_party x JOIN gnuhealth_institution t ON t.party = x.id",),
)
UNIT = Stream(
    "Organization",
    "gnuhealth_hospital_unit",
    "SELECT t.id, t.code, t.name, t.institution FROM gnuhealth_hospital_unit t",
    unit,
)
# GNU Health brings some seventy specialties; a hospital has a few of them. One that
# comes into use moves no stamp of its own: the rows that use it do.
_USERS = (
    ("gnuhealth_hp_specialty", "specialty"),
    ("gnuhealth_appointment", "speciality"),
    ("gnuhealth_patient_evaluation", "specialty"),
)
SPECIALTY = Stream(
    "Organization",
    "gnuhealth_specialty",
    "SELECT t.id, t.code, t.name FROM gnuhealth_specialty t",
    department,
    where=" OR ".join(
        f"EXISTS (SELECT 1 FROM {table} u WHERE u.{column} = t.id)"
        for table, column in _USERS
    ),
    touched=tuple(
        f"{table} x JOIN gnuhealth_specialty t ON t.id = x.{column}"
        for table, column in _USERS
    ),
)
PROFESSIONAL = Stream(
    "Practitioner",
    "gnuhealth_healthprofessional",
    "SELECT t.id, t.code, t.active, p.active AS person_active, p.name, p.lastname,"
    " (SELECT h.specialty FROM gnuhealth_hp_specialty h WHERE h.healthprof = t.id"
    " ORDER BY h.mainsp DESC NULLS LAST, h.id LIMIT 1) AS specialty"
    " FROM gnuhealth_healthprofessional t JOIN party_party p ON p.id = t.party",
    professional,
    touched=(
        "party_party x JOIN gnuhealth_healthprofessional t ON t.party = x.id",
        "gnuhealth_hp_specialty x JOIN gnuhealth_healthprofessional t"
        " ON t.id = x.healthprof",
    ),
)
STREAMS = (INSTITUTION, UNIT, SPECIALTY, PROFESSIONAL)
