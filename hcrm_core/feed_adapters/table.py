"""A HIS read through SELECTs over a DB-API connection.

``options`` of the source: ``dialect``, ``encoding``, ``is_raw_text``,
``statement_seconds`` and ``tables``, a list of plain settings each:

``name``, ``type`` (FHIR), ``sql``, ``keys`` (columns; rows that share them are one
record), ``id_template``, ``stamp`` or ``date`` with ``date_days``, ``time_format``,
``person`` (rows of one person), ``void_column``/``void_values``,
``refund_column``/``refund_values``, ``entity``, ``columns`` (see
:mod:`table_rows`), and for a table that adds rows to another ``parent`` (its name)
and ``parent_columns``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from .base import AdapterError, Report, SourceConfig, register
from .canonical import WRITE_ORDER, IdPage, Page, Problem, Record
from .fhir_record import content_hash, problem_record, record_from_data
from .fhir_values import MapError
from .table_dialects import dialect_for
from .table_paths import merge
from .table_reader import TableReader, key_text
from .table_rows import RowMapper, fold

PEOPLE_FILE = "people.json"
_ORDER = {name: index for index, name in enumerate(WRITE_ORDER)}
PROGRESS = 1000


class OpenTable:
    """A table being read: its statements, mapping and the tables that add to it."""

    def __init__(self, adapter: TableSource, connection: Any, spec: dict):
        aliases = adapter.aliases
        zone = adapter.config.zone or UTC
        self.spec = spec
        self.mapper = RowMapper(spec, aliases)
        self.reader = TableReader(adapter.dialect, connection, spec, zone)
        self.children = [
            (
                TableReader(adapter.dialect, connection, child, zone),
                RowMapper({**child, "type": spec["type"]}, aliases),
            )
            for child in adapter.children_of(spec)
        ]

    def check(self) -> None:
        self.reader.check_columns(self.mapper)
        for reader, mapper in self.children:
            reader.check_columns(mapper)

    # ------------------------------------------------------------------
    # records
    # ------------------------------------------------------------------

    def records(self, groups: list[list[dict]], is_full: bool) -> list[Record]:
        """One record of the rows of each key, or of each person."""
        people = self._people(groups, is_full)
        added = self._added([group for _ext_id, group in people])
        return [self._record(ext_id, group, added) for ext_id, group in people]

    def _people(self, groups: list, is_full: bool) -> list[tuple[str | None, list]]:
        """Groups by the id they stand for; rows of one person come together."""
        aliases = self.mapper.aliases
        named = [(self.mapper.ext_id(group[0]), group) for group in groups]
        if not self.spec.get("person") or not aliases:
            return named
        column = fold(self.spec["person"])
        several = {
            aliases[ext_id]: group[0][column]
            for ext_id, group in named
            if ext_id in aliases and (not is_full or aliases[ext_id] == ext_id)
        }
        rows_of: dict[str, list[dict]] = {first: [] for first in several}
        for row in self.reader.of_people(sorted(set(several.values()), key=str)):
            first = aliases.get(self.mapper.ext_id(row) or "")
            if first in rows_of:
                rows_of[first].append(row)
        found, told = [], set()
        for ext_id, group in named:
            if ext_id not in aliases:
                found.append((ext_id, group))
                continue
            first = aliases[ext_id]
            if rows_of.get(first) and first not in told:
                told.add(first)
                found.append((first, sorted(rows_of[first], key=self._age)))
        return found

    def _age(self, row: dict) -> tuple:
        ext_id = self.mapper.ext_id(row) or ""
        return len(ext_id), ext_id

    def _added(self, groups: list[list[dict]]) -> list[dict]:
        """Per child table: its rows by the key of the rows they add to."""
        keys = {
            tuple(key_text(row.get(key)) for key in self.mapper.keys): [
                row.get(key) for key in self.mapper.keys
            ]
            for group in groups
            for row in group
        }
        return [reader.of_parents(list(keys.values())) for reader, _m in self.children]

    def _record(self, ext_id: str | None, group: list[dict], added: list) -> Record:
        where = ext_id or self._where(group)
        try:
            if ext_id is None:
                raise MapError("no_id")
            data = self.mapper.resource(ext_id, group)
            for (_reader, mapper), rows_of in zip(self.children, added, strict=True):
                self._add(data, mapper, rows_of, group)
        except MapError as error:
            record = problem_record(
                error.code, where, _shown(group), self.spec["type"], **error.values
            )
        else:
            record = record_from_data(data, where)
        record.updated_at = self.reader.stamp_of(group) or record.updated_at
        return record

    def _add(self, data: dict, mapper: RowMapper, rows_of: dict, group: list) -> None:
        seen = set()
        for row in group:
            key = tuple(key_text(row.get(name)) for name in self.mapper.keys)
            if key not in seen:
                seen.add(key)
                for child in rows_of.get(key, ()):
                    merge(data, mapper.fragment(child))

    def _where(self, group: list[dict]) -> str:
        key = "-".join(key_text(group[0].get(name)) for name in self.mapper.keys)
        return f"{self.spec['name']}:{key}"[:255]


@register("table", lists_ids=True)
class TableSource:
    """Reads tables one after another, each by its key, people before facts."""

    def __init__(self, config: SourceConfig):
        self.config = config
        self.dialect = dialect_for(config)
        self.specs: list[dict] = config.options.get("tables") or []
        wanted = config.only_types
        main = [
            spec
            for spec in self.specs
            if not spec.get("parent") and (not wanted or spec["type"] in wanted)
        ]
        self.tables = sorted(main, key=lambda spec: _ORDER.get(spec["type"], 99))
        self._aliases: dict[str, str] | None = None

    def children_of(self, spec: dict) -> list[dict]:
        return [item for item in self.specs if item.get("parent") == spec["name"]]

    @contextlib.contextmanager
    def _open(self) -> Iterator[Any]:
        """A connection for one step; nothing is left open at the HIS between pages."""
        connection = self.dialect.connect()
        try:
            yield connection
        finally:
            with contextlib.suppress(Exception):  # it may be lost already
                connection.rollback()
            with contextlib.suppress(Exception):
                connection.close()

    def _check_tables(self) -> None:
        if not self.tables:
            raise AdapterError("no_tables")

    # ------------------------------------------------------------------
    # start and end of a run
    # ------------------------------------------------------------------

    def prepare(self) -> None:
        """Check every SELECT and column; find out which patient rows are one person."""
        self._check_tables()
        with self._open() as connection:
            self._aliases = {}
            for spec in self.tables:
                table = OpenTable(self, connection, spec)
                table.check()
                if spec.get("person"):
                    self._aliases.update(table.reader.people(table.mapper))
        os.makedirs(self.config.spool, exist_ok=True)
        path = os.path.join(self.config.spool, PEOPLE_FILE)
        with open(path + ".new", "wb") as out:
            out.write(orjson.dumps(self._aliases))
        os.replace(path + ".new", path)

    def cleanup(self) -> None:
        shutil.rmtree(self.config.spool, ignore_errors=True)

    @property
    def aliases(self) -> dict[str, str]:
        """Id of a patient row -> id of the person; made anew where it got lost."""
        if self._aliases is None:
            path = os.path.join(self.config.spool, PEOPLE_FILE)
            if not os.path.exists(path):
                self.prepare()
            else:
                with open(path, "rb") as stream:
                    self._aliases = orjson.loads(stream.read())
        return self._aliases

    # ------------------------------------------------------------------
    # pages
    # ------------------------------------------------------------------

    def pages(self, cursor: dict | None, limit: int) -> Iterator[Page]:
        """Pages of up to ``limit`` rows; one connection each, so none is held open."""
        _aliases = self.aliases
        while True:
            page = self._page(cursor or {"table": 0, "after": None}, limit)
            yield page
            cursor = page.cursor
            if cursor is None:
                return

    def _page(self, cursor: dict, limit: int) -> Page:
        with self._open() as connection:
            if "high" not in cursor:
                cursor = {**cursor, "high": self._high(connection)}
            spec = self.tables[cursor["table"]]
            table = OpenTable(self, connection, spec)
            since = self.config.since.get(spec["type"])
            readers = [reader for reader, _mapper in table.children]
            changed = table.reader.changed(since, readers)
            groups, last = table.reader.page(cursor["after"], limit, changed)
            records = table.records(groups, not changed[0])
        return self._next(cursor, records, last)

    def _next(self, cursor: dict, records: list[Record], last: list | None) -> Page:
        index = cursor["table"]
        total = PROGRESS * len(self.tables)
        if last is not None:
            done = PROGRESS * index + PROGRESS // 2
            return Page(records, {**cursor, "after": last}, done, total)
        after = {"table": index + 1, "after": None, "high": cursor["high"]}
        done = PROGRESS * (index + 1)
        marks = self._watermarks(index, cursor["high"])
        at = after if index + 1 < len(self.tables) else None
        return Page(records, at, done, total, marks)

    def _watermarks(self, index: int, high: dict[str, str]) -> dict[str, datetime]:
        """The stamp a type is complete up to, once its last table is read."""
        res_type = self.tables[index]["type"]
        later = {spec["type"] for spec in self.tables[index + 1 :]}
        if res_type in later or res_type not in high:
            return {}
        return {res_type: datetime.fromisoformat(high[res_type])}

    def _high(self, connection: Any) -> dict[str, str]:
        """Newest stamp per type before the first row is read: what changes while we
        read lies behind it. Types with a table that tells no time are left out."""
        high: dict[str, str] = {}
        untold = set()
        for spec in self.tables:
            table = OpenTable(self, connection, spec)
            stamps = []
            for reader in [table.reader, *(reader for reader, _m in table.children)]:
                if reader.spec.get("stamp"):
                    stamps.append(reader.high())
                elif reader.spec.get("date"):
                    stamps.append(datetime.now(UTC).replace(tzinfo=None, microsecond=0))
                elif reader is table.reader:
                    untold.add(spec["type"])
            for stamp in stamps:
                if stamp is not None:
                    said = stamp.isoformat()
                    high[spec["type"]] = max(high.get(spec["type"], said), said)
        return {name: stamp for name, stamp in high.items() if name not in untold}

    # ------------------------------------------------------------------
    # what exists
    # ------------------------------------------------------------------

    def ids(self, cursor: dict | None, limit: int) -> Iterator[IdPage]:
        """External ids, by the key columns alone."""
        place = cursor or {"table": 0, "after": None}
        aliases = self.aliases
        while place is not None:
            index = place["table"]
            spec = self.tables[index]
            with self._open() as connection:
                table = OpenTable(self, connection, spec)
                wanted = {*table.mapper.keys, *table.mapper.id_template.columns}
                columns = ", ".join(
                    table.reader.quoted(name) for name in sorted(wanted)
                )
                groups, last = table.reader.page(
                    place["after"], limit, ("", []), columns
                )
                found = [table.mapper.ext_id(group[0]) for group in groups]
            is_person = bool(spec.get("person"))
            ids = [
                (spec["type"], ext_id)
                for ext_id in found
                if ext_id and (not is_person or aliases.get(ext_id, ext_id) == ext_id)
            ]
            complete = frozenset()
            if last is not None:
                place = {"table": index, "after": last}
            else:
                later = {item["type"] for item in self.tables[index + 1 :]}
                complete = frozenset({spec["type"]} - later)
                is_end = index + 1 == len(self.tables)
                place = None if is_end else {"table": index + 1, "after": None}
            yield IdPage(ids, place, complete)

    # ------------------------------------------------------------------
    # looking at a source
    # ------------------------------------------------------------------

    def check(self, limit: int) -> Report:
        """Connect, check every SELECT and column, and count rows by type."""
        self._check_tables()
        report = Report()
        with self._open() as connection:
            self._aliases = {}
            for spec in self.tables:
                table = OpenTable(self, connection, spec)
                table.check()
                count = table.reader.count()
                report.counts[spec["type"]] = report.counts.get(spec["type"], 0) + count
                report.unreadable += table.reader.count_without_key()
        return report

    def sample(self, limit: int) -> list[Record]:
        """The first records of every type."""
        found: dict[str, list[Record]] = {}
        aliases = self.aliases
        with self._open() as connection:
            for spec in self.tables:
                table = OpenTable(self, connection, spec)
                room = limit - len(found.get(spec["type"], ()))
                if room > 0:
                    groups, _last = table.reader.page(None, room, ("", []))
                    records = table.records(groups[:room], not aliases)
                    found.setdefault(spec["type"], []).extend(records)
        return [record for records in found.values() for record in records]

    def columns(self, name: str) -> tuple[list[str], list[list]]:
        """(column names, values of the first rows) of one table."""
        spec = next(item for item in self.specs if item["name"] == name)
        with self._open() as connection:
            zone = self.config.zone or UTC
            return TableReader(self.dialect, connection, spec, zone).raw(5)

    def preview(self, name: str, limit: int) -> list[tuple[list[dict], Record]]:
        """The first records of a table with the rows they are made of."""
        spec = next(item for item in self.specs if item["name"] == name)
        with self._open() as connection:
            self._aliases = {}
            table = OpenTable(self, connection, spec)
            table.check()
            if spec.get("parent"):
                rows = table.reader.rows(limit=limit)
                return [([row], _fragment_record(table, row)) for row in rows]
            groups, _last = table.reader.page(None, limit, ("", []))
            groups = groups[:limit]
            records = table.records(groups, True)
            return list(zip(groups, records, strict=False))


def _fragment_record(table: OpenTable, row: dict) -> Record:
    """What a row of a table that adds to another one tells by itself."""
    try:
        data = table.mapper.fragment(row)
    except MapError as error:
        problem = Problem(error.code, error.values)
        return Record(table.spec["type"], "", problem=problem, raw=_shown([row]))
    return Record(table.spec["type"], "", data, content_hash(data))


def _shown(rows: list[dict]) -> str:
    """Rows as text for the quarantine."""
    return orjson.dumps(rows, default=str).decode()
