"""What a mapper may know beside the record itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from .fhir_codes import CODE_FIELDS
from .fhir_values import MapError, text

EXTENSION = "https://hcrm.example/fhir/StructureDefinition/"
CODE_LIMIT = 80


@dataclass(slots=True, frozen=True)
class MapContext:
    """Settings of the source, and what its records said that nobody understood.

    :ivar zone: where times without a zone are local
    :ivar mrn_priority: identifier codes or systems whose value is the MRN, best first
    :ivar today: ISO date, to tell contacts whose period is over
    :ivar codes: key of :data:`CODE_FIELDS` -> {code of this source: our value}
    :ivar unknown: (key, code) -> how often it was met and not understood
    """

    zone: tzinfo | None = None
    mrn_priority: tuple[str, ...] = ("MR", "PT", "PI")
    today: str = "9999-12-31"
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)

    def understood(self, key: str, code: str) -> str | None:
        """Our value for a code: the hospital's own mapping first, then FHIR's."""
        own = self.codes.get(key)
        if own and code in own:
            return own[code]
        known = CODE_FIELDS[key].known
        return known.get(code) or known.get(code.lower())

    def code(self, key: str, code: str | None) -> str | None:
        """Our value for a code, or the field's fallback; None where there is none.

        A code that nobody knows is noted; in a strict field it is a problem.
        """
        if not code:
            return None
        value = self.understood(key, code)
        if value is not None:
            return value
        self.unknown[key, code[:CODE_LIMIT]] += 1
        spec = CODE_FIELDS[key]
        if spec.is_strict:
            name = key.partition(".")[2]
            raise MapError("unknown_value", field=name, value=code[:CODE_LIMIT])
        return spec.fallback

    def first(self, key: str, codes: Iterable[str]) -> str | None:
        """Our value for the first code that is understood, else as :meth:`code`."""
        found = list(codes)
        for code in found:
            value = self.understood(key, code)
            if value is not None:
                return value
        return self.code(key, found[0]) if found else None

    def state(self, key: str, value: Any, values: dict) -> None:
        """Set ``state``; keep the source's own word where it is not understood."""
        raw = text(value, "status", CODE_LIMIT)
        state = self.code(key, raw)
        values["state"] = state or "unknown"
        understood = state and state != "unknown" and raw != "entered-in-error"
        values["source_state"] = None if understood else raw
