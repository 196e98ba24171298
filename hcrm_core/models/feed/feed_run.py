import json
import logging
import time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ...feed_adapters.base import AdapterError

_logger = logging.getLogger(__name__)

RUN_STATES = [
    ("queued", "Queued"),
    ("running", "Running"),
    ("stopped", "Stopped"),
    ("done", "Done"),
    ("failed", "Failed"),
]


class HcrmFeedRun(models.Model):
    """One pass over a source: a chain of jobs, one page each.

    A job writes one page, moves the cursor and queues its successor in the same
    transaction, so a server killed anywhere goes on where it was.
    """

    _name = "hcrm.feed.run"
    _description = "Feed Run"
    _order = "id desc"

    source_id = fields.Many2one(
        "hcrm.feed.source", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="source_id.company_id", store=True)
    state = fields.Selection(RUN_STATES, required=True, default="queued", index=True)
    is_backfill = fields.Boolean("First Load", readonly=True)
    date_start = fields.Datetime("Started", readonly=True)
    date_end = fields.Datetime("Ended", readonly=True)
    cursor = fields.Json(readonly=True, help="Where the next page starts.")
    page_count = fields.Integer("Pages", readonly=True)
    bytes_done = fields.Float(readonly=True, digits=(16, 0))
    bytes_total = fields.Float(readonly=True, digits=(16, 0))
    seconds = fields.Float("Working Time (s)", readonly=True, digits=(16, 3))
    count_read = fields.Integer("Read", readonly=True)
    count_new = fields.Integer("New", readonly=True)
    count_changed = fields.Integer("Changed", readonly=True)
    count_unchanged = fields.Integer("Unchanged", readonly=True)
    count_waiting = fields.Integer(
        "Waiting", readonly=True, help="Put aside until what they refer to arrives."
    )
    count_quarantined = fields.Integer("Quarantined", readonly=True)
    count_skipped = fields.Integer(
        "Not Used", readonly=True, help="Records of types that are of no use here."
    )
    writer_path = fields.Selection(
        [("sql", "Set-based"), ("orm", "Record batches")], readonly=True
    )
    writer_reason = fields.Char(readonly=True, help="Why people were written this way.")
    message = fields.Char(readonly=True, help="What went wrong, in words.")
    progress = fields.Float(
        compute="_compute_progress", help="Percent of the source read."
    )
    rate = fields.Integer("Records a Second", compute="_compute_progress")

    _active_uniq = models.UniqueIndex(
        "(source_id) WHERE state IN ('queued', 'running')",
        "This source is being read already. Stop that run first.",
    )

    @api.depends("source_id", "date_start")
    def _compute_display_name(self):
        for run in self:
            start = fields.Datetime.context_timestamp(
                run, run.date_start or run.create_date
            )
            run.display_name = f"{run.source_id.name} {start:%Y-%m-%d %H:%M}"

    @api.depends("bytes_done", "bytes_total", "count_read", "seconds", "state")
    def _compute_progress(self):
        for run in self:
            if run.state == "done":
                run.progress = 100.0
            elif run.bytes_total:
                run.progress = min(100.0, 100.0 * run.bytes_done / run.bytes_total)
            else:
                run.progress = 0.0
            run.rate = round(run.count_read / run.seconds) if run.seconds else 0

    # ------------------------------------------------------------------
    # actions
    # ------------------------------------------------------------------

    def action_stop(self):
        """Stop after the page at hand; nothing written is undone."""
        self.check_access("write")
        for run in self:
            if run.state not in ("queued", "running"):
                raise UserError(self.env._("This run is not running."))
        self.state = "stopped"

    def action_resume(self):
        """Go on where the run stopped or failed."""
        self.ensure_one()
        self.check_access("write")
        if self.state not in ("stopped", "failed"):
            raise UserError(self.env._("Only a stopped or failed run can go on."))
        self.write({"state": "queued", "message": False, "date_end": False})
        self.env.flush_all()
        self._enqueue()

    def action_open_inbox(self):
        self.ensure_one()
        return self.source_id.action_open_inbox()

    def _open(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------------
    # jobs
    # ------------------------------------------------------------------

    def _enqueue(self):
        """Queue the next page; the same page is never queued twice."""
        self.ensure_one()
        cursor = json.dumps(self.cursor, sort_keys=True)
        self.with_delay(
            channel="root.hcrm_feed",
            identity_key=f"hcrm.feed:{self.source_id.id}:{self.id}:{self.state}:{cursor}",
            description=self.env._("Feed: %s", self.source_id.name),
        )._job_page()

    def _job_page(self):
        """Write the next page and queue the one after, in one transaction."""
        self.ensure_one()
        if self._step():
            self._enqueue()

    def _run_now(self, max_pages: int | None = None):
        """Process pages in this process; committing is the caller's business.

        Returns True when the run came to its end.
        """
        self.ensure_one()
        first = self.page_count
        while max_pages is None or self.page_count - first < max_pages:
            if not self._step():
                return self.state == "done"
        return False

    def _step(self) -> bool:
        """Unpack the source, or write one page. True when another step is to follow.

        A page that fails leaves nothing behind; the run says why and can be resumed.
        """
        # sudo: who may start a run was checked then; the feed writes for all entities
        self = self.sudo()  # pylint: disable=self-cls-assignment
        # one page of a run at a time, whoever asks for it
        self.flush_recordset()
        self.env.cr.execute(
            "SELECT state FROM hcrm_feed_run WHERE id = %s FOR UPDATE", (self.id,)
        )
        if self.env.cr.fetchone()[0] not in ("queued", "running"):
            return False
        self.invalidate_recordset()
        try:
            with self.env.cr.savepoint():
                return self._begin() if self.state == "queued" else self._page()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # the job queue tries the same page again
        except AdapterError as error:
            message = self.env["hcrm.feed.reason"]._source_sentence(
                error.code, error.values
            )
        except Exception as error:
            _logger.exception("Feed run %s failed", self.id)
            message = self.env._(
                "This page could not be written: %(error)s. Nothing of it was kept. Resume"
                " the run when the cause is removed.",
                error=f"{type(error).__name__}: {error}"[:500],
            )
        self.env.invalidate_all(flush=False)
        self.write(
            {"state": "failed", "message": message, "date_end": fields.Datetime.now()}
        )
        return False

    def _begin(self) -> bool:
        """Unpack the source where needed: a step of its own, it may take long."""
        self.source_id._adapter(str(self.id)).prepare()
        self.write(
            {"state": "running", "date_start": self.date_start or fields.Datetime.now()}
        )
        return True

    def _page(self) -> bool:
        started = time.monotonic()
        adapter = self.source_id._adapter(str(self.id))
        read = next(adapter.pages(self.cursor or None, self.source_id.page_size))
        page = self.env["hcrm.feed.pipeline"]._process(self, read.records)
        self._book(page, read, time.monotonic() - started)
        if read.cursor is None:
            self._finish(adapter)
            return False
        return True

    def _book(self, page, read, seconds: float) -> None:
        """Move the cursor and the figures."""
        counts = page.counts
        values = {
            "cursor": read.cursor or False,
            "page_count": self.page_count + 1,
            "bytes_done": read.bytes_done,
            "bytes_total": read.bytes_total,
            "seconds": self.seconds + seconds,
            "count_waiting": self.count_waiting + counts["waiting"] + counts["partial"],
        }
        for name in ("read", "new", "changed", "unchanged", "quarantined", "skipped"):
            values[f"count_{name}"] = self[f"count_{name}"] + counts[name]
        if page.writer_path:
            values["writer_path"] = page.writer_path
            values["writer_reason"] = page.writer_reason or False
        self.write(values)

    def _finish(self, adapter) -> None:
        self.env["hcrm.feed.waiting"]._expire(self.source_id)
        self.write({"state": "done", "date_end": fields.Datetime.now()})
        self.source_id.is_backfilled = True
        self.env.flush_all()
        self.env.cr.postcommit.add(adapter.cleanup)
