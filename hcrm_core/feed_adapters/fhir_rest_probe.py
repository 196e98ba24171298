"""What a FHIR server can do: as its statement says, and as trying it shows.

A statement of capability says which types there are. Whether the stamps are true,
whether ``_lastUpdated`` filters and ``_sort`` sorts is only known by trying: servers
accept both and ignore them, or find nothing because of them, or stamp every record
with the time of the question.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .base import AdapterError
from .canonical import WRITE_ORDER
from .fhir_rest_bundle import instant, resources, stamp_of, total
from .http_source import Answer, HttpSource, HttpStatus

# a search answers with what is there now, not with what it found a minute ago
FRESH = {"Cache-Control": "no-cache"}
SAMPLE = 4
PAUSE = 1.1  # seconds; stamps of whole seconds must have time to move
RECENT = timedelta(minutes=10)
PAST, FUTURE = "1970-01-01", "2999-12-31"


@dataclass(slots=True)
class TypePlan:
    """How a type is read.

    :ivar stamps: ``meta.lastUpdated`` tells when a record changed
    :ivar filters: ``_lastUpdated=ge...`` finds what changed since then
    :ivar sorts: ``_sort=_lastUpdated`` brings the oldest change first
    :ivar history: the type's history tells of deletions
    :ivar total: how many there are, where the server says so
    """

    stamps: bool = False
    filters: bool = False
    sorts: bool = False
    history: bool = False
    total: int = 0


@dataclass(slots=True)
class Plan:
    """What was found out about a server; plain values, kept for a run."""

    types: dict[str, TypePlan] = field(default_factory=dict)
    software: str = ""
    version: str = ""
    lacking: list[str] = field(default_factory=list)
    has_medication: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Plan:
        types = {name: TypePlan(**one) for name, one in data.pop("types").items()}
        return cls(types=types, **data)


class Probe:
    """Asks a server what it is and tries each type that is wanted."""

    def __init__(self, http: HttpSource, base: str, wanted: frozenset[str]):
        self.http = http
        self.base = base
        self.wanted = [name for name in WRITE_ORDER if not wanted or name in wanted]

    def run(self) -> Plan:
        plan, offered = self._statement()
        samples: dict[str, list[Any]] = {}
        recent = []
        for name in self.wanted:
            if offered is not None and name not in offered:
                plan.lacking.append(name)
                continue
            answer = self._first(name, strict=offered is not None)
            if answer is None:
                plan.lacking.append(name)
                continue
            found = resources(answer, name)
            one = plan.types[name] = TypePlan(total=total(answer) or len(found))
            one.history = "history-type" in (offered or {}).get(name, ())
            one.stamps = bool(found) and all(instant(stamp_of(item)) for item in found)
            if one.stamps:
                samples[name] = found
                if _is_recent(found, answer.date):
                    recent.append(name)
        self._drop_moving(plan, samples, recent)
        for name, found in samples.items():
            if plan.types[name].stamps:
                self._try(plan.types[name], name, found)
        return plan

    # ------------------------------------------------------------------
    # statement
    # ------------------------------------------------------------------

    def _statement(self) -> tuple[Plan, dict[str, set[str]] | None]:
        """The plan so far, and type -> interactions; None where nothing is said."""
        try:
            data = self.http.get_json(f"{self.base}/metadata").data
        except HttpStatus as error:
            if error.status == 404:
                raise AdapterError("not_fhir", url=error.values["url"]) from None
            return Plan(), None
        kind = data.get("resourceType") if type(data) is dict else None
        if kind not in ("CapabilityStatement", "Conformance"):
            raise AdapterError("not_fhir", url=f"{self.base}/metadata")
        plan = Plan(software=_software(data), version=str(data.get("fhirVersion", "")))
        if plan.version and not plan.version.startswith("4."):
            raise AdapterError("fhir_version", url=self.base, version=plan.version)
        offered = {}
        for one in _dicts(_first_of(data.get("rest")).get("resource")):
            codes = {str(item.get("code")) for item in _dicts(one.get("interaction"))}
            if not codes or "search-type" in codes:
                offered[str(one.get("type"))] = codes
        plan.has_medication = "Medication" in offered
        return plan, offered or None

    # ------------------------------------------------------------------
    # trying
    # ------------------------------------------------------------------

    def _search(self, name: str, **params) -> Answer:
        params = {f"_{key}": value for key, value in params.items()}
        return self.http.get_json(f"{self.base}/{name}", params=params, headers=FRESH)

    def _first(self, name: str, strict: bool) -> Answer | None:
        """Some records of a type; None where the server does not offer it.

        A type that is offered but refused to us is told: it must not be missing here
        without anybody knowing.
        """
        try:
            return self._search(name, count=SAMPLE)
        except HttpStatus as error:
            if strict:
                raise AdapterError(
                    "type_refused", url=error.values["url"], type=name
                ) from None
        except AdapterError as error:
            if error.code != "login_refused" or error.values.get("status") != 403:
                raise
            raise AdapterError(
                "type_refused", url=error.values["url"], type=name
            ) from None
        return None

    def found(self, name: str, **params) -> list[Any] | None:
        """What a search with a doubtful parameter finds; None where it is refused."""
        try:
            return resources(self._search(name, **params), name)
        except HttpStatus:
            return None

    def _drop_moving(self, plan: Plan, samples: dict, recent: list[str]) -> None:
        """Distrust the stamps of types that change by looking at them."""
        if not recent:
            return
        time.sleep(PAUSE)
        for name in recent:
            again = self.found(name, count=SAMPLE) or []
            before = {item.get("id"): stamp_of(item) for item in samples[name]}
            moved = [
                item
                for item in again
                if before.get(item.get("id"), stamp_of(item)) != stamp_of(item)
            ]
            # one may have been changed by somebody in between; all were not
            if moved and len(moved) * 2 > len(before):
                plan.types[name].stamps = False

    def _try(self, one: TypePlan, name: str, found: list[Any]) -> None:
        """Find out whether filter and order work, by what they find."""
        past = self.found(name, lastUpdated=f"ge{PAST}", count=SAMPLE)
        future = self.found(name, lastUpdated=f"ge{FUTURE}", count=SAMPLE)
        one.filters = bool(past) and future == []
        up = _instants(self.found(name, sort="_lastUpdated", count=SAMPLE))
        if len(up) < min(len(found), SAMPLE) or up != sorted(up):
            return
        down = _instants(self.found(name, sort="-_lastUpdated", count=SAMPLE))
        if not down or down != sorted(down, reverse=True):
            return
        # all the same both ways proves nothing
        one.sorts = up[0] < down[0]


def _software(data: dict) -> str:
    """Name and version of the server, for people."""
    software = data.get("software") or data.get("implementation")
    if type(software) is not dict:
        return ""
    parts = (software.get("name"), software.get("version"))
    said = " ".join(str(part) for part in parts if part)
    return (said or str(software.get("description") or ""))[:120]


def _is_recent(found: list[Any], now: datetime | None) -> bool:
    newest = max(_instants(found))
    return now is None or newest > now - RECENT


def _instants(found: list[Any] | None) -> list[datetime]:
    stamps = (instant(stamp_of(item)) for item in found or ())
    return [stamp for stamp in stamps if stamp]


def _dicts(value: Any) -> list[dict]:
    items = value if type(value) is list else ()
    return [item for item in items if type(item) is dict]


def _first_of(value: Any) -> dict:
    return next(iter(_dicts(value)), {})
