"""Visits, appointments and clinical facts."""

from __future__ import annotations

from typing import Any

from .canonical import Mapped
from .fhir_context import EXTENSION, MapContext
from .fhir_values import (
    MapError,
    codes,
    coding,
    day,
    extensions,
    moment,
    number,
    obj,
    objs,
    ref,
    text,
    words,
)

_MARK_SECONDS_PER = {
    "min": 1 / 1440,
    "h": 1 / 24,
    "d": 1.0,
    "wk": 7.0,
    "mo": 30.0,
    "a": 365.0,
}


def person_ref(data: dict, name: str = "subject") -> dict[str, tuple[str, str]]:
    """The person a fact is about; without one the fact is of no use."""
    person = ref(data.get(name), "Patient")
    if person is None or person[0] != "Patient":
        raise MapError("no_person")
    return {"partner_id": person}


def add_ref(refs: dict, column: str, value: Any, expected: str) -> None:
    """Add an optional reference of the expected type."""
    found = ref(value, expected)
    if found and found[0] == expected:
        refs[column] = found


def named(data: dict, key: str, values: dict) -> None:
    """Code, system and words of what a fact is; words are required."""
    code, system, name = coding(data.get(key), key)
    if not name:
        for item in objs(data.get("extension"), "extension"):
            if str(item.get("url", "")).endswith("non-coded-condition"):
                name = text(item.get("valueString"), key, 500)
    if not name:
        raise MapError("no_name", field=key)
    values["code"], values["code_system"], values["name"] = code, system, name[:500]


def span(data: dict, key: str, values: dict, context: MapContext) -> None:
    """date_start, date_end and the offset from a Period."""
    period = obj(data.get(key), key)
    values["date_start"], offset = moment(period.get("start"), key, context.zone)
    values["date_end"], end_offset = moment(period.get("end"), key, context.zone)
    if values["date_start"] and values["date_end"]:
        if values["date_end"] < values["date_start"]:
            raise MapError(
                "end_before_start", start=values["date_start"], end=values["date_end"]
            )
    values["tz_offset"] = offset or end_offset


def map_encounter(data: dict, context: MapContext) -> Mapped:
    """A visit or stay."""
    refs = person_ref(data)
    values: dict[str, Any] = {}
    context.state("Encounter.status", data.get("status"), values)
    kind = data.get("class")
    kind = kind[0] if type(kind) is list and kind else kind
    code = text(obj(kind, "class").get("code"), "class") if kind is not None else None
    if code is None and type(kind) is dict:
        code = coding(kind, "class")[0]
    values["kind"] = context.code("Encounter.class", code or "AMB")
    values["number"] = next(
        (
            text(item.get("value"), "identifier", 100)
            for item in objs(data.get("identifier"), "identifier")
            if item.get("value")
        ),
        None,
    )
    span(data, "period", values, context)
    # a source without a time of discharge tells when it was first seen discharged
    values["_end_first_seen"] = (
        extensions(data, EXTENSION).get("end-first-seen") is True
    )
    types = objs(data.get("type"), "type")
    values["type_code"], _system, values["type_name"] = (
        coding(types[0], "type") if types else (None, None, None)
    )
    values["reason"] = words(data.get("reasonCode"), "reasonCode")
    stay = obj(data.get("hospitalization"), "hospitalization")
    values["discharge_to"] = words(
        stay.get("dischargeDisposition"), "dischargeDisposition"
    )
    _places(data, values, refs)
    add_ref(refs, "encounter_id", data.get("partOf"), "Encounter")
    add_ref(refs, "department_id", data.get("serviceProvider"), "Organization")
    for item in objs(data.get("participant"), "participant"):
        add_ref(refs, "practitioner_id", item.get("individual"), "Practitioner")
        if "practitioner_id" in refs:
            break
    return Mapped(values, refs)


def _places(data: dict, values: dict, refs: dict) -> None:
    """Ward and bed as text; a reference to a Location brings its campus."""
    values["ward"] = values["bed"] = None
    for item in objs(data.get("location"), "location"):
        place = obj(item.get("location"), "location")
        add_ref(refs, "campus_id", place, "Location")
        said = text(place.get("display"), "location", 120)
        kind = coding(item.get("physicalType"), "physicalType")[0]
        if not said:
            continue
        if kind == "bd":
            values["bed"] = said
        elif kind == "wa" or "/" not in said:
            values["ward"] = said
        else:
            ward, _slash, bed = said.partition("/")
            values["ward"], values["bed"] = ward.strip() or None, bed.strip() or None


def map_appointment(data: dict, context: MapContext) -> Mapped | None:
    """A booked slot; a slot without a patient is of no use and no error."""
    refs: dict[str, tuple[str, str]] = {}
    for item in objs(data.get("participant"), "participant"):
        actor = ref(item.get("actor"), "Patient")
        if actor is None:
            continue
        column = {
            "Patient": "partner_id",
            "Practitioner": "practitioner_id",
            "Location": "campus_id",
            "HealthcareService": "department_id",
            "Organization": "department_id",
        }.get(actor[0])
        if column and column not in refs:
            refs[column] = actor
    if "partner_id" not in refs:
        return None
    values: dict[str, Any] = {}
    context.state("Appointment.status", data.get("status"), values)
    values["date_start"], values["tz_offset"] = moment(
        data.get("start"), "start", context.zone
    )
    values["date_end"], _offset = moment(data.get("end"), "end", context.zone)
    values["date_booked"], _offset = moment(
        data.get("created"), "created", context.zone
    )
    values["service"] = words(data.get("serviceType"), "serviceType") or words(
        data.get("specialty"), "specialty"
    )
    values["channel"] = words(data.get("appointmentType"), "appointmentType")
    values["cancel_reason"] = words(data.get("cancelationReason"), "cancelationReason")
    for item in objs(data.get("extension"), "extension"):
        name = str(item.get("url", "")).rpartition("/")[2]
        if name == "department":
            add_ref(refs, "department_id", item.get("valueReference"), "Organization")
        elif name == "encounter":
            add_ref(refs, "encounter_id", item.get("valueReference"), "Encounter")
        elif name == "channel":
            values["channel"] = text(
                item.get("valueString", item.get("valueCode")), "channel", 80
            )
    return Mapped(values, refs)


def map_condition(data: dict, context: MapContext) -> Mapped:
    """A diagnosis or problem."""
    refs = person_ref(data)
    values: dict[str, Any] = {}
    named(data, "code", values)
    verification = coding(data.get("verificationStatus"), "verificationStatus")[0]
    state = coding(data.get("clinicalStatus"), "clinicalStatus")[0]
    if verification in ("entered-in-error", "refuted"):
        state = "entered-in-error"
    context.state("Condition.clinicalStatus", state, values)
    values["verification"] = verification
    found = codes(data.get("category"), "category")
    values["category"] = context.first("Condition.category", found) or "diagnosis"
    values["severity"] = coding(data.get("severity"), "severity")[2]
    onset = data.get("onsetDateTime") or obj(data.get("onsetPeriod"), "onset").get(
        "start"
    )
    end = data.get("abatementDateTime") or obj(
        data.get("abatementPeriod"), "abatement"
    ).get("end")
    values["date_onset"], offset = moment(onset, "onset", context.zone)
    values["date_abated"], _offset = moment(end, "abatement", context.zone)
    values["date_recorded"], recorded_offset = moment(
        data.get("recordedDate"), "recordedDate", context.zone
    )
    values["date_recorded"] = values["date_recorded"] or values["date_onset"]
    values["tz_offset"] = recorded_offset or offset
    values["is_primary"] = any(
        str(item.get("url", "")).endswith("/is-primary")
        and item.get("valueBoolean") is True
        for item in objs(data.get("extension"), "extension")
    )
    add_ref(refs, "encounter_id", data.get("encounter"), "Encounter")
    return Mapped(values, refs)


def map_allergy(data: dict, context: MapContext) -> Mapped:
    """An allergy or intolerance."""
    refs = person_ref(data, "patient")
    values: dict[str, Any] = {}
    named(data, "code", values)
    verification = coding(data.get("verificationStatus"), "verificationStatus")[0]
    state = coding(data.get("clinicalStatus"), "clinicalStatus")[0]
    if verification in ("entered-in-error", "refuted"):
        state = "entered-in-error"
    context.state("AllergyIntolerance.clinicalStatus", state, values)
    category = data.get("category")
    category = category[0] if type(category) is list and category else category
    values["category"] = context.code(
        "AllergyIntolerance.category", text(category, "category")
    )
    criticality = {"low": "low", "high": "high", "unable-to-assess": "unable"}
    values["criticality"] = criticality.get(str(data.get("criticality")))
    said = [
        words(item.get("manifestation"), "reaction")
        for item in objs(data.get("reaction"), "reaction")
    ]
    values["reaction"] = ", ".join(item for item in said if item) or None
    values["date_recorded"], values["tz_offset"] = moment(
        data.get("recordedDate") or data.get("onsetDateTime"),
        "recordedDate",
        context.zone,
    )
    add_ref(refs, "encounter_id", data.get("encounter"), "Encounter")
    return Mapped(values, refs)


def _category(res_type: str, data: dict, context: MapContext) -> str:
    """The first category of the record that is understood, else ``other``."""
    found = codes(data.get("category"), "category")
    return context.first(f"{res_type}.category", found) or "other"


def map_procedure(data: dict, context: MapContext) -> Mapped:
    """Something done to the person."""
    refs = person_ref(data)
    values: dict[str, Any] = {}
    named(data, "code", values)
    context.state("Procedure.status", data.get("status"), values)
    values["category"] = _category("Procedure", data, context)
    values["outcome"] = words(data.get("outcome"), "outcome")
    if data.get("performedPeriod") is not None:
        span(data, "performedPeriod", values, context)
    else:
        values["date_start"], values["tz_offset"] = moment(
            data.get("performedDateTime"), "performed", context.zone
        )
        values["date_end"] = None
    for item in objs(data.get("performer"), "performer"):
        add_ref(refs, "practitioner_id", item.get("actor"), "Practitioner")
        add_ref(refs, "department_id", item.get("onBehalfOf"), "Organization")
        add_ref(refs, "department_id", item.get("actor"), "Organization")
    add_ref(refs, "encounter_id", data.get("encounter"), "Encounter")
    return Mapped(values, refs)


def map_immunization(data: dict, context: MapContext) -> Mapped:
    """A vaccination is a procedure of its own category."""
    refs = person_ref(data, "patient")
    values: dict[str, Any] = {
        "category": "immunization",
        "outcome": None,
        "date_end": None,
    }
    named(data, "vaccineCode", values)
    context.state("Immunization.status", data.get("status"), values)
    values["date_start"], values["tz_offset"] = moment(
        data.get("occurrenceDateTime"), "occurrence", context.zone
    )
    for item in objs(data.get("performer"), "performer"):
        add_ref(refs, "practitioner_id", item.get("actor"), "Practitioner")
        add_ref(refs, "department_id", item.get("actor"), "Organization")
    add_ref(refs, "encounter_id", data.get("encounter"), "Encounter")
    return Mapped(values, refs)


def map_medication(data: dict, context: MapContext) -> Mapped:
    """A prescription (MedicationRequest) or a drug being taken (MedicationStatement)."""
    refs = person_ref(data)
    values: dict[str, Any] = {}
    _drug(data, values)
    context.state(f"{data['resourceType']}.status", data.get("status"), values)
    doses = objs(data.get("dosageInstruction", data.get("dosage")), "dosage")
    said = [text(dose.get("text"), "dosage", 300) for dose in doses]
    values["dosage"] = "; ".join(item for item in said if item) or None
    supply = obj(data.get("dispenseRequest"), "dispenseRequest")
    quantity = obj(supply.get("quantity"), "quantity")
    values["quantity"] = number(quantity.get("value"), "quantity")
    values["unit"] = text(quantity.get("unit") or quantity.get("code"), "unit", 40)
    duration = obj(supply.get("expectedSupplyDuration"), "duration")
    days = number(duration.get("value"), "duration")
    scale = _MARK_SECONDS_PER.get(
        str(duration.get("code") or duration.get("unit") or "d"), 1.0
    )
    values["days"] = days * scale if days is not None else None
    period = obj(data.get("effectivePeriod"), "effectivePeriod") or obj(
        supply.get("validityPeriod"), "validityPeriod"
    )
    start = (
        data.get("authoredOn") or data.get("effectiveDateTime") or period.get("start")
    )
    values["date_start"], values["tz_offset"] = moment(
        start, "authoredOn", context.zone
    )
    values["date_end"], _offset = moment(period.get("end"), "period", context.zone)
    add_ref(refs, "practitioner_id", data.get("requester"), "Practitioner")
    add_ref(
        refs, "encounter_id", data.get("encounter", data.get("context")), "Encounter"
    )
    return Mapped(values, refs)


def _drug(data: dict, values: dict) -> None:
    """The drug by concept, by the name beside a reference, or from a contained one."""
    reference = data.get("medicationReference")
    if reference is None:
        named(data, "medicationCodeableConcept", values)
        return
    reference = obj(reference, "medicationReference")
    target = str(reference.get("reference", ""))
    for item in objs(data.get("contained"), "contained"):
        if target.startswith("#") and item.get("id") == target[1:]:
            named(item, "code", values)
            return
    name = text(reference.get("display"), "medicationReference", 500)
    if not name:
        raise MapError("no_name", field="medicationReference")
    values.update(code=None, code_system=None, name=name)


def map_observation(data: dict, context: MapContext) -> Mapped:
    """A measured or asked value.

    A blood pressure comes as components: the first number is the value, so that
    its trend can be drawn, and the text holds all of them (120 / 80).
    """
    refs = person_ref(data)
    values: dict[str, Any] = {}
    named(data, "code", values)
    context.state("Observation.status", data.get("status"), values)
    values["category"] = _category("Observation", data, context)
    when = data.get("effectiveDateTime") or obj(
        data.get("effectivePeriod"), "effective"
    ).get("start")
    values["date"], values["tz_offset"] = moment(
        when or data.get("issued"), "effective", context.zone
    )
    _measured(data, values)
    limits = objs(data.get("referenceRange"), "referenceRange")
    limits = limits[0] if limits else {}
    values["ref_low"] = number(
        obj(limits.get("low"), "referenceRange").get("value"), "low"
    )
    values["ref_high"] = number(
        obj(limits.get("high"), "referenceRange").get("value"), "high"
    )
    said = codes(data.get("interpretation"), "interpretation")
    values["interpretation"] = context.first("Observation.interpretation", said)
    add_ref(refs, "encounter_id", data.get("encounter"), "Encounter")
    return Mapped(values, refs)


def _measured(data: dict, values: dict) -> None:
    value = unit = said = None
    if data.get("valueQuantity") is not None:
        quantity = obj(data["valueQuantity"], "valueQuantity")
        value = number(quantity.get("value"), "valueQuantity")
        unit = text(quantity.get("unit") or quantity.get("code"), "unit", 40)
        sign = text(quantity.get("comparator"), "comparator")
        if sign and value is not None:
            said = f"{sign} {value:g}"
    elif data.get("valueInteger") is not None:
        value = number(data["valueInteger"], "valueInteger")
    elif data.get("valueString") is not None:
        said = text(data["valueString"], "valueString", 2000)
    elif data.get("valueCodeableConcept") is not None:
        said = coding(data["valueCodeableConcept"], "valueCodeableConcept")[2]
    elif data.get("valueBoolean") is not None:
        said = "+" if data["valueBoolean"] is True else "-"
    elif data.get("component") is not None:
        value, unit, said = _components(objs(data["component"], "component"))
    values["value"] = value
    values["has_value"] = value is not None
    values["value_text"] = said
    values["unit"] = unit


def _components(parts: list[dict]) -> tuple[float | None, str | None, str | None]:
    numbers = []
    unit = None
    # systolic first, in whatever order they were written
    for part in sorted(
        parts, key=lambda item: coding(item.get("code"), "code")[0] != "8480-6"
    ):
        quantity = obj(part.get("valueQuantity"), "component")
        value = number(quantity.get("value"), "component")
        if value is not None:
            numbers.append(value)
            unit = unit or text(
                quantity.get("unit") or quantity.get("code"), "unit", 40
            )
    if not numbers:
        return None, None, None
    return numbers[0], unit, " / ".join(f"{value:g}" for value in numbers)


def map_coverage(data: dict, context: MapContext) -> Mapped:
    """An insurance or scheme that pays for the person."""
    refs = person_ref(data, "beneficiary")
    values: dict[str, Any] = {}
    context.state("Coverage.status", data.get("status"), values)
    kind, _system, said = coding(data.get("type"), "type")
    values["kind"] = context.code("Coverage.type", kind) or "other"
    payors = objs(data.get("payor"), "payor")
    payor = payors[0] if payors else {}
    values["payor"] = text(payor.get("display"), "payor", 200) or said or "?"
    values["number"] = text(data.get("subscriberId"), "subscriberId", 100) or next(
        (
            text(item.get("value"), "identifier", 100)
            for item in objs(data.get("identifier"), "identifier")
        ),
        None,
    )
    plans = objs(data.get("class"), "class")
    values["plan"] = (
        text(plans[0].get("name") or plans[0].get("value"), "plan") if plans else None
    )
    period = obj(data.get("period"), "period")
    values["date_start"] = day(period.get("start"), "period")[0]
    values["date_end"] = day(period.get("end"), "period")[0]
    add_ref(refs, "_payor", payor, "Organization")
    return Mapped(values, refs)


MAPPERS = {
    "Encounter": map_encounter,
    "Appointment": map_appointment,
    "Condition": map_condition,
    "AllergyIntolerance": map_allergy,
    "Procedure": map_procedure,
    "Immunization": map_immunization,
    "MedicationRequest": map_medication,
    "MedicationStatement": map_medication,
    "Observation": map_observation,
    "Coverage": map_coverage,
}
