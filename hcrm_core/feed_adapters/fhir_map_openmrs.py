"""What OpenMRS tells in extensions of its own: address lines, person attributes.

Its module exports as telecom only the attributes that somebody set up for it; the
telephone number usually stands among the other person attributes.
"""

from __future__ import annotations

import re
from typing import Any

from .fhir_values import MapError, extension_value, objs, text

_BASE = "http://fhir.openmrs.org/ext/"
_LINE = re.compile(r"address(\d+)$")
_CONTACT = re.compile(r"phone|mobile|e-?mail|telef|电话|手机|邮箱", re.I)
# "next of kin telephone" is somebody else's
_OTHERS = re.compile(
    r"kin|contact person|guardian|emergency|relative|家属|联系人", re.I
)


def address_lines(address: dict) -> list[str]:
    """address1 to address15, in order; ``line`` is absent."""
    found = []
    for item in _own(address, "address"):
        for part in objs(item.get("extension"), "extension"):
            match = _LINE.search(str(part.get("url", "")))
            line = text(extension_value(part), "address", 250) if match else None
            if line:
                found.append((int(match.group(1)), line))
    return [line for _number, line in sorted(found)]


def attribute_telecoms(data: dict) -> list[dict[str, Any]]:
    """Person attributes that are the person's own telephone or e-mail address."""
    found = []
    for item in _own(data, "person-attribute"):
        name = value = None
        for part in objs(item.get("extension"), "extension"):
            url = str(part.get("url", ""))
            if url.endswith("attribute-type"):
                name = _plain(part)
            elif url.endswith("attribute-value"):
                value = _plain(part)
        if name and value and _CONTACT.search(name) and not _OTHERS.search(name):
            found.append({"value": value})
    return found


def _own(data: dict, name: str) -> list[dict]:
    if "extension" not in data:
        return []
    items = objs(data["extension"], "extension")
    return [item for item in items if item.get("url") == f"{_BASE}{name}"]


def _plain(part: dict) -> str | None:
    """A value in words; attributes may also be concepts and places."""
    try:
        return text(extension_value(part), "extension", 200)
    except MapError:
        return None
