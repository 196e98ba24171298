"""Records that cannot be written yet: waiting, partial, quarantined."""

from __future__ import annotations

import orjson

from odoo import api, models

from ...feed_adapters.canonical import Problem, Record
from ...tools.staging import copy_rows
from .page_state import Item, PageState

# a released batch, so that memory stays flat however many wait for one person
CHUNK = 5000
_COLUMNS = (
    "source_id",
    "company_id",
    "run_id",
    "res_type",
    "ext_id",
    "state",
    "payload",
    "updated_at",
    "reason_code",
    "reason",
    "reason_values",
    "reason_field",
    "reason_value",
    "wait_type",
    "wait_ext_id",
    "wait_keys",
    "content_hash",
    "attempt_count",
    "date_first",
    "date_last",
)


class HcrmFeedWaiting(models.AbstractModel):
    """Put records into the inbox, and take them up again when their parent arrives."""

    _name = "hcrm.feed.waiting"
    _description = "Feed Waiting Room"

    @api.model
    def _put(
        self, page: PageState, state: str, pairs: list[tuple[Item, Problem]]
    ) -> None:
        """Keep records with their payload and the reason in words."""
        if not pairs:
            return
        unique = {item.key: (item, problem) for item, problem in pairs}
        self.env.cr.execute(
            "CREATE TEMP TABLE IF NOT EXISTS hcrm_inbox_stage"
            " (LIKE hcrm_feed_inbox) ON COMMIT DROP"
        )
        self.env.cr.execute("ALTER TABLE hcrm_inbox_stage ALTER id DROP NOT NULL")
        self.env.cr.execute("TRUNCATE hcrm_inbox_stage")
        rows = (self._row(page, state, *pair) for pair in unique.values())
        copy_rows(self.env.cr, "hcrm_inbox_stage", _COLUMNS, rows)
        names = ", ".join(_COLUMNS)
        updated = [c for c in _COLUMNS[2:] if c not in ("date_first", "attempt_count")]
        sets = ", ".join(
            f"{name} = EXCLUDED.{name}" for name in updated if name != "res_type"
        )
        self.env.cr.execute(
            f"INSERT INTO hcrm_feed_inbox AS i ({names}, create_uid, write_uid, create_date,"
            f" write_date) SELECT {names}, %(uid)s, %(uid)s, date_last, date_last"
            " FROM hcrm_inbox_stage ON CONFLICT (source_id, res_type, ext_id) DO UPDATE"
            f" SET {sets}, write_date = EXCLUDED.write_date,"
            " attempt_count = i.attempt_count + 1",
            {"uid": self.env.uid},
        )

    def _row(self, page: PageState, state: str, item: Item, problem: Problem) -> tuple:
        record = item.record
        wait = item.missing[0] if item.missing else (None, None)
        keys = orjson.dumps([f"{ref[0]}/{ref[1]}" for ref in item.missing]).decode()
        reason = self.env["hcrm.feed.reason"]._sentence(record, problem)
        return (
            page.source.id,
            page.source.company_id.id,
            page.run.id or None,
            record.type,
            record.ext_id,
            state,
            _payload(record),
            record.updated_at,
            problem.code,
            reason,
            orjson.dumps(problem.values, default=str).decode(),
            problem.values.get("field"),
            problem.values.get("value") if problem.code == "unknown_value" else None,
            wait[0],
            wait[1],
            keys if item.missing else None,
            record.content_hash,
            1,
            page.now,
            page.now,
        )

    @api.model
    def _clear(self, items: list[Item]) -> None:
        """What is written now is kept no longer."""
        ids = [item.inbox_id for item in items if item.inbox_id]
        if ids:
            self.env.cr.execute(
                "DELETE FROM hcrm_feed_inbox WHERE id = ANY(%s)", (ids,)
            )

    @api.model
    def _release(self, page: PageState) -> list[Item]:
        """Records that waited for what became known; at most a chunk at a time."""
        if not page.fresh:
            return []
        keys = sorted(f"{res_type}/{ext_id}" for res_type, ext_id in page.fresh)
        # the gin index finds them by key; the source is checked on the few rows found
        self.env.cr.execute(
            "SELECT id FROM hcrm_feed_inbox WHERE wait_keys ?| %s::text[]"
            " AND state IN ('waiting', 'partial') AND source_id = %s ORDER BY id LIMIT %s",
            (keys, page.source.id, CHUNK),
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        if len(ids) < CHUNK:
            page.fresh.clear()
        return self._take(ids)

    @api.model
    def _has_waiting(self, source_id: int) -> bool:
        """Whether anything at all waits: the common case is one cheap query."""
        self.env.cr.execute(
            "SELECT EXISTS (SELECT FROM hcrm_feed_inbox WHERE source_id = %s"
            " AND state IN ('waiting', 'partial'))",
            (source_id,),
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _take(self, ids: list[int]) -> list[Item]:
        """Inbox rows as items again."""
        self.env.cr.execute(
            """
            SELECT b.id, b.res_type, b.ext_id, b.payload, b.content_hash, b.updated_at,
                   i.id, i.res_model, i.res_id
              FROM hcrm_feed_inbox b
         LEFT JOIN hcrm_feed_identity i ON i.source_id = b.source_id
               AND i.res_type = b.res_type AND i.ext_id = b.ext_id
             WHERE b.id = ANY(%s) ORDER BY b.id
            """,
            (ids,),
        )
        items = []
        for (
            inbox_id,
            res_type,
            ext_id,
            payload,
            digest,
            at,
            *known,
        ) in self.env.cr.fetchall():
            record = Record(res_type, ext_id, None, bytes(digest or b""), at)
            try:
                record.data = orjson.loads(payload or "")
            except orjson.JSONDecodeError:
                record.problem, record.raw = Problem("not_json"), payload or ""
            items.append(Item(record, *known, inbox_id=inbox_id))
        return items

    @api.model
    def _expire(self, source) -> int:
        """Waiting for longer than the source allows: to the quarantine, with a reason."""
        self.env.cr.execute(
            """
            UPDATE hcrm_feed_inbox
               SET state = 'quarantine', reason_code = 'never_came',
                   reason = replace(%s, '{wait}', wait_type || '/' || wait_ext_id)
             WHERE source_id = %s AND state = 'waiting'
               AND date_first < (now() AT TIME ZONE 'UTC') - make_interval(days => %s)
            """,
            (
                self.env["hcrm.feed.reason"]._never_came(source.waiting_days),
                source.id,
                source.waiting_days,
            ),
        )
        return self.env.cr.rowcount


def _payload(record: Record) -> str:
    if record.data is None:
        return record.raw
    try:
        return orjson.dumps(record.data).decode().replace("\\u0000", "")
    except TypeError:
        return str(record.data)
