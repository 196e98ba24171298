"""Where a column goes in a FHIR resource: paths, compiled once per mapping.

``birthDate`` is a member; ``period.start`` a member of a member;
``name[use=official].text`` the item of a list that carries ``use: official``,
made when one of its columns has a value; ``identifier[]`` or ``identifier[a]`` an
item of its own, ``a`` telling items apart. ``line[]`` at the end appends.
``ext:alias.valueString`` is our extension of that name. ``subject@Patient`` makes
a reference to the Patient of that id.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .base import AdapterError
from .fhir_context import EXTENSION

_SEGMENT = re.compile(r"^(?P<name>[A-Za-z]\w*)(?:\[(?P<label>[^\[\]]*)\])?$")
_END = re.compile(r"@(?P<type>[A-Z]\w+)$")
# (row items by slot, resource, value) -> None
Setter = Callable[[dict, dict, Any], None]


class Path:
    """One target; :meth:`set` puts a value there.

    :ivar reference: type a reference points at, or ''
    """

    __slots__ = ("text", "reference", "steps", "name", "appends")

    def __init__(self, text: str):
        self.text = text
        end = _END.search(text)
        self.reference = end.group("type") if end else ""
        parts = _split(text[: end.start()] if end else text)
        steps: list[tuple[str, str | None, list]] = []
        is_nested = False
        for part in parts:
            steps.append(_step(part, is_nested, text))
            is_nested = is_nested or part.startswith("ext:")
        self.name, label, literals = steps.pop()
        if literals:
            raise AdapterError("bad_target", target=text)
        self.appends = label is not None
        # (member, the item's name in its row or None, members it carries)
        self.steps: list[tuple[str, str | None, list]] = []
        slot = ""
        for name, item, carried in steps:
            slot += f".{name}" if item is None else f".{name}[{item}]"
            self.steps.append((name, None if item is None else slot, carried))

    @property
    def root(self) -> str:
        """The member of the resource this begins at."""
        return self.steps[0][0] if self.steps else self.name

    def slots(self) -> list[str]:
        """The items of lists this target lies in, by name."""
        return [slot for _name, slot, _literals in self.steps if slot is not None]

    def set(self, items: dict, resource: dict, value: Any, may_make=True) -> None:
        """Set ``value``; without ``may_make`` only in items that are there."""
        place: dict | None = resource
        for name, slot, literals in self.steps:
            if slot is None:
                place = place.setdefault(name, {})
                if type(place) is not dict:
                    raise AdapterError("bad_target", target=self.text)
                continue
            item = items.get(slot)
            if item is None:
                if not may_make:
                    return
                item = items[slot] = {}
                for path, literal in literals:
                    path.set({}, item, literal)
                place.setdefault(name, []).append(item)
            place = item
        if self.reference:
            value = {"reference": f"{self.reference}/{value}"}
        if self.appends:
            place.setdefault(self.name, []).append(value)
        else:
            place[self.name] = value


def _split(text: str) -> list[str]:
    """Segments between dots that stand outside of brackets."""
    parts, depth, start = [], 0, 0
    for position, char in enumerate(text):
        if char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
        elif char == "." and not depth:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _step(part: str, is_nested: bool, whole: str) -> tuple[str, str | None, list]:
    if part.startswith("ext:"):
        url = part[4:] if is_nested else EXTENSION + part[4:]
        return "extension", f"url={url}", [(Path("url"), url)]
    brackets = part.find("[")
    name, label = part, None
    if brackets > 0 and part.endswith("]"):
        name, label = part[:brackets], part[brackets + 1 : -1]
    if not _SEGMENT.match(name):
        raise AdapterError("bad_target", target=whole)
    literals = []
    for piece in (label or "").split(","):
        key, equals, literal = piece.partition("=")
        if equals:
            path = Path(key.strip())
            literals.append((path, _literal(literal.strip())))
    return name, label, literals


def _literal(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdigit() and len(text) < 4 else text


def merge(base: dict, extra: dict) -> dict:
    """Fill gaps of ``base`` from ``extra``; lists take items they do not hold yet."""
    for key, value in extra.items():
        known = base.get(key)
        if known is None:
            base[key] = value
        elif type(known) is dict and type(value) is dict:
            merge(known, value)
        elif type(known) is list and type(value) is list:
            known.extend(item for item in value if item not in known)
    return base
