"""What a mapper may know beside the record itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from .fhir_values import text

EXTENSION = "https://hcrm.example/fhir/StructureDefinition/"


@dataclass(slots=True, frozen=True)
class MapContext:
    """Settings of the source.

    :ivar zone: where times without a zone are local
    :ivar mrn_priority: identifier codes or systems whose value is the MRN, best first
    :ivar today: ISO date, to tell contacts whose period is over
    """

    zone: tzinfo | None = None
    mrn_priority: tuple[str, ...] = ("MR", "PT", "PI")
    today: str = "9999-12-31"


def map_state(value: Any, known: dict[str, str], values: dict) -> None:
    """Set ``state`` and keep the source's own word where it is not understood."""
    raw = text(value, "status", 80)
    state = known.get(raw.lower()) if raw else None
    values["state"] = state or "unknown"
    values["source_state"] = None if state and raw != "entered-in-error" else raw
