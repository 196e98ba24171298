"""Laboratory results and vital signs of GNU Health."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .gnuhealth_fhir import (
    clean,
    concept,
    evaluation,
    ext,
    instant,
    patient,
    resource,
)
from .gnuhealth_stream import Stream

LOINC = "http://loinc.org"
_TABLE = "gnuhealth_patient_evaluation"


def result(row: dict[str, Any]) -> dict:
    """One measured line of a laboratory report."""
    value = row["result"]
    said = row["result_text"]
    return resource(
        "Observation",
        ext("gnuhealth_lab_test_critearea", row["id"]),
        status="preliminary" if row["state"] in (None, "draft") else "final",
        category=[concept(None, "laboratory")],
        code=concept(row["name"], row["code"] or row["test_code"]),
        subject=patient(row["patient"]),
        effectiveDateTime=instant(
            row["date_analysis"] or row["done_date"] or row["date_requested"]
        ),
        valueQuantity=clean({"value": value, "unit": row["unit"]})
        if value is not None
        else None,
        valueString=said if value is None else None,
        referenceRange=_limits(row),
        interpretation=_interpretation(row),
    )


def _limits(row: dict[str, Any]) -> list[dict] | None:
    """Both limits 0 is how GNU Health says that there are none."""
    low, high = row["lower_limit"], row["upper_limit"]
    if not low and not high:
        return None
    limits = clean(
        {
            "low": {"value": low} if low is not None else None,
            "high": {"value": high} if high is not None else None,
        }
    )
    return [limits] if limits else None


def _interpretation(row: dict[str, Any]) -> list[dict] | None:
    value, low, high = row["result"], row["lower_limit"], row["upper_limit"]
    code = "A" if row["warning"] else None
    if value is not None and (low or high):
        if low is not None and value < low:
            code = "L"
        elif high is not None and value > high:
            code = "H"
        else:
            code = code or "N"
    return [concept(None, code)] if code else None


def vital(column: str, code: str, words: str, unit: str) -> Stream:
    """A number that staff measured at a visit."""
    return _vital(
        column,
        column,
        f"t.{column} > 0",
        lambda row: {
            "code": concept(words, code, LOINC),
            "valueQuantity": {"value": row[column], "unit": unit},
        },
    )


def _vital(
    name: str, columns: str, where: str, measured: Callable[[dict[str, Any]], dict]
) -> Stream:
    def build(row: dict[str, Any]) -> dict:
        return resource(
            "Observation",
            f"{_TABLE}:{row['id']}:{name}",
            status="preliminary" if row["state"] == "in_progress" else "final",
            category=[concept(None, "vital-signs")],
            subject=patient(row["patient"]),
            encounter=evaluation(row["id"]),
            effectiveDateTime=instant(row["evaluation_start"]),
            **measured(row),
        )

    fields = ", ".join(f"t.{column}" for column in columns.split())
    return Stream(
        "Observation",
        _TABLE,
        f"SELECT t.id, t.patient, t.state, t.evaluation_start, {fields} FROM {_TABLE} t",
        build,
        where=where,
        suffix=f":{name}",
    )


def _pressure(row: dict[str, Any]) -> dict:
    parts = (("8480-6", "systolic"), ("8462-4", "diastolic"))
    return {
        "code": concept("Blood pressure", "85354-9", LOINC),
        "component": [
            {
                "code": concept(None, code, LOINC),
                "valueQuantity": {"value": row[column], "unit": "mmHg"},
            }
            for code, column in parts
            if row[column]
        ],
    }


RESULT = Stream(
    "Observation",
    "gnuhealth_lab_test_critearea",
    "SELECT t.id, l.patient, l.state, l.date_requested, l.date_analysis, l.done_date,"
    " t.name, t.code, tt.code AS test_code, t.result, t.result_text, t.lower_limit,"
    " t.upper_limit, t.warning, COALESCE(u.code, u.name) AS unit"
    " FROM gnuhealth_lab_test_critearea t"
    " JOIN gnuhealth_lab l ON l.id = t.gnuhealth_lab_id"
    " LEFT JOIN gnuhealth_lab_test_type tt ON tt.id = l.test"
    " LEFT JOIN gnuhealth_lab_test_units u ON u.id = t.units",
    result,
    # rows of the same table are templates of tests, or of samples without a patient
    where="t.excluded IS NOT TRUE AND (t.result IS NOT NULL OR t.result_text != '')"
    " AND EXISTS (SELECT 1 FROM gnuhealth_lab o WHERE o.id = t.gnuhealth_lab_id"
    " AND o.patient IS NOT NULL)",
    touched=(
        "gnuhealth_lab x JOIN gnuhealth_lab_test_critearea t"
        " ON t.gnuhealth_lab_id = x.id",
    ),
)
STREAMS = (
    RESULT,
    _vital("pressure", "systolic diastolic", "t.systolic > 0", _pressure),
    vital("bpm", "8867-4", "Heart rate", "/min"),
    vital("temperature", "8310-5", "Body temperature", "Cel"),
    vital("weight", "29463-7", "Body weight", "kg"),
    vital("height", "8302-2", "Body height", "cm"),
    vital("glycemia", "2339-0", "Glucose", "mg/dL"),
    vital("hba1c", "4548-4", "Hemoglobin A1c", "%"),
)
