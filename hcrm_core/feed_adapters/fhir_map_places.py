"""Organization, Location, Practitioner."""

from __future__ import annotations

from typing import Any

from .canonical import Mapped
from .fhir_context import MapContext
from .fhir_values import codes, coding, day, obj, objs, ref, text

# Organisations that pay or employ are no departments; only their name is kept.
_NOT_OURS = {"ins", "pay", "cust", "bus", "govt", "crs", "edu", "reli", "team"}


def _identifier(data: dict) -> tuple[str | None, str | None]:
    """(system, value) of the first identifier with a value."""
    for item in objs(data.get("identifier"), "identifier"):
        value = text(item.get("value"), "identifier", 100)
        if value:
            return text(item.get("system"), "identifier"), value
    return None, None


def map_organization(data: dict, context: MapContext) -> Mapped:
    """An entity (matched by its HIS code), a department, or just a name."""
    kinds = codes(data.get("type"), "type")
    _system, value = _identifier(data)
    name = text(data.get("name"), "name", 200)
    kind = "department"
    if "dept" not in kinds and any(code in _NOT_OURS for code in kinds):
        kind = "other"
    elif "prov" in kinds and "dept" not in kinds:
        kind = "entity"
    values: dict[str, Any] = {
        "kind": kind,
        "name": name or value or data["id"],
        "code": value or data["id"],
        "active": data.get("active") is not False,
    }
    return Mapped(values, _parent(data.get("partOf"), "Organization"))


def map_location(data: dict, context: MapContext) -> Mapped:
    """A campus (site), or the ward and bed text of a place within one."""
    kind = coding(data.get("physicalType"), "physicalType")[0]
    _system, value = _identifier(data)
    values: dict[str, Any] = {
        "kind": {"si": "campus", "wa": "ward", "bd": "bed"}.get(kind or "", "other"),
        "name": text(data.get("name"), "name", 200) or value or data["id"],
        "code": value or data["id"],
        "active": data.get("status") not in ("inactive", "suspended"),
    }
    refs = _parent(data.get("partOf"), "Location")
    organization = ref(data.get("managingOrganization"), "Organization")
    if organization:
        refs["_company"] = organization
    return Mapped(values, refs)


def map_practitioner(data: dict, context: MapContext) -> Mapped:
    """A doctor, nurse or therapist, and the department they belong to."""
    _system, value = _identifier(data)
    titles = [
        coding(item.get("code"), "qualification")[2]
        for item in objs(data.get("qualification"), "qualification")
    ]
    values: dict[str, Any] = {
        "name": practitioner_name(data.get("name")) or value or data["id"],
        "code": value,
        "title": next((title for title in titles if title), None),
        "active": data.get("active") is not False,
    }
    refs = {}
    for item in objs(data.get("extension"), "extension"):
        name = str(item.get("url", "")).rpartition("/")[2]
        if name == "date-left":
            values["date_left"] = day(item.get("valueDate"), "date-left")[0]
        elif name == "department":
            department = ref(item.get("valueReference"), "Organization")
            if department:
                refs["department_id"] = department
    return Mapped(values, refs)


def practitioner_name(names: Any) -> str | None:
    """The name as staff write it: text, or title, given and family name."""
    for name in objs(names, "name"):
        whole = text(name.get("text"), "name", 200)
        if whole:
            return whole
        family = text(name.get("family"), "name") or ""
        given = " ".join(str(part) for part in name.get("given") or [])
        if family or given:
            return join_name(family, given)[:200]
    return None


def join_name(family: str, given: str) -> str:
    """Family name first and without a space where it is written in Han characters."""
    if any("\u3400" <= char <= "\u9fff" for char in family + given):
        return (family + given).replace(" ", "")
    return f"{given} {family}".strip()


def _parent(value: Any, expected: str) -> dict[str, tuple[str, str]]:
    parent = ref(obj(value, "partOf") or None, expected)
    return {"_parent": parent} if parent else {}


MAPPERS = {
    "Organization": map_organization,
    "Location": map_location,
    "Practitioner": map_practitioner,
}
