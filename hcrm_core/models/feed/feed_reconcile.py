"""What exists at the source against what we know: deletions, returns, gaps."""

from __future__ import annotations

from odoo import api, models

from ...feed_adapters.base import LISTING, AdapterError
from ...feed_adapters.canonical import Record
from ...tools.staging import stage
from .page_state import Item
from .record_writer import MODEL_OF_TYPE

# so much of a type vanishing at once is an error of the source until somebody says
# that it is not
BRAKE_PERCENT = 5
BRAKE_MIN = 20
# records shown to whoever decides
SHOWN = 10_000
# a source that repeats itself so often has no end
REPEATS = 3
PEOPLE = ("Patient", "RelatedPerson")


class HcrmFeedReconcile(models.AbstractModel):
    """Compare the ids at the source with the identities here, in short steps.

    ``list`` stages the ids page by page; ``compare`` counts per type and changes
    nothing; then the brake; ``mark`` notes what is missing, ``gone`` ends what was
    missing the last time as well. A type is judged only when the source told all
    of it. Every step is a job of its own; its place is the cursor of the run.
    """

    _name = "hcrm.feed.reconcile"
    _description = "Feed Reconciliation"

    @api.model
    def _step(self, run, adapter) -> bool:
        """Do the next step of a run; False at its end."""
        cursor = dict(run.cursor or {"phase": "list"})
        step = getattr(self, f"_step_{cursor['phase']}")
        cursor = step(run, adapter, cursor)
        if cursor is None:
            return False
        run.write(
            {
                "cursor": cursor,
                "page_count": run.page_count + 1,
                "retry_count": 0,
                "message": False,
            }
        )
        return True

    # ------------------------------------------------------------------
    # what exists
    # ------------------------------------------------------------------

    def _step_list(self, run, adapter, cursor: dict) -> dict:
        """Stage one page of ids."""
        if run.source_id.kind not in LISTING:
            raise AdapterError("cannot_list", kind=run.source_id.kind)
        at = cursor.get("at")
        read = next(adapter.ids(at, run.source_id.page_size))
        added = self._stage_ids(run, read.ids)
        idle = 0 if added or not read.ids else cursor.get("idle", 0) + 1
        if read.cursor is not None and (read.cursor == at or idle >= REPEATS):
            raise AdapterError("same_page")
        types = sorted({*cursor.get("types", ()), *read.complete})
        run.write(
            {
                "count_read": run.count_read + len(read.ids),
                "bytes_done": run.bytes_done + len(read.ids),
                "bytes_total": run.bytes_total or self._count_known(run),
            }
        )
        if read.cursor is None:
            return self._begin_compare(types)
        return {"phase": "list", "at": read.cursor, "types": types, "idle": idle}

    def _stage_ids(self, run, ids: list[tuple[str, str]]) -> int:
        """Note ids that exist; returns how many of them this run did not know."""
        staged = stage(
            self.env.cr, "listed_ids", {"res_type": "text", "ext_id": "text"}, set(ids)
        )
        self.env.cr.execute(
            f"INSERT INTO hcrm_feed_listed AS l (source_id, run_id, res_type, ext_id)"
            f" SELECT %s, %s, res_type, ext_id FROM {staged.code}"
            " ORDER BY res_type, ext_id"
            " ON CONFLICT (source_id, res_type, ext_id)"
            " DO UPDATE SET run_id = EXCLUDED.run_id WHERE l.run_id != EXCLUDED.run_id",
            (run.source_id.id, run.id),
        )
        return self.env.cr.rowcount

    def _count_known(self, run) -> int:
        return self.env["hcrm.feed.identity"].search_count(
            [("source_id", "=", run.source_id.id), ("state", "=", "live")]
        )

    # ------------------------------------------------------------------
    # the brake
    # ------------------------------------------------------------------

    def _begin_compare(self, types: list[str]) -> dict:
        return {"phase": "compare", "types": types, "todo": types, "counts": {}}

    def _step_compare(self, run, adapter, cursor: dict) -> dict | None:
        """Count what is missing of one type; after the last one, judge."""
        todo, counts = list(cursor["todo"]), dict(cursor["counts"])
        if todo:
            res_type = todo.pop(0)
            counts[res_type] = self._count(run, res_type)
        if todo:
            return {**cursor, "todo": todo, "counts": counts}
        braked = {
            res_type: (known, fresh)
            for res_type, (known, fresh) in counts.items()
            if fresh >= BRAKE_MIN and fresh * 100 > known * BRAKE_PERCENT
        }
        if braked and not run.is_confirmed:
            return self._brake(run, cursor["types"], braked)
        return {"phase": "mark", "types": cursor["types"], "todo": cursor["types"]}

    def _count(self, run, res_type: str) -> tuple[int, int]:
        """(live records here, those of them that are missing for the first time)."""
        self.env.cr.execute(
            """
            SELECT count(*),
                   count(*) FILTER (WHERE l.id IS NULL AND i.missing_count IS NULL)
              FROM hcrm_feed_identity i
         LEFT JOIN hcrm_feed_listed l
                ON l.source_id = i.source_id AND l.res_type = i.res_type
               AND l.ext_id = i.ext_id AND l.run_id = %s
             WHERE i.source_id = %s AND i.res_type = %s AND i.state = 'live'
            """,
            (run.id, run.source_id.id, res_type),
        )
        return self.env.cr.fetchone()

    def _brake(self, run, types: list[str], braked: dict) -> None:
        """Stop with a sentence and a list; nothing is changed."""
        self._show(run, sorted(braked))
        told = ", ".join(
            self.env._(
                "%(missing)s of %(known)s %(type)s",
                missing=fresh,
                known=known,
                type=res_type,
            )
            for res_type, (known, fresh) in sorted(braked.items())
        )
        run._stop_braked(
            self._begin_compare(types),
            self.env._(
                "The source no longer lists %(told)s. So many at once are rather an"
                " error of the source than deletions, so nothing was changed here."
                " Check the source; if they are really gone, look at the list and"
                " confirm it.",
                told=told,
            ),
        )

    def _show(self, run, types: list[str]) -> None:
        """List what is missing, with the person each record belongs to."""
        cr = self.env.cr
        cr.execute(
            "DELETE FROM hcrm_feed_vanished v USING hcrm_feed_run r"
            " WHERE r.id = v.run_id AND r.source_id = %s",
            (run.source_id.id,),
        )
        for res_type in types:
            model = MODEL_OF_TYPE.get(res_type)
            person, join = "NULL", ""
            if res_type in PEOPLE:
                person = "i.res_id"
            elif model:
                table = self.env[model]._table
                person, join = "f.partner_id", f"LEFT JOIN {table} f ON f.id = i.res_id"
            cr.execute(
                f"""
                INSERT INTO hcrm_feed_vanished
                       (run_id, res_type, ext_id, partner_id, date_read)
                SELECT %s, i.res_type, i.ext_id, {person}, i.updated_at
                  FROM hcrm_feed_identity i {join}
                 WHERE i.source_id = %s AND i.res_type = %s AND i.state = 'live'
                   AND i.missing_count IS NULL
                   AND NOT EXISTS (
                       SELECT FROM hcrm_feed_listed l
                        WHERE l.source_id = i.source_id AND l.res_type = i.res_type
                          AND l.ext_id = i.ext_id AND l.run_id = %s)
              ORDER BY i.ext_id
                 LIMIT %s
                """,
                (run.id, run.source_id.id, res_type, run.id, SHOWN // len(types)),
            )

    # ------------------------------------------------------------------
    # what follows
    # ------------------------------------------------------------------

    def _step_mark(self, run, adapter, cursor: dict) -> dict:
        """Note of one type what is missing, what returned and what is unknown."""
        todo = list(cursor["todo"])
        back = list(cursor.get("back", ()))
        if todo:
            res_type = todo.pop(0)
            missing = self._mark_missing(run, res_type)
            returned = self._count_returned(run, res_type)
            unknown = self._mark_unknown(run, res_type)
            if returned:
                back.append(res_type)
            run.write(
                {
                    "count_missing": run.count_missing + missing,
                    "count_back": run.count_back + returned,
                    "count_unknown": run.count_unknown + unknown,
                }
            )
        cursor = {**cursor, "todo": todo, "back": back}
        return cursor if todo else {**cursor, "phase": "gone", "todo": cursor["types"]}

    def _mark_missing(self, run, res_type: str) -> int:
        """Missing counts up; what a person confirmed counts as missing twice."""
        self.env.cr.execute(
            """
            WITH known AS (
                SELECT i.id, l.id IS NULL AS is_missing
                  FROM hcrm_feed_identity i
             LEFT JOIN hcrm_feed_listed l
                    ON l.source_id = i.source_id AND l.res_type = i.res_type
                   AND l.ext_id = i.ext_id AND l.run_id = %(run)s
                 WHERE i.source_id = %(source)s AND i.res_type = %(type)s
                   AND i.state = 'live' AND (l.id IS NULL OR i.missing_count > 0)
            ), marked AS (
                UPDATE hcrm_feed_identity i
                   SET missing_count = CASE WHEN k.is_missing
                                            THEN COALESCE(i.missing_count, 0) + %(step)s END
                  FROM known k
                 WHERE i.id = k.id
             RETURNING i.missing_count
            )
            SELECT count(*) FROM marked WHERE missing_count = 1
            """,
            {
                "run": run.id,
                "source": run.source_id.id,
                "type": res_type,
                "step": 2 if run.is_confirmed else 1,
            },
        )
        return self.env.cr.fetchone()[0]

    def _count_returned(self, run, res_type: str) -> int:
        """Records that went without a word and are listed again.

        One that the source itself said it deleted comes back by a newer version.
        """
        self.env.cr.execute(
            """
            SELECT count(*) FROM hcrm_feed_identity i
              JOIN hcrm_feed_listed l
                ON l.source_id = i.source_id AND l.res_type = i.res_type
               AND l.ext_id = i.ext_id AND l.run_id = %s
             WHERE i.source_id = %s AND i.res_type = %s AND i.state = 'gone'
               AND i.content_hash = ''
            """,
            (run.id, run.source_id.id, res_type),
        )
        return self.env.cr.fetchone()[0]

    def _mark_unknown(self, run, res_type: str) -> int:
        """Ids at the source of which nothing is here, not even in the inbox."""
        self.env.cr.execute(
            f"UPDATE hcrm_feed_listed l SET is_unknown = true WHERE l.source_id = %s"
            f" AND l.res_type = %s AND l.run_id = %s AND {_NOTHING_HERE}",
            (run.source_id.id, res_type, run.id),
        )
        return self.env.cr.rowcount

    def _step_gone(self, run, adapter, cursor: dict) -> dict | None:
        """End a page of what was missing twice in a row."""
        todo = list(cursor["todo"])
        if not todo:
            self._finish(run, cursor.get("back", ()))
            run._finish(adapter)
            return None
        items = self._take_gone(run, todo[0])
        if items:
            pipeline = self.env["hcrm.feed.pipeline"]
            page = pipeline._page(run)
            pipeline._write_deleted(page, todo[0], items)
            self.env["hcrm.feed.record.summary"]._update(page)
            self.env.invalidate_all(flush=False)
            run.count_gone += len(items)
        if len(items) < run.source_id.page_size:
            todo.pop(0)
        return {**cursor, "todo": todo}

    def _take_gone(self, run, res_type: str) -> list[Item]:
        self.env.cr.execute(
            """
            SELECT i.ext_id, i.updated_at, i.id, i.res_model, i.res_id, b.id
              FROM hcrm_feed_identity i
         LEFT JOIN hcrm_feed_inbox b ON b.source_id = i.source_id
               AND b.res_type = i.res_type AND b.ext_id = i.ext_id
             WHERE i.source_id = %s AND i.res_type = %s AND i.state = 'live'
               AND i.missing_count > 1
          ORDER BY i.id
             LIMIT %s
            """,
            (run.source_id.id, res_type, run.source_id.page_size),
        )
        # an empty hash: whatever the source tells of the record next is taken
        return [
            Item(Record(res_type, ext_id, updated_at=stamp, deleted=True), *known)
            for ext_id, stamp, *known in self.env.cr.fetchall()
        ]

    def _finish(self, run, back) -> None:
        """Have returned types read whole; keep only the ids that are unknown."""
        self._read_whole(run.source_id, back)
        self.env.cr.execute(
            "DELETE FROM hcrm_feed_listed WHERE source_id = %s"
            " AND (run_id != %s OR is_unknown IS NOT TRUE)",
            (run.source_id.id, run.id),
        )

    def _read_whole(self, source, types) -> None:
        """The next run reads these types from their beginning."""
        if types:
            self.env.cr.execute(
                "DELETE FROM hcrm_feed_cursor WHERE source_id = %s AND res_type = ANY(%s)",
                (source.id, list(types)),
            )
            self.env["hcrm.feed.cursor"].invalidate_model(flush=False)

    @api.model
    def _follow_up(self, run) -> None:
        """After a run that reads: what it should have brought and did not.

        Most ids that are unknown at a reconciliation are simply newer than the last
        run. One that a later run does not bring either lies before the cursor: its
        type is read whole, once.
        """
        source_id = run.source_id.id
        self.env.cr.execute(
            "DELETE FROM hcrm_feed_listed l WHERE l.source_id = %s AND l.is_unknown"
            f" AND NOT ({_NOTHING_HERE})",
            (source_id,),
        )
        self.env.cr.execute(
            "UPDATE hcrm_feed_listed SET is_asked = true"
            " WHERE source_id = %s AND is_unknown AND is_asked IS NOT TRUE"
            " RETURNING res_type",
            (source_id,),
        )
        types = {row[0] for row in self.env.cr.fetchall()}
        if run.mode != "full":
            self._read_whole(run.source_id, types)


_NOTHING_HERE = """
    NOT EXISTS (SELECT FROM hcrm_feed_identity i WHERE i.source_id = l.source_id
                   AND i.res_type = l.res_type AND i.ext_id = l.ext_id)
    AND NOT EXISTS (SELECT FROM hcrm_feed_inbox b WHERE b.source_id = l.source_id
                   AND b.res_type = l.res_type AND b.ext_id = l.ext_id)"""
