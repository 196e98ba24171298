"""GNU Health as a source, read from its PostgreSQL and never written to.

What changes is found by stamps, one statement per table; what the record then says
is read as it is at that moment. So the stamps decide what to read, never which
version is the newer one: a deleted phone takes its stamp with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from . import (
    gnuhealth_facts,
    gnuhealth_measures,
    gnuhealth_money,
    gnuhealth_people,
    gnuhealth_places,
    gnuhealth_visits,
)
from .base import AdapterError, Report, SourceConfig, register
from .canonical import WRITE_ORDER, IdPage, Page, Record
from .fhir_record import DELETED_HASH, problem_record, record_from_data
from .gnuhealth_connection import reading
from .gnuhealth_stream import Stream

STREAMS: tuple[Stream, ...] = tuple(
    sorted(
        (
            *gnuhealth_places.STREAMS,
            *gnuhealth_people.STREAMS,
            *gnuhealth_visits.STREAMS,
            *gnuhealth_facts.STREAMS,
            *gnuhealth_measures.STREAMS,
            *gnuhealth_money.STREAMS,
        ),
        key=lambda stream: WRITE_ORDER.index(stream.type),
    )
)
# so many changes of one stream at once are read like a first load
BULK = 20_000
# a stamp before every other, and the margin for transactions that end while we read
_BEGINNING = "0001-01-01"
_NOW = "SELECT ((now() AT TIME ZONE 'utc') - interval '5 seconds')::text"
_COLUMNS = (
    "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = current_schema()"
)
# tables that are there and that the role may not read, or may write to
_RIGHTS = """
SELECT c.relname, has_table_privilege(c.oid, 'SELECT'),
       has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
  FROM pg_class c
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s)"""


@register("gnuhealth_sql", lists_ids=True)
class GnuHealth:
    """Pages over the streams in writing order, from a place that a cursor names."""

    def __init__(self, config: SourceConfig):
        self.config = config

    def prepare(self) -> None:
        """See that the source answers, is a GNU Health, and may be read.

        A table that is there and may not be read would silently be missing.
        """
        with reading(self.config) as cr:
            self._streams(cr)
            closed = [
                name for name, may_read, _write in self._rights(cr) if not may_read
            ]
        if closed:
            raise AdapterError(
                "db_no_right", login=self.config.login, error=", ".join(sorted(closed))
            )

    def cleanup(self) -> None:
        """Nothing is left behind."""

    # ------------------------------------------------------------------
    # records
    # ------------------------------------------------------------------

    def pages(self, cursor: dict | None, limit: int) -> Iterator[Page]:
        """Yield pages; see :class:`~.base.Adapter`."""
        while True:
            with reading(self.config) as cr:
                page = self._page(cr, cursor, limit)
            yield page
            cursor = page.cursor
            if cursor is None:
                return

    def _page(self, cr, cursor: dict | None, limit: int) -> Page:
        streams = self._streams(cr)
        place = dict(cursor) if cursor else self._start(cr, streams)
        records: list[Record] = []
        watermarks: dict[str, datetime] = {}
        while place["stream"] < len(streams) and len(records) < limit:
            stream = streams[place["stream"]]
            wanted = limit - len(records)
            keys = self._keys(cr, stream, place, wanted)
            records += self._records(cr, stream, keys)
            if len(keys) < wanted:
                self._leave(streams, place, watermarks)
            else:
                place["id"], place["at"] = keys[-1]
        place["done"] += len(records)
        is_end = place["stream"] >= len(streams)
        return Page(
            records,
            None if is_end else place,
            bytes_done=place["done"],
            bytes_total=place["total"],
            watermarks=watermarks,
        )

    def _start(self, cr, streams: list[Stream]) -> dict[str, Any]:
        """The first place, and the moment up to which this run reads everything."""
        cr.execute(_NOW)
        until = cr.fetchone()[0]
        total = 0
        for stream in streams:
            if stream.type not in self.config.since:
                cr.execute(stream.count())
                total += cr.fetchone()[0]
        place = {"stream": 0, "until": until, "done": 0, "total": total}
        return {**place, "id": 0, "at": _BEGINNING}

    def _leave(
        self, streams: list[Stream], place: dict[str, Any], watermarks: dict
    ) -> None:
        """Go on to the next stream; a type is read when its last stream is."""
        res_type = streams[place["stream"]].type
        place.update(stream=place["stream"] + 1, id=0, at=_BEGINNING)
        if all(stream.type != res_type for stream in streams[place["stream"] :]):
            watermarks[res_type] = datetime.fromisoformat(place["until"])

    def _keys(
        self, cr, stream: Stream, place: dict[str, Any], limit: int
    ) -> list[tuple[int, str]]:
        """(id, stamp) of the next rows: by id in a full run, else as they changed.

        Where very many changed at once, every page would look for them all again:
        they are read by id as well, like everything else of their stream.
        """
        since = self.config.since.get(stream.type)
        if since and place.get("whole") != place["stream"]:
            values = {"id": place["id"], "at": place["at"], "since": since}
            cr.execute(stream.changed_ids(), {**values, "limit": limit})
            keys = cr.fetchall()
            is_first = place["at"] == _BEGINNING
            if not (is_first and len(keys) == limit and self._is_bulk(cr, stream)):
                return keys
            place["whole"] = place["stream"]
        cr.execute(stream.all_ids(), {"id": place["id"], "limit": limit})
        ids = [row[0] for row in cr.fetchall()]
        if not ids:
            return []
        cr.execute(stream.stamps_of(), {"ids": ids})
        stamps = dict(cr.fetchall())
        return [(row_id, stamps.get(row_id) or _BEGINNING) for row_id in ids]

    def _is_bulk(self, cr, stream: Stream) -> bool:
        """Whether more of a stream changed than is worth looking for page by page."""
        values = {"since": self.config.since[stream.type], "id": 0, "at": _BEGINNING}
        cr.execute(stream.changed_ids(), {**values, "limit": BULK + 1})
        return cr.rowcount > BULK

    def _records(
        self, cr, stream: Stream, keys: list[tuple[int, str]]
    ) -> Iterator[Record]:
        if not keys:
            return
        cr.execute(stream.rows(), {"ids": [row_id for row_id, _at in keys]})
        rows = dict(cr.fetchall())
        for row_id, at in keys:
            if row_id in rows:
                record = self._record(stream, stream.ext_id(row_id), rows[row_id])
                if record:
                    record.updated_at = _moment(at)
                    record.is_current = True
                    yield record

    def _record(self, stream: Stream, ext_id: str, row: dict) -> Record | None:
        """The record of a row; one of a shape nobody thought of is a problem."""
        try:
            data = stream.build(row)
        except (TypeError, AttributeError, ValueError, KeyError) as error:
            text = f"{type(error).__name__}: {error}"[:200]
            return problem_record("wrong_shape", ext_id, row, stream.type, error=text)
        if data is None:
            return None
        if data.get("_deleted"):
            return Record(stream.type, ext_id, content_hash=DELETED_HASH, deleted=True)
        return record_from_data(data, ext_id)

    # ------------------------------------------------------------------
    # ids, check
    # ------------------------------------------------------------------

    def ids(self, cursor: dict | None, limit: int) -> Iterator[IdPage]:
        """Yield every external id that is there now."""
        while True:
            with reading(self.config) as cr:
                page = self._id_page(cr, cursor, limit)
            yield page
            cursor = page.cursor
            if cursor is None:
                return

    def _id_page(self, cr, cursor: dict | None, limit: int) -> IdPage:
        streams = self._streams(cr)
        place = dict(cursor or {"stream": 0, "id": 0})
        found: list[tuple[str, str]] = []
        complete: set[str] = set()
        while place["stream"] < len(streams) and len(found) < limit:
            stream = streams[place["stream"]]
            wanted = limit - len(found)
            cr.execute(stream.existing_ids(), {"id": place["id"], "limit": wanted})
            ids = [row[0] for row in cr.fetchall()]
            found += [(stream.type, stream.ext_id(row_id)) for row_id in ids]
            if len(ids) == wanted:
                place["id"] = ids[-1]
                continue
            place = {"stream": place["stream"] + 1, "id": 0}
            if all(one.type != stream.type for one in streams[place["stream"] :]):
                complete.add(stream.type)
        is_end = place["stream"] >= len(streams)
        return IdPage(found, None if is_end else place, frozenset(complete))

    def check(self, limit: int) -> Report:
        """Count what is there by type, and tell what this installation lacks."""
        report = Report(notes=[("db_answers", {"database": self.config.database})])
        with reading(self.config) as cr:
            streams = self._streams(cr)
            for stream in streams:
                cr.execute(stream.count())
                count = cr.fetchone()[0]
                report.counts[stream.type] = report.counts.get(stream.type, 0) + count
            if any(may_write for _name, _read, may_write in self._rights(cr)):
                report.notes.append(("db_may_write", {"login": self.config.login}))
        present = {stream.name for stream in streams}
        report.ignored = [one.name for one in STREAMS if one.name not in present]
        return report

    def _rights(self, cr) -> list[tuple[str, bool, bool]]:
        """(table, may be read, may be written to) of every table that is read."""
        names = {table for stream in STREAMS for table in stream.all_tables}
        cr.execute(_RIGHTS, [list(names)])
        return cr.fetchall()

    def _streams(self, cr) -> list[Stream]:
        """The streams that this installation and the source's settings have."""
        cr.execute(_COLUMNS)
        columns = set(cr.fetchall())
        if ("gnuhealth_patient", "id") not in columns:
            raise AdapterError("db_not_gnuhealth", database=self.config.database)
        wanted = self.config.only_types
        found = []
        for stream in STREAMS:
            bound = stream.bound(columns)
            if bound and (not wanted or stream.type in wanted):
                found.append(bound)
        return found


def _moment(at: str) -> datetime | None:
    if at == _BEGINNING:
        return None
    return datetime.fromisoformat(at).replace(microsecond=0)
