"""FHIR data types read with care: a value of the wrong type is a named problem.

Every reader here takes whatever the source wrote. It returns the value, nothing
where the source said nothing, or raises :class:`MapError` where what it said
cannot be used and must not be dropped silently.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Any

FIRST_YEAR = 1901  # 1900-01-01 is what systems write for "not known"
LAST_YEAR = 2100
_DATE = re.compile(r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$")
_INSTANT = re.compile(
    r"^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?"
    r"(Z|z|[+-]\d{2}:?\d{2})?$"
)
_URL_REF = re.compile(r"([A-Za-z]+)/([^/?#]+?)(?:/_history/[^/]+)?$")


class MapError(Exception):
    """A record cannot be mapped; ``code`` and ``values`` make its sentence."""

    def __init__(self, code: str, **values: Any):
        super().__init__(code, values)
        self.code = code
        self.values = values


def text(value: Any, name: str = "", limit: int = 0) -> str | None:
    """A string without the characters PostgreSQL refuses; None where empty."""
    if value is None:
        return None
    if type(value) is not str:
        if type(value) in (int, float) and not isinstance(value, bool):
            value = str(value)
        else:
            raise MapError("wrong_type", field=name or "text")
    if "\x00" in value:
        value = value.replace("\x00", "")
    value = value.strip()
    return (value[:limit] if limit else value) or None


def obj(value: Any, name: str) -> dict:
    """An object; empty where absent."""
    if value is None:
        return {}
    if type(value) is not dict:
        raise MapError("wrong_type", field=name)
    return value


def objs(value: Any, name: str) -> list[dict]:
    """A list of objects; a single object is taken as a list of one."""
    if value is None:
        return []
    if type(value) is dict:
        return [value]
    if type(value) is not list:
        raise MapError("wrong_type", field=name)
    for item in value:
        if type(item) is not dict:
            raise MapError("wrong_type", field=name)
    return value


def number(value: Any, name: str) -> float | None:
    """A finite number; a number written as text is read."""
    if value is None:
        return None
    if isinstance(value, bool):
        raise MapError("wrong_type", field=name)
    if type(value) not in (int, float):
        try:
            value = float(value)
        except (TypeError, ValueError):
            raise MapError("wrong_type", field=name) from None
    if value != value or abs(value) > 1e15:
        raise MapError("bad_number", field=name)
    return value


def coding(concept: Any, name: str) -> tuple[str | None, str | None, str | None]:
    """(code, system, words) of a CodeableConcept; the first coding with a code."""
    concept = obj(concept, name)
    code = system = words = None
    for item in objs(concept.get("coding"), name):
        if item.get("code") is not None:
            code = text(item["code"], name)
            system = text(item.get("system"), name)
            words = text(item.get("display"), name)
            break
    return code, system, text(concept.get("text"), name) or words or code


def codes(concepts: Any, name: str) -> list[str]:
    """All codes of one or many CodeableConcepts."""
    found = []
    for concept in objs(concepts, name):
        for item in objs(concept.get("coding"), name):
            if type(item.get("code")) is str:
                found.append(item["code"])
    return found


def words(concepts: Any, name: str) -> str | None:
    """What one or many CodeableConcepts say, in words."""
    found = [coding(concept, name)[2] for concept in objs(concepts, name)]
    return ", ".join(item for item in found if item) or None


def parse_instant(value: str) -> tuple[datetime | None, int]:
    """Naive UTC time and the source's offset in minutes; None where unreadable."""
    match = _INSTANT.match(value)
    if not match:
        return None, 0
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        local = datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            min(int(second or 0), 59),
        )
    except ValueError:
        return None, 0
    offset = 0
    if zone and zone not in "Zz":
        offset = int(zone[1:3]) * 60 + int(zone[-2:])
        if zone[0] == "-":
            offset = -offset
    try:
        return local - timedelta(minutes=offset), offset
    except OverflowError:
        return None, 0


def moment(value: Any, name: str, zone: Any = None) -> tuple[str | None, int]:
    """A dateTime as ('YYYY-MM-DD HH:MM:SS' in UTC, offset in minutes).

    A value without a time or without a zone is local to the hospital: ``zone``
    (a tzinfo) says where. 1900 and other fillers count as not told; a date that
    does not exist, or lies beyond this century, is a problem.
    """
    if value is None:
        return None, 0
    if type(value) is not str:
        raise MapError("wrong_type", field=name)
    value = value.strip()
    if not value:
        return None, 0
    match = _INSTANT.match(value)
    if match and match.group(7):
        stamp, offset = parse_instant(value)
        if stamp is None:
            raise MapError("impossible_date", field=name, value=value[:40])
        year = stamp.year
    else:
        day = None
        if match:
            stamp = parse_instant(value)[0]
        else:
            day, _precision = parse_date(value)
            stamp = datetime(day.year, day.month, day.day) if day else None
        if stamp is None:
            raise MapError("impossible_date", field=name, value=value[:40])
        offset, year = 0, stamp.year
        if zone is not None and FIRST_YEAR <= year <= LAST_YEAR:
            delta = zone.utcoffset(stamp) or timedelta()
            offset = int(delta.total_seconds() // 60)
            stamp -= delta
    if year < FIRST_YEAR:
        return None, 0
    if year > LAST_YEAR:
        if year >= 9999:  # "until further notice"
            return None, 0
        raise MapError("impossible_date", field=name, value=value[:40])
    return stamp.isoformat(" ", "seconds"), offset


def parse_date(value: str) -> tuple[date | None, str]:
    """(first day, precision) of a full or partial date; None where impossible."""
    match = _DATE.match(value)
    if not match:
        return None, ""
    year, month, day = match.groups()
    try:
        if day:
            return date(int(year), int(month), int(day)), "day"
        if month:
            monthrange(int(year), int(month))
            return date(int(year), int(month), 1), "month"
        return date(int(year), 1, 1), "year"
    except ValueError:
        return None, ""


def day(value: Any, name: str) -> tuple[str | None, str]:
    """A date, or the date part of a dateTime, as ('YYYY-MM-DD', precision)."""
    if value is None:
        return None, ""
    if type(value) is not str:
        raise MapError("wrong_type", field=name)
    value = value.strip()
    if not value:
        return None, ""
    found, precision = parse_date(value[:10] if len(value) > 10 else value)
    if found is None or LAST_YEAR < found.year < 9999:
        raise MapError("impossible_date", field=name, value=value[:40])
    if found.year < FIRST_YEAR or found.year >= 9999:
        return None, ""
    return found.isoformat(), precision


def ref(value: Any, expected: str) -> tuple[str, str] | None:
    """(type, id) a Reference points at; None where it points at nothing we can know.

    Relative, absolute, ``urn:uuid:`` and versioned forms; ``#contained`` and
    searches (``Practitioner?identifier=``) name no record of the source.
    """
    if type(value) is list:
        value = value[0] if value else None
    if value is None:
        return None
    if type(value) is not dict:
        raise MapError("wrong_type", field="reference")
    target = value.get("reference")
    if target is None:
        return None
    if type(target) is not str:
        raise MapError("wrong_type", field="reference")
    if target.startswith("urn:uuid:"):
        kind = value.get("type")
        return (kind if type(kind) is str else expected), target[9:]
    parts = target.split("/")
    if len(parts) == 2 and parts[1] and "?" not in target and "#" not in target:
        return parts[0], parts[1]
    if target.startswith("#") or "?" in target:
        return None
    match = _URL_REF.search(target)
    return (match.group(1), match.group(2)) if match else None


def extensions(data: dict, base: str) -> dict[str, Any]:
    """Our own extensions of a resource: short name -> value (or the sub-dict)."""
    found = {}
    for item in objs(data.get("extension"), "extension"):
        url = item.get("url")
        if type(url) is str and url.startswith(base):
            found[url[len(base) :]] = extension_value(item)
    return found


def extension_value(item: dict) -> Any:
    """The value[x] of an extension, or its sub-extensions by name."""
    for key, value in item.items():
        if key.startswith("value"):
            return value
    return {
        sub.get("url"): extension_value(sub)
        for sub in objs(item.get("extension"), "extension")
    }


def money(value: Any, name: str) -> float | None:
    """An amount given as Money or as a bare number."""
    if type(value) is dict:
        value = value.get("value")
    return number(value, name)
