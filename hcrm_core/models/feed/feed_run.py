import hashlib
import json
import logging
import time
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ...feed_adapters.base import AdapterError, SourceBusy

_logger = logging.getLogger(__name__)

# a source that cannot answer is asked again after 30 s, 1 min, 2 min, ...
RETRIES = 8
RETRY_SECONDS = 30
RETRY_SECONDS_MAX = 900
# a page that comes again so often in a row is a source that goes in circles
REPEATS = 5
RUN_MODES = [
    ("full", "Everything"),
    ("delta", "Changes"),
    ("reconcile", "What Exists"),
    ("push", "Pushed"),
]

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
    mode = fields.Selection(RUN_MODES, required=True, default="full", readonly=True)
    since = fields.Json(readonly=True, help="Type and stamp where its changes start.")
    retry_count = fields.Integer(
        "Retries",
        readonly=True,
        help="How often in a row the source could not answer.",
    )
    is_backfill = fields.Boolean("First Load", readonly=True)
    date_start = fields.Datetime("Started", readonly=True)
    date_end = fields.Datetime("Ended", readonly=True)
    cursor = fields.Json(readonly=True, help="Where the next page starts.")
    page_count = fields.Integer("Pages", readonly=True)
    page_digest = fields.Char(readonly=True, help="What the last page held.")
    repeat_count = fields.Integer(readonly=True)
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
        self.write(
            {"state": "queued", "message": False, "date_end": False, "retry_count": 0}
        )
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

    def _enqueue(self, wait: float = 0):
        """Queue the next page; the same page is never queued twice.

        :param wait: seconds before it may start
        """
        self.ensure_one()
        self.with_delay(
            eta=timedelta(seconds=wait) if wait else None,
            channel="root.hcrm_feed",
            identity_key=self._job_key(),
            description=self.env._("Feed: %s", self.source_id.name),
        )._job_page()

    def _job_key(self) -> str:
        """Names the place of a run: the job that goes on from there exists once."""
        cursor = json.dumps(self.cursor, sort_keys=True).encode()
        digest = hashlib.blake2b(cursor, digest_size=12).hexdigest()
        place = f"{self.source_id.id}:{self.id}"
        return f"hcrm.feed:{place}:{self.state}:{self.retry_count}:{digest}"

    def _job_page(self):
        """Write the next page and queue the one after, in one transaction.

        Outside the hours in which the HIS may be read the run keeps its place.
        """
        self.ensure_one()
        shut = self.source_id._seconds_to_window()
        if shut:
            if self.state in ("queued", "running"):
                self.message = self.env._(
                    "It goes on where it stopped when the hours to read begin."
                )
                self._enqueue(shut)
            return
        wait = self._step()
        if wait is not None:
            self._enqueue(wait)

    def _run_now(self, max_pages: int | None = None):
        """Process pages in this process; committing is the caller's business.

        Returns True when the run came to its end.
        """
        self.ensure_one()
        first = self.page_count
        while max_pages is None or self.page_count - first < max_pages:
            wait = self._step()
            if wait is None:
                return self.state == "done"
            time.sleep(wait)
        return False

    def _step(self) -> float | None:
        """Unpack the source, or write one page; seconds to the next step, None at the end.

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
            return None
        self.invalidate_recordset()
        try:
            with self.env.cr.savepoint():
                more = self._begin() if self.state == "queued" else self._page()
            return 0 if more else None
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # the job queue tries the same page again
        except SourceBusy as error:
            if self.retry_count < RETRIES:
                return self._wait_for_source(error)
            message = self._source_sentence(error)
        except AdapterError as error:
            message = self._source_sentence(error)
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
        return None

    def _wait_for_source(self, error: SourceBusy) -> float:
        """Keep the place and say when to try again."""
        wait = min(RETRY_SECONDS * 2**self.retry_count, RETRY_SECONDS_MAX)
        if error.retry_after is not None:
            wait = min(error.retry_after, RETRY_SECONDS_MAX)
        self.env.invalidate_all(flush=False)
        self.write(
            {
                "retry_count": self.retry_count + 1,
                "message": self._source_sentence(error),
            }
        )
        return wait

    def _source_sentence(self, error: AdapterError) -> str:
        return self.env["hcrm.feed.reason"]._source_sentence(error.code, error.values)

    def _adapter(self):
        """The reader of this run; where its changes start stays the same throughout."""
        since = {
            res_type: datetime.fromisoformat(stamp)
            for res_type, stamp in (self.since or {}).items()
        }
        return self.source_id._adapter(str(self.id), since)

    def _begin(self) -> bool:
        """Unpack the source where needed: a step of its own, it may take long."""
        if not self.date_start:
            self.date_start = fields.Datetime.now()
            if self.mode == "delta":
                since = self.source_id._since()
                self.since = {name: stamp.isoformat() for name, stamp in since.items()}
        self._adapter().prepare()
        self.state = "running"
        return True

    def _page(self) -> bool:
        started = time.monotonic()
        adapter = self._adapter()
        if self.mode == "reconcile":
            return self.env["hcrm.feed.reconcile"]._step(self, adapter)
        read = next(adapter.pages(self.cursor or None, self.source_id.page_size))
        self._check_repeats(read)
        page = self.env["hcrm.feed.pipeline"]._process(self, read.records)
        self._book(page, read, time.monotonic() - started)
        if read.cursor is None:
            self._finish(adapter)
            return False
        return True

    def _check_repeats(self, read) -> None:
        """Refuse a source that answers the same page for ever: its run had no end."""
        digest = hashlib.blake2b(digest_size=16)
        for record in read.records:
            digest.update(f"{record.type}/{record.ext_id}".encode())
            digest.update(record.content_hash)
        content = digest.hexdigest()
        is_same = bool(read.records) and content == self.page_digest
        self.page_digest = content
        self.repeat_count = self.repeat_count + 1 if is_same else 0
        if read.cursor is not None and (
            read.cursor == self.cursor or self.repeat_count >= REPEATS
        ):
            raise AdapterError("same_page")

    def _book(self, page, read, seconds: float) -> None:
        """Move the cursor and the figures."""
        counts = page.counts
        self.env["hcrm.feed.cursor"]._raise(self.source_id, read.watermarks)
        values = {
            "retry_count": 0,
            "message": False,
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
        if self.mode != "reconcile":
            self.env["hcrm.feed.reconcile"]._follow_up(self)
            self.source_id.is_backfilled = True
        self.env.flush_all()
        self.env.cr.postcommit.add(adapter.cleanup)
