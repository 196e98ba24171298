"""Canonical records: what every adapter yields and every writer takes.

Pure Python, no ORM. An adapter only reads; it yields :class:`Record` objects
whose ``data`` is the resource as the source wrote it. A mapper turns a record
into canonical values (see ``mapping`` modules); the pipeline resolves its
references to database ids and hands :class:`Row` objects to the writers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# People first, then what refers to them; a page is written in this order.
WRITE_ORDER = (
    "Organization",
    "Location",
    "Practitioner",
    "Patient",
    "RelatedPerson",
    "Coverage",
    "Encounter",
    "Appointment",
    "AllergyIntolerance",
    "Condition",
    "Procedure",
    "Immunization",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "ChargeItem",
    "Claim",
    "ExplanationOfBenefit",
)


@dataclass(slots=True)
class Problem:
    """Why a record cannot be written: a stable code and values for its sentence."""

    code: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Record:
    """One record as read from a source.

    :ivar type: type at the source, e.g. ``Patient``
    :ivar ext_id: identifier of the record at the source, unique per type
    :ivar data: the parsed record, or None where it could not be parsed
    :ivar content_hash: 16 bytes over the content, blind to key order and to
        stamps that a source may set on every read
    :ivar updated_at: naive UTC stamp of the source, where it gives one
    :ivar problem: set where the record could not be read; ``raw`` is then what was
    :ivar deleted: the source says it deleted the record; ``data`` is then None
    :ivar is_current: read from the source as it is now, so newer than what is known
        even where its stamp is not: a deleted phone takes its stamp with it
    """

    type: str
    ext_id: str
    data: dict | None = None
    content_hash: bytes = b""
    updated_at: datetime | None = None
    deleted: bool = False
    problem: Problem | None = None
    raw: str = ""
    is_current: bool = False


@dataclass(slots=True)
class Page:
    """Some records and where the next page starts; ``cursor`` None means the end.

    :ivar bytes_done: work done so far, in bytes or in records; with
        ``bytes_total`` it makes the progress
    :ivar watermarks: type -> naive UTC stamp up to which that type is read
        completely once this page stands; a later delta run starts there. Types
        without a trustworthy stamp are left out and read whole every time.
    """

    records: list[Record]
    cursor: dict | None
    bytes_done: int = 0
    bytes_total: int = 0
    watermarks: dict[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class IdPage:
    """External ids that the source holds now, for reconciliation.

    :ivar ids: (type, external id); a type's ids may span pages
    :ivar complete: types whose ids have all been told with this page
    """

    ids: list[tuple[str, str]]
    cursor: dict | None
    complete: frozenset[str] = frozenset()


@dataclass(slots=True)
class Mapped:
    """A record in our words, before its references are looked up.

    :ivar values: columns of the target; a missing key is not touched
    :ivar refs: column -> (type at the source, external id) it points at
    """

    values: dict[str, Any]
    refs: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Row:
    """A record ready for a writer: references are database ids already.

    :ivar res_id: record of ours it became earlier, if any
    :ivar company_id: legal entity the fact belongs to
    """

    type: str
    ext_id: str
    company_id: int
    data: dict[str, Any]
    res_id: int | None = None
    updated_at: datetime | None = None


@dataclass(slots=True)
class Written:
    """What a writer did with its rows, by external id."""

    ids: dict[str, int] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    problems: dict[str, Problem] = field(default_factory=dict)
    path: str = "sql"
    reason: str = ""
