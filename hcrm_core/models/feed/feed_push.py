"""Records that another system sends us, instead of being read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...feed_adapters.canonical import Page, Record
from ...feed_adapters.fhir_record import (
    DELETED_HASH,
    content_hash,
    problem_record,
    record_from_data,
)

MAX_RECORDS = 1000
MAX_BYTES = 16 * 1024 * 1024
KEEP_DAYS = 7
# who may push, once a source names them
GROUPS = ("hcrm_core.group_integrator", "hcrm_core.group_manager")


class HcrmFeedPush(models.Model):
    """An answer given to a push with a key, to be given again when it is repeated.

    Rows: one per push with a key; kept for a week. What was pushed is not kept here.
    """

    _name = "hcrm.feed.push"
    _description = "Feed Push"
    _log_access = False
    _rec_name = "key"

    source_id = fields.Many2one("hcrm.feed.source", required=True, ondelete="cascade")
    key = fields.Char(required=True)
    answer = fields.Json(required=True)
    date = fields.Datetime(required=True, default=fields.Datetime.now, index=True)

    _uniq = models.UniqueIndex(
        "(source_id, key)", "The answer to a push is given once."
    )

    # ------------------------------------------------------------------
    # a push
    # ------------------------------------------------------------------

    @api.model
    def _push(self, resources: Any, source_id: int | None, key: str | None) -> dict:
        """Write what is sent and say what became of each record.

        Pushes to one source follow one another: the second of two at once starts
        over when the first stands, on what it left (Odoo repeats the call).
        """
        source = self._source(source_id)
        lang = self.env.context.get("lang") or self.env.user.lang
        # sudo: an integrator sends records; what is written is the feed's business
        self = self.sudo().with_context(lang=lang)  # pylint: disable=self-cls-assignment
        source = source.with_env(self.env)
        records = self._records(source, resources)
        self._queue(source)
        if key:
            known = self.search([("source_id", "=", source.id), ("key", "=", key)])
            if known:
                return {**known.answer, "replayed": True}
        run = self._run_of_today(source)
        answer = {
            "source_id": source.id,
            "run_id": run.id,
            "replayed": False,
            "records": self._write(run, records),
        }
        if key:
            self.create({"source_id": source.id, "key": key[:255], "answer": answer})
        return answer

    def _source(self, source_id: int | None):
        """The source the user may push to."""
        if not any(self.env.user.has_group(group) for group in GROUPS):
            raise self._refusal()
        # sudo: integrators do not read sources; theirs names them
        sources = (
            self.env["hcrm.feed.source"]
            .sudo()
            .search(
                [
                    ("kind", "=", "push"),
                    ("push_user_ids", "in", self.env.uid),
                    ("company_id", "in", self.env.companies.ids),
                ]
            )
        )
        if source_id:
            sources = sources.filtered(lambda source: source.id == source_id)
        if not sources:
            raise self._refusal()
        if len(sources) > 1:
            names = ", ".join(f"{source.id} ({source.name})" for source in sources)
            raise UserError(
                self.env._("Say which source you push to (source_id): %s.", names)
            )
        return sources

    def _refusal(self):
        return AccessError(
            self.env._(
                "You may not push records. An administrator must name you on a source of"
                " the kind Pushed."
            )
        )

    def _queue(self, source) -> None:
        """Stand in line: who waits here sees nothing of the one before, and must start
        over. The row is changed, so PostgreSQL says so and Odoo repeats the call."""
        self.env.cr.execute(
            SQL(
                "UPDATE hcrm_feed_source SET date_pushed = now() AT TIME ZONE 'UTC'"
                " WHERE id = %s",
                source.id,
            ),
            # to wait in vain is no error: the call is repeated
            log_exceptions=False,
        )
        source.invalidate_recordset(["date_pushed"])

    def _run_of_today(self, source):
        """One run a day, by the hospital's calendar, holds the figures."""
        today = fields.Datetime.context_timestamp(
            source.with_context(tz=source.company_id.hcrm_tz or "UTC"),
            fields.Datetime.now(),
        ).date()
        runs = source.run_ids.filtered(lambda run: run.state in ("queued", "running"))
        for run in runs:
            started = fields.Datetime.context_timestamp(
                run.with_context(tz=source.company_id.hcrm_tz or "UTC"), run.date_start
            ).date()
            if started == today:
                return run
            self.env["hcrm.feed.waiting"]._expire(source)
            run.write({"state": "done", "date_end": fields.Datetime.now()})
            source.is_backfilled = True
        self.env.flush_all()
        return self.env["hcrm.feed.run"].create(
            {
                "source_id": source.id,
                "mode": "push",
                "state": "running",
                "date_start": fields.Datetime.now(),
                "is_backfill": not source.is_backfilled,
            }
        )

    # ------------------------------------------------------------------
    # what is sent
    # ------------------------------------------------------------------

    def _records(self, source, resources: Any) -> list[Record]:
        """Records of a list of resources, or of a bundle; bounded."""
        if isinstance(resources, dict) and resources.get("resourceType") == "Bundle":
            resources = [_entry(entry) for entry in resources.get("entry") or []]
        if not isinstance(resources, list) or not resources:
            raise UserError(
                self.env._("Send a list of FHIR R4 resources, or a Bundle of them.")
            )
        if len(resources) > MAX_RECORDS:
            raise UserError(
                self.env._(
                    "%(count)s records are too many for one call. Send at most %(limit)s.",
                    count=len(resources),
                    limit=MAX_RECORDS,
                )
            )
        limit = source.max_record_mb * 1024 * 1024
        records, total = [], 0
        for resource in resources:
            try:
                size = len(orjson.dumps(resource))
            except TypeError:  # integers beyond 64 bits
                size = len(str(resource))
            total += size
            if total > MAX_BYTES:
                raise UserError(
                    self.env._(
                        "The records are larger than %s MB together. Send fewer at once.",
                        MAX_BYTES // (1024 * 1024),
                    )
                )
            records.append(_record(resource, size, limit))
        return records

    # ------------------------------------------------------------------
    # what became of it
    # ------------------------------------------------------------------

    def _write(self, run, records: list[Record]) -> list[dict]:
        keys = [(record.type, record.ext_id) for record in records]
        before = self._identities(run.source_id, keys)
        page = self.env["hcrm.feed.pipeline"]._process(run, records)
        run._book(page, Page([], None), 0)
        self.env.flush_all()
        after = self._identities(run.source_id, keys)
        held = self._held(run.source_id, keys)
        return [
            self._answer(record, before.get(key), after.get(key), held.get(key))
            for key, record in zip(keys, records, strict=True)
        ]

    def _identities(self, source, keys) -> dict[tuple, tuple]:
        rows = self.env.execute_query(
            SQL(
                "SELECT res_type, ext_id, content_hash, state, res_model, res_id"
                " FROM hcrm_feed_identity WHERE source_id = %s AND (res_type, ext_id) IN"
                " (SELECT * FROM unnest(%s::text[], %s::text[]))",
                source.id,
                [key[0] for key in keys],
                [key[1] for key in keys],
            )
        )
        return {
            (res_type, ext_id): (bytes(digest or b""), state, res_model, res_id)
            for res_type, ext_id, digest, state, res_model, res_id in rows
        }

    def _held(self, source, keys) -> dict[tuple, models.Model]:
        rows = self.env["hcrm.feed.inbox"].search(
            [
                ("source_id", "=", source.id),
                ("res_type", "in", list({key[0] for key in keys})),
                ("ext_id", "in", list({key[1] for key in keys})),
            ]
        )
        return {(row.res_type, row.ext_id): row for row in rows}

    def _answer(self, record: Record, before, after, held) -> dict:
        """What became of one record, in a word, a code and a sentence."""
        answer = {
            "type": record.type if not record.problem else False,
            "id": record.ext_id if not record.problem else False,
            "result": self._result(record, before, after, held),
            "code": False,
            "message": False,
            "model": (after and after[2]) or False,
            "res_id": (after and after[3]) or False,
        }
        if held:
            answer["code"] = held.reason_code or False
            answer["message"] = held.reason_text or False
        elif answer["result"] == "skipped":
            answer["code"] = "not_used"
            answer["message"] = self.env._("Records of this kind are of no use here.")
        return answer

    def _result(self, record: Record, before, after, held) -> str:
        if held and held.state == "waiting":
            return "waiting"
        if held and held.state in ("quarantine", "dropped"):
            return "quarantined"
        if after is None or (record.deleted and before is None):
            return "skipped"
        if before is None:
            return "created"
        if before[:2] == after[:2]:
            return "unchanged"
        return "changed"

    @api.autovacuum
    def _gc_answers(self):
        """A push is repeated within minutes, not weeks."""
        limit = fields.Datetime.now() - timedelta(days=KEEP_DAYS)
        self.search([("date", "<", limit)], limit=10_000).unlink()


def _entry(entry: Any) -> Any:
    """The resource of an entry of a bundle; a DELETE is a deletion."""
    if not isinstance(entry, dict):
        return entry
    request = entry.get("request")
    if isinstance(request, dict) and request.get("method") == "DELETE":
        res_type, _slash, ext_id = str(request.get("url") or "").partition("/")
        return {"resourceType": res_type, "id": ext_id, "deleted": True}
    return entry.get("resource")


def _record(resource: Any, size: int, limit: int) -> Record:
    """One record; what cannot be used is named by its own content."""
    if not isinstance(resource, dict):
        where = f"push-{content_hash({'value': resource}).hex()}"
        return problem_record("not_object", where, str(resource))
    where = f"push-{content_hash(resource).hex()}"
    if size > limit:
        return problem_record("too_large", where, resource, size=size)
    if resource.get("deleted") is not True:
        return record_from_data(resource, where)
    deletion = {key: resource.get(key) for key in ("resourceType", "id", "meta")}
    record = record_from_data({k: v for k, v in deletion.items() if v}, where)
    if not record.problem:
        record.data, record.deleted = None, True
        record.content_hash = DELETED_HASH
    return record
