"""Where the values of a HIS model go in a FHIR resource: a table, and its hands.

A mapping names a target ("birthdate", "phone", "ward") and the fields to read; this
module puts what was read where the mappers of FHIR resources look for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from .fhir_context import EXTENSION

# types a model of a HIS may be read as; beside them stands what may be told of them
Fill = Callable[[dict, list, str], None]


class Link(NamedTuple):
    """A record that a field points at."""

    model: str
    id: int
    name: str = ""


@dataclass(slots=True, frozen=True)
class Target:
    """A place in a resource.

    :ivar fill: sets the values read there; called with the resource, the values and
        the FHIR type a link of this target points at
    :ivar links_to: FHIR type of the records it points at, where it does
    """

    fill: Fill
    links_to: str = ""


def words(values: list) -> str | None:
    """What was read, as one text."""
    found = [value.name if isinstance(value, Link) else value for value in values]
    found = [str(value).strip() for value in found if value not in (None, False, "")]
    return ", ".join(word for word in dict.fromkeys(found) if word) or None


def day(value: Any) -> str | None:
    """A date, or the date part of a time."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    return value[:10] if isinstance(value, str) and value else None


def instant(values: list) -> str | None:
    """A time: what Odoo stores is UTC; a date and an hour are local to the hospital."""
    value = values[0] if values else None
    if isinstance(value, datetime):
        value = value.isoformat(" ", "seconds")
    elif isinstance(value, date):
        value = value.isoformat()
    if not isinstance(value, str) or not value:
        return None
    if len(value) > 10:
        return value[:19].replace(" ", "T") + "Z"
    hour = values[1] if len(values) > 1 else None
    if isinstance(hour, (int, float)) and not isinstance(hour, bool):
        minutes = timedelta(minutes=round(hour * 60))
        return (datetime.fromisoformat(value) + minutes).isoformat()
    return value


def _text(*path: str) -> Target:
    def fill(data, values, _kind):
        _set(data, path, words(values))

    return Target(fill)


def _day(*path: str) -> Target:
    def fill(data, values, _kind):
        _set(data, path, day(values[0]) if values else None)

    return Target(fill)


def _instant(*path: str) -> Target:
    def fill(data, values, _kind):
        _set(data, path, instant(values))

    return Target(fill)


def _flag(name: str) -> Target:
    """A boolean; said in any of the words a selection uses for it."""

    def fill(data, values, _kind):
        value = values[0] if values else None
        if isinstance(value, str):
            value = value.strip().lower() in ("true", "yes", "1", "dead", "deceased")
        if value is not None:
            data[name] = bool(value)

    return Target(fill)


def _concept(*path: str) -> Target:
    def fill(data, values, _kind):
        said = words(values)
        _set(data, path, said and {"text": said})

    return Target(fill)


def _code(*path: str) -> Target:
    """A code of a CodeableConcept that the mappers know."""

    def fill(data, values, _kind):
        said = words(values)
        _set(data, path, said and {"coding": [{"code": said}]})

    return Target(fill)


def _coded(key: str, part: str) -> Target:
    """Code or words of what a fact is."""

    def fill(data, values, _kind):
        said = words(values)
        if said and part == "text":
            data.setdefault(key, {})["text"] = said
        elif said:
            data.setdefault(key, {}).setdefault("coding", [{}])[0][part] = said

    return Target(fill)


def _identifier(code: str) -> Target:
    def fill(data, values, _kind):
        for value in values:
            said = words([value])
            if said:
                data.setdefault("identifier", []).append(
                    {"type": {"coding": [{"code": code}]}, "value": said}
                )

    return Target(fill)


def _number() -> Target:
    def fill(data, values, _kind):
        said = words(values)
        if said:
            data.setdefault("identifier", []).append({"value": said})

    return Target(fill)


def _name(use: str) -> Target:
    def fill(data, values, _kind):
        said = words(values)
        if said:
            data.setdefault("name", []).append({"use": use, "text": said})

    return Target(fill)


def _telecom(system: str, use: str = "") -> Target:
    def fill(data, values, _kind):
        points = data.setdefault("telecom", [])
        for value in values:
            said = words([value])
            if said and all(point["value"] != said for point in points):
                more = {"use": use} if use else {}
                points.append({"system": system, "value": said, **more})

    return Target(fill)


def _address(part: str) -> Target:
    def fill(data, values, _kind):
        said = words(values)
        if not said:
            return
        address = data.setdefault("address", [{}])[0]
        if part == "line":
            address.setdefault("line", []).append(said)
        else:
            address[part] = said

    return Target(fill)


def _extension(name: str) -> Target:
    def fill(data, values, _kind):
        said = words(values)
        if said:
            data.setdefault("extension", []).append(
                {"url": EXTENSION + name, "valueString": said}
            )

    return Target(fill)


def _language() -> Target:
    def fill(data, values, _kind):
        said = words(values)
        if said:
            data["communication"] = [{"language": {"text": said}}]

    return Target(fill)


def _link(links_to: str, *path: str) -> Target:
    def fill(data, values, kind):
        _set(data, path, _reference(values, kind))

    return Target(fill, links_to)


def _participant(links_to: str, wrapper: str) -> Target:
    """One of the people or places of a visit or booking."""

    def fill(data, values, kind):
        found = _reference(values, kind)
        if found:
            data.setdefault("participant", []).append({wrapper: found})

    return Target(fill, links_to)


def _place(code: str) -> Target:
    def fill(data, values, _kind):
        said = words(values)
        if said:
            data.setdefault("location", []).append(
                {
                    "location": {"display": said},
                    "physicalType": {"coding": [{"code": code}]},
                }
            )

    return Target(fill)


def _reference(values: list, kind: str) -> dict | None:
    """A reference, where the records it points at are read as well; else words."""
    link = next((value for value in values if isinstance(value, Link)), None)
    if link is None or not kind:
        said = words(values)
        return {"display": said} if said else None
    return {"reference": f"{kind}/{ext_id(link.model, link.id)}"}


def ext_id(model: str, record_id: int) -> str:
    """External id of a record of a HIS model: the same from wherever it is read."""
    return f"{model}-{record_id}"


def _set(data: dict, path: tuple[str, ...], value: Any) -> None:
    if value is None:
        return
    for name in path[:-1]:
        data = data.setdefault(name, {})
    data[path[-1]] = value


TARGETS: dict[str, dict[str, Target]] = {
    "Organization": {"name": _text("name"), "number": _number()},
    "Practitioner": {
        "name": _name("official"),
        "number": _number(),
        "active": _flag("active"),
    },
    "Patient": {
        "mrn": _identifier("MR"),
        "resident_card": _identifier("RIC"),
        "passport": _identifier("PPN"),
        "insurance_number": _identifier("SSN"),
        "other_number": _identifier("OTH"),
        "name": _name("official"),
        "alias": _name("old"),
        "gender": _text("gender"),
        "birthdate": _day("birthDate"),
        "active": _flag("active"),
        "deceased": _flag("deceasedBoolean"),
        "date_deceased": _day("deceasedDateTime"),
        "marital_status": _code("maritalStatus"),
        "mobile": _telecom("phone", "mobile"),
        "phone": _telecom("phone"),
        "work_phone": _telecom("phone", "work"),
        "email": _telecom("email"),
        "street": _address("line"),
        "street2": _address("line"),
        "city": _address("city"),
        "zip": _address("postalCode"),
        "state": _address("state"),
        "country": _address("country"),
        "language": _language(),
        "occupation": _extension("occupation"),
        "education": _extension("education"),
        "diet": _extension("diet"),
    },
    "Encounter": {
        "patient": _link("Patient", "subject"),
        "number": _number(),
        "kind": _text("class", "code"),
        "status": _text("status"),
        "start": _instant("period", "start"),
        "end": _instant("period", "end"),
        "reason": _concept("_reason"),
        "practitioner": _participant("Practitioner", "individual"),
        "department": _link("Organization", "serviceProvider"),
        "ward": _place("wa"),
        "bed": _place("bd"),
        "discharge_to": _concept("hospitalization", "dischargeDisposition"),
    },
    "Appointment": {
        "patient": _participant("Patient", "actor"),
        "status": _text("status"),
        "start": _instant("start"),
        "end": _instant("end"),
        "booked_on": _instant("created"),
        "reason": _concept("_service"),
        "practitioner": _participant("Practitioner", "actor"),
        "department": _participant("Organization", "actor"),
        "channel": _concept("appointmentType"),
        "cancel_reason": _concept("cancelationReason"),
    },
    "Condition": {
        "patient": _link("Patient", "subject"),
        "encounter": _link("Encounter", "encounter"),
        "code": _coded("code", "code"),
        "name": _coded("code", "text"),
        "status": _code("clinicalStatus"),
        "kind": _code("_category"),
        "start": _day("onsetDateTime"),
        "booked_on": _day("recordedDate"),
    },
}
# written as lists in FHIR
_LISTS = {"_reason": "reasonCode", "_service": "serviceType", "_category": "category"}


def finish(data: dict) -> dict:
    """Put what FHIR wants in lists into lists."""
    for name, final in _LISTS.items():
        if name in data:
            data[final] = [data.pop(name)]
    return data
