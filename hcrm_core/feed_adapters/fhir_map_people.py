"""Patient and RelatedPerson to the values of the people writer."""

from __future__ import annotations

import re
from typing import Any

from .canonical import Mapped
from .fhir_context import EXTENSION, MapContext
from .fhir_map_openmrs import address_lines, attribute_telecoms
from .fhir_map_places import join_name
from .fhir_values import (
    MapError,
    codes,
    coding,
    day,
    extensions,
    obj,
    objs,
    parse_date,
    ref,
    text,
)

_NAME_USES = {"official": 0, "usual": 1, None: 2, "temp": 3, "anonymous": 3}
# identifier codes of FHIR, OpenEMR and the US to ours
_IDENTIFIER_TYPES = {
    "RIC": "RIC",
    "NI": "RIC",
    "NNCHN": "RIC",
    "PPN": "PPN",
    "SSN": "SSN",
    "SB": "SSN",
    "BCT": "BC",
    "BC": "BC",
    "MIL": "MIL",
    "HMT": "HMT",
    "HRP": "HRP",
    "TWP": "TWP",
    "FPR": "FPR",
    "RIC15": "RIC15",
    "NONE": "NONE",
}
_SYSTEMS = {
    "phone": "phone",
    "sms": "phone",
    "fax": None,
    "pager": None,
    "email": "email",
    "wechat": "wechat",
    "url": "other",
    "other": "other",
}
_USES = {"mobile": "mobile", "home": "home", "work": "work", "temp": "temp"}
_COUNTRIES = {
    "chn": "CN",
    "china": "CN",
    "中国": "CN",
    "hkg": "HK",
    "mac": "MO",
    "twn": "TW",
    "usa": "US",
    "united states": "US",
}
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+$")
_PHONE = re.compile(r"\d(?:[\s().+*#/-]*\d){2,}")
_SCOPES = {"all", "booking", "results", "billing"}


def map_patient(data: dict, context: MapContext) -> Mapped:
    """A person with everything the source tells of them."""
    own = extensions(data, EXTENSION)
    values = _person(data, context)
    _names(data.get("name"), values)
    _life(data, values)
    values["identifiers"] = _identifiers(data.get("identifier"), context, data["id"])
    if "maritalStatus" in data:
        code = coding(data["maritalStatus"], "maritalStatus")[0]
        values["marital_status"] = context.code("Patient.maritalStatus", code)
    languages = objs(data.get("communication"), "communication")
    if languages:
        first = next(
            (item for item in languages if item.get("preferred")), languages[0]
        )
        code, _system, name = coding(first.get("language"), "communication")
        values["lang"], values["spoken_language"] = code or name, name
    for name in (
        "confidentiality",
        "alias",
        "disclosure",
        "occupation",
        "diet",
    ):
        if name in own:
            values[name] = text(own[name], name, 200)
    for name in ("confidentiality", "disclosure"):
        if values.get(name):
            values[name] = context.code(f"Patient.{name}", values[name])
    if "service-alert" in own:
        values["alert"] = text(own["service-alert"], "service-alert", 500)
    for name in ("education", "preferred-time"):
        said = context.code(f"Patient.{name}", text(own.get(name), name))
        if said:  # a word nobody knows must not clear what the staff entered
            values[name.replace("-", "_")] = said
    if "odoo-partner" in own:
        # only a HIS in our own database is believed (models/feed/adoption.py)
        values["_partner"] = own["odoo-partner"]
    refs = {}
    organization = ref(data.get("managingOrganization"), "Organization")
    if organization:
        refs["_company"] = organization
    survivor = _survivor(data)
    if survivor:
        refs["_survivor"] = survivor
    return Mapped(values, refs)


def _survivor(data: dict) -> tuple[str, str] | None:
    """The record that the source merged this one into."""
    for link in objs(data.get("link"), "link"):
        if link.get("type") == "replaced-by":
            other = ref(link.get("other"), "Patient")
            if other and other != ("Patient", data["id"]):
                return other
    return None


def map_related_person(data: dict, context: MapContext) -> Mapped:
    """A relative, and what they are to the patient; may be a patient too."""
    own = extensions(data, EXTENSION)
    patient = ref(data.get("patient"), "Patient")
    if patient is None:
        raise MapError("no_person")
    refs = {"partner_id": patient}
    relative = ref(own.get("patient"), "Patient")
    values: dict[str, Any] = {}
    if relative:
        refs["relative_id"] = relative
    else:
        values = _person(data, context)
        _names(data.get("name"), values)
        values["status"] = "current"
        values["identifiers"] = _identifiers(data.get("identifier"), context, None)
        values["class_code"] = "family"
    values["relation"] = _relation(data, own, context)
    return Mapped(values, refs)


def _relation(data: dict, own: dict[str, Any], context: MapContext) -> dict[str, Any]:
    found = codes(data.get("relationship"), "relationship")
    # C tells an emergency contact and no relation; PRN is told better by any other
    told = sorted((c for c in found if c != "C"), key=lambda c: c == "PRN")
    kind = context.first("RelatedPerson.relationship", told)
    if kind == "parent":
        kind = {"female": "mother", "male": "father"}.get(
            str(data.get("gender")), "other"
        )
    period = obj(data.get("period"), "period")
    scope = text(own.get("proxy-scope"), "proxy-scope", 20)
    return {
        "kind": kind or "other",
        "is_guardian": own.get("is-guardian") is True or kind == "guardian",
        "is_proxy": own.get("is-proxy") is True,
        "is_emergency": own.get("emergency") is True or "C" in found,
        "must_not_know": own.get("must-not-know") is True,
        "speak_with": own.get("speak-with") is True,
        "proxy_scope": scope if scope in _SCOPES else None,
        "date_start": day(period.get("start"), "period")[0],
        "date_end": day(period.get("end"), "period")[0],
    }


def _person(data: dict, context: MapContext) -> dict[str, Any]:
    """What Patient and RelatedPerson share: sex, birth, address, contacts."""
    values: dict[str, Any] = {}
    if "gender" in data:
        raw = text(data["gender"], "gender")
        key = f"{data['resourceType']}.gender"
        values["gender"] = context.code(key, raw) or "unknown"
    if "birthDate" in data:
        values["birthdate"], values["birthdate_precision"] = _birthdate(
            data["birthDate"]
        )
    _address(data.get("address"), values)
    telecoms = objs(data.get("telecom"), "telecom")
    known = [item.get("value") for item in telecoms]
    more = [one for one in attribute_telecoms(data) if one["value"] not in known]
    values["contacts"] = _contacts(telecoms + more, context)
    return values


def _birthdate(value: Any) -> tuple[str | None, str | None]:
    """A birth date; an impossible day keeps its month, so that nobody is lost by it."""
    raw = text(value, "birthDate") or ""
    for length in (10, 7, 4):
        found, precision = parse_date(raw[:length])
        if found and 1880 <= found.year <= 2100:
            return (
                (None, None)
                if raw[:10] == "1900-01-01"
                else (found.isoformat(), precision)
            )
    return None, None


def _names(names: Any, values: dict) -> None:
    best: tuple[int, str] | None = None
    aliases = []
    for name in objs(names, "name"):
        whole = text(name.get("text"), "name", 200)
        if not whole:
            family = text(name.get("family"), "name") or ""
            given = name.get("given")
            given = [given] if type(given) is str else given or []
            parts = [text(part, "name") or "" for part in given]
            whole = join_name(family, " ".join(parts))[:200]
        if not whole:
            continue
        rank = _NAME_USES.get(name.get("use"), 9)
        if rank < 9 and (best is None or rank < best[0]):
            if best:
                aliases.append(best[1])
            best = (rank, whole)
        else:
            aliases.append(whole)
    if best is None and aliases:
        best = (9, aliases.pop(0))
    values["name"] = best[1] if best else None
    values["aliases"] = sorted({alias for alias in aliases if alias != values["name"]})


def _life(data: dict, values: dict) -> None:
    values["status"] = "gone" if data.get("active") is False else "current"
    if data.get("deceasedDateTime") is not None:
        values["status"] = "deceased"
        values["deceased_date"] = day(data["deceasedDateTime"], "deceasedDateTime")[0]
    elif data.get("deceasedBoolean") is True:
        values["status"] = "deceased"
    elif data.get("deceasedBoolean") not in (None, False):
        raise MapError("wrong_type", field="deceasedBoolean")


def _address(addresses: Any, values: dict) -> None:
    found = [item for item in objs(addresses, "address") if item.get("use") != "old"]
    if not found:
        return
    best = next((item for item in found if item.get("use") == "home"), found[0])
    lines = best.get("line")
    lines = [lines] if type(lines) is str else lines or []
    lines = [line for line in (text(item, "address", 250) for item in lines) if line]
    district = text(best.get("district"), "address", 100)
    lines = lines or address_lines(best)
    if not lines and best.get("text"):
        lines = [text(best["text"], "address", 250)]
    values["street"] = lines[0] if lines else None
    values["street2"] = ", ".join(lines[1:] + ([district] if district else [])) or None
    values["city"] = text(best.get("city"), "address", 100)
    values["zip"] = text(best.get("postalCode"), "address", 24)
    values["state_name"] = text(best.get("state"), "address", 100)
    values["country_code"] = _country(text(best.get("country"), "address", 60))


def _country(said: str | None) -> str | None:
    """A country's code; of its name not the first letters: China is not CH."""
    if not said:
        return None
    return said.upper() if len(said) == 2 else _COUNTRIES.get(said.lower())


def _contacts(telecoms: Any, context: MapContext) -> list[dict[str, Any]]:
    """Contact points in use; one without a system is told by what it looks like."""
    found: list[dict[str, Any]] = []
    for item in objs(telecoms, "telecom"):
        value = text(item.get("value"), "telecom", 200)
        if not value or item.get("use") == "old":
            continue
        end = obj(item.get("period"), "telecom").get("end")
        if type(end) is str and end[:10] < context.today:
            continue
        system = item.get("system")
        if system is None:
            system = _guess_system(value)
        else:
            system = _SYSTEMS.get(str(system).lower(), "other")
        if system is None:
            continue
        rank = item.get("rank")
        found.append(
            {
                "system": system,
                "use": _USES.get(str(item.get("use"))),
                "rank": rank
                if type(rank) is int and 0 < rank < 1000
                else len(found) + 1,
                "value": value,
                "whose": _whose(item),
            }
        )
    return found


def _guess_system(value: str) -> str | None:
    if _EMAIL.match(value):
        return "email"
    return "phone" if _PHONE.search(value) else None


def _whose(item: dict) -> str:
    whose = extensions(item, EXTENSION).get("whose") if "extension" in item else None
    known = ("self", "mother", "father", "spouse", "child", "guardian", "other")
    return whose if whose in known else "self"


def _identifiers(items: Any, context: MapContext, ext_id: str | None) -> list[dict]:
    """Identity numbers; the medical record number by the source's priority list."""
    rows = []
    for item in objs(items, "identifier"):
        value = text(item.get("value"), "identifier", 100)
        if not value or item.get("use") == "old":
            continue
        kinds = codes(item.get("type"), "identifier")
        system = text(item.get("system"), "identifier") or ""
        kind_text = (
            text(obj(item.get("type"), "identifier").get("text"), "identifier") or ""
        )
        rows.append((item, value, kinds, system, kind_text))
    mrn = _mrn(rows, context)
    found = []
    for row in rows:
        item, value, kinds, system, kind_text = row
        if row is mrn:
            kind = "MR"
        else:
            kind = next(
                (_IDENTIFIER_TYPES[k] for k in kinds if k in _IDENTIFIER_TYPES), "OTH"
            )
        period = obj(item.get("period"), "identifier")
        assigner = text(
            obj(item.get("assigner"), "identifier").get("display"), "identifier"
        )
        found.append(
            {
                "type": kind,
                "value": value,
                "per_company": kind == "MR",
                "assigner": assigner or kind_text or _assigner(system),
                "start": day(period.get("start"), "period")[0],
                "end": day(period.get("end"), "period")[0],
            }
        )
    if mrn is None and ext_id is not None:
        found.append({"type": "MR", "value": ext_id[:100], "per_company": True})
    return found


def _assigner(system: str) -> str | None:
    """Who gives a number out; OpenEMR names the list of kinds of numbers there."""
    return system if system and "//terminology.hl7.org/" not in system else None


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _mrn(rows: list[tuple], context: MapContext) -> tuple | None:
    """The row that holds the MRN: by system, by code, by words, by use."""
    for wanted in context.mrn_priority:
        for row in rows:
            if row[3] == wanted or wanted in row[2] or _same(row[4], wanted):
                return row
    for row in rows:
        if not row[2] or row[2][0] not in _IDENTIFIER_TYPES:
            if re.search(
                r"medical record|\bMRN\b|病历号|病案号|OpenMRS ID", row[4], re.I
            ):
                return row
    for row in rows:
        if row[0].get("use") == "official" and not set(row[2]) & set(_IDENTIFIER_TYPES):
            return row
    return None


MAPPERS = {"Patient": map_patient, "RelatedPerson": map_related_person}
