"""Names of drugs that a prescription only points at (OpenMRS): one question a page."""

from __future__ import annotations

from typing import Any

from .fhir_rest_bundle import resources
from .fhir_values import MapError, coding, ref
from .http_source import HttpSource, HttpStatus

PRESCRIPTIONS = ("MedicationRequest", "MedicationStatement")
CHUNK = 50  # ids in one address


class DrugNames:
    """Fills in ``medicationReference.display`` where the server left it out."""

    def __init__(self, http: HttpSource, base: str):
        self.http = http
        self.base = base
        self._names: dict[str, str] = {}

    def fill(self, found: list[Any]) -> None:
        """Name the drugs of these prescriptions; what cannot be named stays as it is."""
        bare: dict[str, list[dict]] = {}
        for data in found:
            reference = data.get("medicationReference") if type(data) is dict else None
            target = _target(reference)
            if target and not reference.get("display"):
                bare.setdefault(target, []).append(reference)
        unknown = [target for target in bare if target not in self._names]
        for start in range(0, len(unknown), CHUNK):
            self._look_up(unknown[start : start + CHUNK])
        for target, references in bare.items():
            for reference in references:
                if target in self._names:
                    reference["display"] = self._names[target]

    def _look_up(self, ids: list[str]) -> None:
        params = {"_id": ",".join(ids), "_count": str(len(ids))}
        try:
            answer = self.http.get_json(f"{self.base}/Medication", params=params)
        except HttpStatus:
            return
        for data in resources(answer, "Medication"):
            name = _name(data)
            if name:
                self._names[str(data.get("id"))] = name


def _target(reference: Any) -> str | None:
    try:
        found = ref(reference, "Medication")
    except MapError:
        return None
    return found[1] if found and found[0] == "Medication" else None


def _name(data: Any) -> str | None:
    try:
        return coding(data.get("code"), "code")[2]
    except (MapError, AttributeError):
        return None
