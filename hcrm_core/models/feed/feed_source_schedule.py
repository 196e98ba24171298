from datetime import timedelta

from odoo import api, fields, models

from ...feed_adapters.base import LISTING

# what changes at the source while we read, or commits late, is read again
OVERLAP_MINUTES = 10


class HcrmFeedSource(models.Model):
    _inherit = "hcrm.feed.source"

    interval_minutes = fields.Integer(
        "Read Changes Every (min)",
        help="0: only when somebody starts it. Changes are read again with an overlap.",
    )
    reconcile_hours = fields.Integer(
        "Compare What Exists Every (h)",
        default=24,
        help="Deletions leave no trace at most sources; they are found by comparing ids.",
    )
    window_start = fields.Float(
        "Read From", help="Hour of the hospital's day; equal hours mean all day."
    )
    window_end = fields.Float("Read Until")
    overlap_minutes = fields.Integer(
        default=OVERLAP_MINUTES,
        help="Changes commit later than they are stamped; so much is read again.",
    )
    news_days = fields.Integer(
        "News Until (days)",
        default=30,
        help="What happened longer ago and is only learnt now is told as history: it"
        " starts no messages and no tasks.",
    )
    cursor_ids = fields.One2many("hcrm.feed.cursor", "source_id", "Read Up To")
    lists_ids = fields.Boolean(compute="_compute_lists_ids")

    _check_window = models.Constraint(
        "CHECK(window_start >= 0 AND window_start < 24 AND window_end >= 0"
        " AND window_end <= 24)",
        "Hours run from 0 to 24.",
    )

    @api.depends("kind")
    def _compute_lists_ids(self):
        for source in self:
            source.lists_ids = source.kind in LISTING

    def _since(self) -> dict:
        """Type -> naive UTC stamp where a delta run starts."""
        self.ensure_one()
        overlap = timedelta(minutes=self.overlap_minutes)
        # sudo: cursors are bookkeeping of the feed itself
        return {c.res_type: c.stamp - overlap for c in self.sudo().cursor_ids}

    def _is_in_window(self) -> bool:
        """Whether the source may be read now, by the hospital's own clock."""
        self.ensure_one()
        if self.window_start == self.window_end:
            return True
        hour = self._local_hour()
        if self.window_start < self.window_end:
            return self.window_start <= hour < self.window_end
        return hour >= self.window_start or hour < self.window_end

    def _local_hour(self) -> float:
        local = fields.Datetime.context_timestamp(
            self.with_context(tz=self.company_id.hcrm_tz), fields.Datetime.now()
        )
        return local.hour + local.minute / 60

    def _seconds_to_window(self) -> int:
        """Seconds until the source may be read; 0 where it may be now."""
        if self._is_in_window():
            return 0
        return max(60, round((self.window_start - self._local_hour()) % 24 * 3600))

    def action_reconcile(self):
        """Compare now what exists at the source with what is here."""
        self.ensure_one()
        return self._start_run(mode="reconcile")._open()

    @api.model
    def _cron_pull(self):
        """Start what is due: a reconciliation, else the changes since last time.

        A run that failed is resumed: a source that was gone for a night is read on
        from where it went away.
        """
        self.env["hcrm.feed.run"]._revive()
        for source in self.search([("interval_minutes", ">", 0)]):
            if not source._is_in_window():
                continue
            last = source.last_run_id
            if last.state in ("queued", "running"):
                continue
            if last.state == "failed" and source._is_due(last.write_date):
                last.action_resume()
            elif last.state != "failed" and source._is_reconcile_due():
                source._start_run(mode="reconcile")
            elif not last or source._is_due(last.date_end):
                source._start_run(mode="delta" if source.is_backfilled else "full")

    def _is_due(self, since) -> bool:
        wait = timedelta(minutes=self.interval_minutes)
        return not since or fields.Datetime.now() - since >= wait

    def _is_reconcile_due(self) -> bool:
        if not (self.lists_ids and self.is_backfilled and self.reconcile_hours):
            return False
        last = self.env["hcrm.feed.run"].search(
            [("source_id", "=", self.id), ("mode", "in", ("full", "reconcile"))],
            limit=1,
        )
        wait = timedelta(hours=self.reconcile_hours)
        return fields.Datetime.now() - (last.date_end or last.create_date) >= wait
