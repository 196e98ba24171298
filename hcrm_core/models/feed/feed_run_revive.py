from datetime import timedelta

from odoo import api, fields, models

# a page takes seconds: a run without a job that has not moved for so long is lost
IDLE_SECONDS = 60
# one page that ends its job, or the server, so often is given up until it is resumed
TRIES = 5
LIVE_JOBS = ("wait_dependencies", "pending", "enqueued", "started")


class HcrmFeedRun(models.Model):
    """Runs go on by themselves after whatever ended their job.

    The job queue starts jobs of a killed server again. What it gives up (a database
    that went away in the middle, a page that failed to commit) is queued anew here,
    at once by the job's own failure or within minutes by the schedule.
    """

    _inherit = "hcrm.feed.run"

    @api.model
    def _revive(self) -> None:
        """Queue the next page of runs whose job is lost."""
        self.env["queue.job"].flush_model(["identity_key", "state"])
        self.flush_model(["state", "mode"])
        idle = fields.Datetime.now() - timedelta(seconds=IDLE_SECONDS)
        self.env.cr.execute(
            """
            SELECT r.id FROM hcrm_feed_run r
             WHERE r.state IN ('queued', 'running') AND r.mode != 'push'
               AND r.write_date < %s
               AND NOT EXISTS (
                   SELECT FROM queue_job j
                    WHERE j.identity_key LIKE
                          'hcrm.feed:' || r.source_id || ':' || r.id || ':%%'
                      AND j.state = ANY(%s))
            """,
            (idle, list(LIVE_JOBS)),
        )
        for run in self.browse(row[0] for row in self.env.cr.fetchall()):
            run._queue_again()

    def _job_failed(self, exc_name="", exc_message="", **_details) -> None:
        """The job queue gave a page up: try it again, or say that it is no use."""
        for run in self.exists():
            if run.state in ("queued", "running"):
                run._queue_again()

    def _queue_again(self) -> None:
        """Queue the page at hand, unless it failed too often already."""
        self.ensure_one()
        # sudo: jobs are bookkeeping of the feed itself
        failed = (
            self.env["queue.job"]
            .sudo()
            .search([("identity_key", "=", self._job_key()), ("state", "=", "failed")])
        )
        dead = failed.filtered(lambda job: job.exc_name == "JobFoundDead")
        if not dead and len(failed) < TRIES:
            self._enqueue()
            return
        message = self.env._(
            "The server ended again and again while it wrote this page (%s times)."
            " Look into its log (memory, disk), then resume the run.",
            sum(dead.mapped("retry")),
        )
        if not dead:
            message = self.env._(
                "This page failed %(count)s times: %(error)s. Resume the run when the"
                " cause is removed.",
                count=len(failed),
                error=failed[:1].exc_message or failed[:1].exc_name or "-",
            )
        self.write(
            {"state": "failed", "message": message, "date_end": fields.Datetime.now()}
        )
