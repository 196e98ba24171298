"""What is in hand while one page is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...feed_adapters.canonical import Mapped, Problem, Record


class Target(NamedTuple):
    """What a record of the source is here."""

    res_model: str | None
    res_id: int | None
    company_id: int | None
    label: str | None = None


@dataclass(slots=True)
class Item:
    """A record on its way: what it was before, and what it maps to."""

    record: Record
    identity_id: int | None = None
    res_model: str | None = None
    res_id: int | None = None
    inbox_id: int | None = None
    mapped: Mapped | None = None
    company_id: int = 0
    links: dict[str, int | None] = field(default_factory=dict)
    label: str | None = None
    missing: list[tuple[str, str]] = field(default_factory=list)
    # state of its identity where it is not that of the batch; card it had before
    state: str | None = None
    old_card: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.record.type, self.record.ext_id


@dataclass(slots=True)
class Result:
    """What writing a batch of one type did; applied to the page once it stands."""

    ids: dict[str, int] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    problems: dict[str, Problem] = field(default_factory=dict)
    # (partner, company) pairs a fact was seen for / whose visits moved
    seen: set[tuple[int, int]] = field(default_factory=set)
    visited: set[tuple[int, int]] = field(default_factory=set)
    # cards that stand for others from now on: old -> new
    redirects: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class PageState:
    """Everything one page shares between its steps.

    :ivar known: (type, external id) -> target, of what was looked up or written
    :ivar fresh: what became known for the first time; it releases who waits for it
    """

    source: Any
    run: Any
    context: Any
    now: str
    is_backfill: bool
    counts: Counter = field(default_factory=Counter)
    known: dict[tuple[str, str], Target] = field(default_factory=dict)
    fresh: set[tuple[str, str]] = field(default_factory=set)
    seen: set[tuple[int, int]] = field(default_factory=set)
    visited: set[tuple[int, int]] = field(default_factory=set)
    currencies: dict[str, int] = field(default_factory=dict)
    writer_path: str = ""
    writer_reason: str = ""
