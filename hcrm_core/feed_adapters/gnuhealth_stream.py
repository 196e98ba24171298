"""One kind of record of GNU Health: its rows, and what becomes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

_TABLES = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows of one table that become records of one type.

    The row of the table is ``t`` in every statement. A record is read again when
    the row or anything in ``touched`` changes: Tryton moves no stamp of a parent
    when a child changes, and fills ``write_date`` only at the first update.

    :ivar type: FHIR type of the records
    :ivar table: its ids are the external ids, ``<table>:<id>``
    :ivar select: SELECT list and FROM of one row per ``t.id``; ``{name}`` stands
        for a column of ``optional``
    :ivar build: a row as a resource; None where it is none after all
    :ivar where: which rows are records
    :ivar touched: FROM clauses with the row that changed as ``x``
    :ivar optional: name -> (table, column, expression) of columns that only some
        installations have; NULL elsewhere
    :ivar exists: which of the rows that ``where`` reads are there still, for telling
        ids; empty: all of them
    :ivar suffix: ends the external id where a row becomes several records
    """

    type: str
    table: str
    select: str
    build: Callable[[dict[str, Any]], dict[str, Any] | None]
    where: str = "TRUE"
    touched: tuple[str, ...] = ()
    optional: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    exists: str = ""
    suffix: str = ""

    @property
    def name(self) -> str:
        return f"{self.type} {self.table}{self.suffix}"

    @property
    def tables(self) -> set[str]:
        """The tables without which there are no such records."""
        return _tables(f"{self.select} {self.where}")

    @property
    def all_tables(self) -> set[str]:
        """Every table it may read, those of some installations included."""
        clauses = " ".join(f"FROM {clause}" for clause in self.touched)
        return self.tables | _tables(clauses) | {v[0] for v in self.optional.values()}

    def bound(self, columns: set[tuple[str, str]]) -> Stream | None:
        """The stream as an installation has it; None where its module is missing.

        :param columns: (table, column) pairs that the role can see
        """
        known = {table for table, _column in columns}
        if not self.tables <= known:
            return None
        chosen = {
            name: expression if (table, column) in columns else "NULL"
            for name, (table, column, expression) in self.optional.items()
        }
        return replace(
            self,
            select=self.select.format(**chosen) if chosen else self.select,
            touched=tuple(c for c in self.touched if _tables(f"FROM {c}") <= known),
            optional={},
        )

    def ext_id(self, row_id: int) -> str:
        return f"{self.table}:{row_id}{self.suffix}"

    # ------------------------------------------------------------------
    # statements
    # ------------------------------------------------------------------

    def count(self) -> str:
        return f"SELECT count(*) FROM {self.table} t WHERE {self.where}"

    def all_ids(self) -> str:
        """Ids in order, after ``id``."""
        return self._ids(self.where)

    def existing_ids(self) -> str:
        """Ids of what is there still, in order, after ``id``."""
        return self._ids(self.exists or self.where)

    def _ids(self, where: str) -> str:
        return (
            f"SELECT t.id FROM {self.table} t WHERE ({where}) AND t.id > %(id)s"
            " ORDER BY t.id LIMIT %(limit)s"
        )

    def changed_ids(self) -> str:
        """(id, stamp) of what changed since ``since``, after (``at``, ``id``)."""
        return (
            f"SELECT id, max(at)::text FROM ({self._stamps('>= %(since)s')}) k GROUP BY id"
            " HAVING (max(at), id) > (%(at)s::timestamp, %(id)s)"
            " ORDER BY max(at), id LIMIT %(limit)s"
        )

    def stamps_of(self) -> str:
        """(id, stamp) of ``ids``."""
        stamps = self._stamps("IS NOT NULL AND t.id = ANY(%(ids)s)")
        return f"SELECT id, max(at)::text FROM ({stamps}) k GROUP BY id"

    def rows(self) -> str:
        """(id, row as JSON) of ``ids``; JSON so that a date beyond Python's calendar
        spoils its own record only."""
        return (
            f"SELECT q.id, row_to_json(q) FROM ({self.select}"
            " WHERE t.id = ANY(%(ids)s)) q"
        )

    def _stamps(self, condition: str) -> str:
        parts = [("t", f"{self.table} t")]
        parts += [("x", clause) for clause in self.touched]
        return " UNION ALL ".join(
            f"SELECT t.id, {stamp(alias)} AS at FROM {clause}"
            f" WHERE ({self.where}) AND {stamp(alias)} {condition}"
            for alias, clause in parts
        )


def stamp(alias: str) -> str:
    """When a row was last written: ``write_date`` is empty until the first update."""
    return f"COALESCE({alias}.write_date, {alias}.create_date)"


def _tables(text: str) -> set[str]:
    return set(_TABLES.findall(text))
