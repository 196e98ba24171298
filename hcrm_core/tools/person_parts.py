"""A person in memory while a page is written: what is stored, what shall be.

The details of people are written as a unit of work: the stored rows are loaded
in a constant number of queries, merged here with what a source or a form tells,
and only the differences go back. Pure Python, no ORM.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any


class Line:
    """One row of a detail table: as stored (``old``) and as it shall be."""

    __slots__ = ("id", "old", "values")

    def __init__(self, values: dict[str, Any], line_id: int | None = None) -> None:
        self.id = line_id
        self.values = values
        self.old = dict(values) if line_id else None

    @property
    def is_new(self) -> bool:
        return self.id is None

    @property
    def is_changed(self) -> bool:
        return self.old is not None and self.values != self.old

    def update(self, **values: Any) -> None:
        self.values.update(values)


@dataclass(slots=True)
class IdentifierPart:
    """An identity number as told: ``key`` is what no two people share."""

    key: tuple[int, int, str]  # type, legal entity or 0, normalised value
    values: dict[str, Any]
    rank: int = 0  # order of its type: the first decides a match
    is_strong: bool = False
    is_lifelong: bool = False  # a person has one; another value is a correction


@dataclass(slots=True)
class ContactPart:
    """A telephone number or address as told."""

    key: tuple[int, str, str]  # legal entity, system, number
    values: dict[str, Any]


@dataclass(slots=True, eq=False)
class Person:
    """The stored and the wanted state of one person.

    :ivar old: columns of ``res_partner`` as stored, empty for a new person
    :ivar values: the same columns as they shall be
    """

    id: int = 0
    is_new: bool = False
    has_metrics: bool = False
    old: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    identifiers: dict[tuple[int, int, str], Line] = field(default_factory=dict)
    contacts: dict[tuple[int, str, str], Line] = field(default_factory=dict)
    files: dict[int, Line] = field(default_factory=dict)
    profiles: dict[int, Line] = field(default_factory=dict)
    doomed: list[int] = field(default_factory=list)  # identifiers to delete
    problem: str = ""  # why the partner could not be saved
    kept: tuple[str, ...] = ()  # columns that somebody else owns
    # field -> who told it; only where several records describe the person
    origins: dict[str, list] = field(default_factory=dict)
    old_origins: dict[str, list] = field(default_factory=dict)

    def keep(self) -> None:
        """Put columns that are not ours back to what is stored."""
        for name in self.kept:
            if name in self.old:
                self.values[name] = self.old[name]

    def changes(self) -> dict[str, Any]:
        """Return the columns of the partner that differ from what is stored."""
        old = self.old
        return {
            name: value
            for name, value in self.values.items()
            if name not in old or old[name] != value
        }

    def lines(self):
        yield from self.identifiers.values()
        yield from self.contacts.values()
        yield from self.files.values()
        yield from self.profiles.values()

    def is_touched(self) -> bool:
        """Say whether anything of the person differs from what is stored."""
        return (
            self.is_new
            or bool(self.doomed)
            or bool(self.changes())
            or any(line.is_new or line.is_changed for line in self.lines())
        )

    def search_changed(self) -> bool:
        """Say whether what people find the person by has changed."""
        if (
            self.is_new
            or self.doomed
            or {"name", "hcrm_other_names"} & set(self.changes())
        ):
            return True
        if any(line.is_new for line in self.identifiers.values()):
            return True
        if any(
            (line.old or {}).get("alias") != line.values.get("alias")
            for line in self.files.values()
        ):
            return True
        return any(
            is_findable(line.values) != bool(line.old and is_findable(line.old))
            for line in self.contacts.values()
        )


def group_by_changes(
    people: Iterable[Person],
) -> Iterator[tuple[dict[str, Any], list[Person]]]:
    """Yield changes of partner columns, and the people who all have just these."""
    groups: dict[frozenset, list[Person]] = {}
    for person in people:
        if changes := person.changes():
            groups.setdefault(frozenset(changes.items()), []).append(person)
    for changes, group in groups.items():
        yield dict(changes), group


def is_good(contact: dict[str, Any]) -> bool:
    """Say whether a contact point reaches somebody, as far as is known."""
    return (
        contact["use"] != "old" and not contact["is_wrong"] and not contact["is_junk"]
    )


def is_findable(contact: dict[str, Any]) -> bool:
    """Say whether people may be searched by this contact point."""
    return contact["system"] == "phone" and is_good(contact)


def first_good(contacts: dict[tuple, Line], system: str) -> dict[str, Any] | None:
    """Return the contact point of ``system`` to try first, the oldest on a tie.

    Somebody else's, such as one for emergencies, is never it: what stands on the
    partner is written to.
    """
    good = [
        line
        for line in contacts.values()
        if line.values["system"] == system
        and line.values["whose"] != "other"
        and is_good(line.values)
    ]
    if not good:
        return None
    best = min(good, key=lambda line: (line.values["rank"], not line.id, line.id or 0))
    return best.values


def as_date(text: Any) -> date | None:
    """Return the date written as YYYY-MM-DD; None where there is none."""
    if not text:
        return None
    if isinstance(text, date):
        return text
    return date.fromisoformat(text[:10])
