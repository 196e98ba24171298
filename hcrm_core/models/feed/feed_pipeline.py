"""From a page of canonical records to people, facts and events."""

from __future__ import annotations

import psycopg2

from odoo import api, fields, models

from ...feed_adapters.canonical import WRITE_ORDER, Problem, Record, Row
from ...feed_adapters.fhir_map import map_record
from ...tools.staging import copy_rows
from .page_state import Item, PageState, Result, Target

PLACES = ("Organization", "Location", "Practitioner")
PEOPLE = ("Patient", "RelatedPerson")


class HcrmFeedPipeline(models.AbstractModel):
    """Write one page in the caller's transaction; never commits.

    Every step works on the whole page: the number of queries depends on the types
    in it, not on the number of records. Whatever order records come in and however
    often, the same state results.
    """

    _name = "hcrm.feed.pipeline"
    _description = "Feed Pipeline"

    # ------------------------------------------------------------------
    # a page
    # ------------------------------------------------------------------

    @api.model
    def _process(self, run, records: list[Record]) -> PageState:
        """Write ``records`` of a run; returns what was done."""
        self.env.flush_all()
        page = self._page(run)
        items = self.env["hcrm.feed.stage"]._select(page, records)
        if items:
            has_waiting = self.env["hcrm.feed.waiting"]._has_waiting(page.source.id)
            self._write(page, items)
            if has_waiting or page.counts["waiting"] or page.counts["partial"]:
                self._write_released(page)
            self.env["hcrm.feed.record.summary"]._update(page)
            self.env["hcrm.feed.code"]._note(page.source, page.context)
            self.env.invalidate_all(flush=False)
        return page

    @api.model
    def _retry(self, run, inbox_ids: list[int]) -> PageState:
        """Take up records of the inbox again."""
        self.env.flush_all()
        page = self._page(run)
        self._write(page, self.env["hcrm.feed.waiting"]._take(inbox_ids))
        self._write_released(page)
        self.env["hcrm.feed.record.summary"]._update(page)
        self.env["hcrm.feed.code"]._note(page.source, page.context)
        self.env.invalidate_all(flush=False)
        return page

    def _page(self, run) -> PageState:
        source = run.source_id
        now = fields.Datetime.now()
        return PageState(
            source=source,
            run=run,
            context=self.env["hcrm.feed.code"]._context_of(source),
            now=fields.Datetime.to_string(now),
            is_backfill=run.is_backfill,
        )

    def _write_released(self, page: PageState) -> None:
        """Until nothing more is released, in chunks."""
        while items := self.env["hcrm.feed.waiting"]._release(page):
            self._write(page, items)

    def _write(self, page: PageState, items: list[Item]) -> None:
        by_type: dict[str, list[Item]] = {}
        for item in items:
            by_type.setdefault(item.record.type, []).append(item)
        for res_type in WRITE_ORDER:
            if res_type in by_type:
                self._write_type(page, res_type, by_type.pop(res_type))
                self.env["hcrm.feed.statistics"]._refresh()
            if res_type == PLACES[-1] and page.counts["waiting"]:
                # departments before their entity: facts behind must find them, for
                # their own entity follows from them
                self._write_released(page)
        rest = [item for items in by_type.values() for item in items]
        self._quarantine(
            page, [(item, item.record.problem) for item in rest if item.record.problem]
        )
        self._skip(page, [item for item in rest if not item.record.problem])

    # ------------------------------------------------------------------
    # one type
    # ------------------------------------------------------------------

    def _write_type(self, page: PageState, res_type: str, items: list[Item]) -> None:
        """Map, link and write the items of one type; park the others."""
        deleted = [item for item in items if item.record.deleted]
        self._write_deleted(page, res_type, deleted)
        mapped, problems, skipped = [], [], []
        for item in items:
            if item.record.deleted:
                continue
            outcome = item.record.problem or map_record(item.record, page.context)
            if outcome is None:
                skipped.append(item)
            elif isinstance(outcome, Problem):
                problems.append((item, outcome))
            else:
                item.mapped = outcome
                mapped.append(item)
        self._quarantine(page, problems)
        self._skip(page, skipped)
        if not mapped:
            return
        ready, waiting = self.env["hcrm.feed.links"]._resolve(page, mapped)
        self._park(page, "waiting", waiting)
        if ready:
            self._write_ready(page, res_type, ready)

    def _write_ready(self, page: PageState, res_type: str, items: list[Item]) -> None:
        """Write a batch; where the database refuses it, halve it until the bad one
        stands alone and is quarantined. The rest goes on."""
        try:
            with self.env.cr.savepoint():
                result = self._write_batch(page, res_type, items)
                self._write_identities(page, res_type, items, result)
        except (psycopg2.DataError, psycopg2.IntegrityError) as error:
            for item in items:
                if item.identity_id is None:
                    item.res_id = None
            if len(items) == 1:
                text = str(error).split("\n")[0]
                self._quarantine(
                    page, [(items[0], Problem("write_failed", {"error": text}))]
                )
                return
            half = len(items) // 2
            self._write_ready(page, res_type, items[:half])
            self._write_ready(page, res_type, items[half:])
            return
        self._apply(page, res_type, items, result)

    def _write_batch(self, page: PageState, res_type: str, items: list[Item]) -> Result:
        if res_type in PLACES:
            return self.env["hcrm.feed.place.writer"]._write_items(
                page, res_type, items
            )
        if res_type in PEOPLE:
            return self._write_people(page, res_type, items)
        return self.env["hcrm.feed.record.writer"]._write_items(page, res_type, items)

    def _apply(
        self, page: PageState, res_type: str, items: list[Item], result: Result
    ) -> None:
        """Book what a batch did, once it stands."""
        page.counts["new"] += len(result.new)
        page.counts["changed"] += len(result.changed)
        if result.redirects:
            self.env["hcrm.feed.redirect"]._remember(page, result.redirects)
        page.seen |= result.seen
        page.visited |= result.visited
        good = [item for item in items if item.record.ext_id not in result.problems]
        for item in good:
            page.known[item.key] = Target(
                item.res_model, item.res_id, item.company_id, item.label
            )
            if item.identity_id is None:
                page.fresh.add(item.key)
        self.env["hcrm.feed.waiting"]._clear(
            [item for item in good if not item.missing]
        )
        self._park(page, "partial", [item for item in good if item.missing])
        self._quarantine(
            page,
            [
                (item, result.problems[item.record.ext_id])
                for item in items
                if item.record.ext_id in result.problems
            ],
        )

    # ------------------------------------------------------------------
    # people
    # ------------------------------------------------------------------

    def _write_people(
        self, page: PageState, res_type: str, items: list[Item]
    ) -> Result:
        """Patients and relatives through the people writer, then relations and events."""
        result = Result()
        rows = []
        items = self.env["hcrm.feed.adoption"]._adopt(page, items, result)
        redirected = set()
        if res_type == "Patient":
            redirected = self.env["hcrm.feed.redirect"]._before(items)
        for item in items:
            item.res_model = "res.partner"
            if item.links.get("relative_id"):
                item.res_id = item.links["relative_id"]
                if item.identity_id is None:
                    result.new.add(item.record.ext_id)
                continue
            data = {k: v for k, v in item.mapped.values.items() if k != "relation"}
            if item.links.get("campus_id"):
                data["campus_id"] = item.links["campus_id"]
            if item.links.get("_survivor"):
                data["survivor_id"] = item.links["_survivor"]
            rows.append(
                Row(
                    res_type,
                    item.record.ext_id,
                    item.company_id,
                    data,
                    item.res_id,
                    item.record.updated_at,
                )
            )
        if rows:
            self._write_person_rows(page, rows, items, result)
        if res_type == "Patient":
            self.env["hcrm.feed.redirect"]._apply(page, items, result, redirected)
        if res_type == "RelatedPerson":
            good = [item for item in items if item.record.ext_id not in result.problems]
            related = self.env["hcrm.feed.relation.writer"]._write_items(good)
            result.changed |= related - result.new
        return result

    def _write_person_rows(
        self, page: PageState, rows: list[Row], items: list[Item], result: Result
    ) -> None:
        written = self.env["hcrm.feed.people.writer"]._write_rows(
            page.source, rows, page.run
        )
        result.new |= written.new
        result.changed |= written.changed
        result.problems.update(written.problems)
        page.writer_path = written.path
        page.writer_reason = written.reason or page.writer_reason
        events = []
        for item in items:
            ext_id = item.record.ext_id
            if ext_id not in written.ids:
                continue
            item.res_id = written.ids[ext_id]
            if ext_id in written.new and "_survivor" not in item.links:
                key = f"person:{item.res_id}:new"
                events.append((item.res_id, item.company_id, "person_new", key, None))
            values = item.mapped.values
            if values.get("status") == "deceased" and (
                ext_id in written.new or ext_id in written.changed
            ):
                key = f"person:{item.res_id}:deceased"
                died = values.get("deceased_date")
                events.append((item.res_id, item.company_id, "deceased", key, died))
        self.env["hcrm.feed.record.events"]._write_people(page, events)

    # ------------------------------------------------------------------
    # deletions
    # ------------------------------------------------------------------

    def _write_deleted(self, page: PageState, res_type: str, items: list[Item]) -> None:
        """The source deleted these: states, never deletions here; a tombstone stays."""
        if not items:
            return
        if res_type in PEOPLE:
            rows = [
                Row(
                    res_type,
                    item.record.ext_id,
                    page.source.company_id.id,
                    {"status": "gone"},
                    item.res_id,
                )
                for item in items
                if item.res_id
            ]
            result = Result()
            if rows and res_type == "Patient":
                writer = self.env["hcrm.feed.people.writer"]
                result.changed = writer._write_rows(page.source, rows, page.run).changed
        elif res_type in PLACES:
            result = Result()
        else:
            result = self.env["hcrm.feed.record.writer"]._void(page, res_type, items)
        page.counts["changed"] += len(result.changed)
        page.visited |= result.visited
        for item in items:
            item.company_id = 0
        self._write_identities(page, res_type, items, result, state="gone")
        if res_type == "RelatedPerson":
            self.env["hcrm.feed.relation.writer"]._end(
                [item.res_id for item in items if item.res_id], page.now[:10]
            )
        self.env["hcrm.feed.waiting"]._clear(items)

    # ------------------------------------------------------------------
    # identities and the inbox
    # ------------------------------------------------------------------

    def _write_identities(
        self,
        page: PageState,
        res_type: str,
        items: list[Item],
        result: Result,
        state: str = "live",
    ) -> None:
        """Remember hash, stamp and record of what was written."""
        cr = self.env.cr
        cr.execute(
            "CREATE TEMP TABLE IF NOT EXISTS hcrm_identity_stage (id int, ext_id text,"
            " res_model text, res_id int, company_id int, label text, content_hash bytea,"
            " updated_at timestamp, state text, old_card_id int) ON COMMIT DROP"
        )
        cr.execute("TRUNCATE hcrm_identity_stage")
        copy_rows(
            cr,
            "hcrm_identity_stage",
            (
                "id",
                "ext_id",
                "res_model",
                "res_id",
                "company_id",
                "label",
                "content_hash",
                "updated_at",
                "state",
                "old_card_id",
            ),
            (
                (
                    item.identity_id,
                    item.record.ext_id,
                    item.res_model,
                    item.res_id,
                    item.company_id or None,
                    item.label,
                    item.record.content_hash,
                    item.record.updated_at,
                    item.state or state,
                    item.old_card,
                )
                for item in items
                if item.record.ext_id not in result.problems
            ),
        )
        cr.execute(
            "INSERT INTO hcrm_feed_identity (source_id, res_type, ext_id, res_model, res_id,"
            " company_id, label, content_hash, updated_at, state, old_card_id) SELECT %s, %s,"
            " ext_id, res_model, res_id, company_id, label, content_hash, updated_at, state,"
            " old_card_id FROM hcrm_identity_stage WHERE id IS NULL",
            (page.source.id, res_type),
        )
        cr.execute(
            "UPDATE hcrm_feed_identity i SET res_model = s.res_model, res_id = s.res_id,"
            " company_id = COALESCE(s.company_id, i.company_id), label = s.label,"
            " content_hash = s.content_hash, updated_at = s.updated_at,"
            " missing_count = NULL,"
            # what the source merged away and then deleted still leads to the survivor
            " state = CASE WHEN i.state = 'redirected' AND s.state = 'gone' THEN i.state"
            " ELSE s.state END,"
            " old_card_id = CASE WHEN s.state = 'live' THEN NULL"
            " ELSE COALESCE(s.old_card_id, i.old_card_id) END"
            " FROM hcrm_identity_stage s WHERE i.id = s.id"
        )

    def _park(self, page: PageState, state: str, items: list[Item]) -> None:
        """Waiting (not written) or partial (written, a link is missing)."""
        pairs = [
            (
                item,
                Problem(
                    state, {"wait": "/".join(item.missing[0]) if item.missing else "-"}
                ),
            )
            for item in items
        ]
        page.counts[state] += len(pairs)
        self.env["hcrm.feed.waiting"]._put(page, state, pairs)

    def _skip(self, page: PageState, items: list[Item]) -> None:
        """Of no use here: counted, and no longer kept where it waited."""
        page.counts["skipped"] += len(items)
        self.env["hcrm.feed.waiting"]._clear(items)

    def _quarantine(self, page: PageState, pairs: list[tuple[Item, Problem]]) -> None:
        page.counts["quarantined"] += len(pairs)
        self.env["hcrm.feed.waiting"]._put(page, "quarantine", pairs)
