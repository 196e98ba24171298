import json

from odoo import api, fields, models
from odoo.exceptions import UserError

# what is retried while the clerk waits; more goes to the job queue in such pieces
RETRY_NOW = 1000
RETRY_JOB = 5000
KEEP_DROPPED_DAYS = 90


class HcrmFeedInbox(models.Model):
    """A record that could not be written yet: it waits, or it is quarantined.

    What was written is not kept here (its hash is, in the identity). ``waiting``
    records are taken up again when the record they wait for arrives; ``partial``
    ones are written already and mended then.
    """

    _name = "hcrm.feed.inbox"
    _description = "Feed Inbox"
    _order = "id desc"
    _rec_name = "ext_id"

    source_id = fields.Many2one("hcrm.feed.source", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="source_id.company_id", store=True, index=True)
    run_id = fields.Many2one(
        "hcrm.feed.run", ondelete="set null", index="btree_not_null"
    )
    res_type = fields.Char(required=True)
    ext_id = fields.Char("External ID", required=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting for another record"),
            ("partial", "Written, a link is missing"),
            ("quarantine", "Quarantined"),
            ("dropped", "Dropped by a clerk"),
        ],
        required=True,
    )
    payload = fields.Text(groups="hcrm_core.group_feed_clerk")
    payload_pretty = fields.Text(
        "Record", compute="_compute_payload_pretty", groups="hcrm_core.group_feed_clerk"
    )
    updated_at = fields.Datetime()
    reason_code = fields.Char(index=True)
    reason = fields.Char(
        "Reason as Stored", help="In the language of whoever started the run."
    )
    reason_values = fields.Json(help="What the sentence of the reason speaks of.")
    reason_text = fields.Char(
        "Reason",
        compute="_compute_reason_text",
        help="What is wrong and what to do, in words.",
    )
    wait_type = fields.Char("Waits for Type")
    wait_ext_id = fields.Char("Waits for ID")
    wait_keys = fields.Json(help="All records it waits for, as Type/id.")
    content_hash = fields.Binary(attachment=False)
    attempt_count = fields.Integer("Attempts", default=1)
    date_first = fields.Datetime(
        "First Seen", required=True, default=fields.Datetime.now
    )
    date_last = fields.Datetime(
        "Last Tried", required=True, default=fields.Datetime.now
    )

    _uniq = models.Constraint(
        "UNIQUE(source_id, res_type, ext_id)", "A record is in the inbox once."
    )
    # taken up again when the parent arrives
    _wait_idx = models.Index(
        "USING gin (wait_keys) WHERE state IN ('waiting', 'partial')"
    )

    @api.depends("reason", "reason_code", "reason_values")
    @api.depends_context("lang")
    def _compute_reason_text(self):
        """Say the reason in the reader's language, not in that of the run."""
        Reason = self.env["hcrm.feed.reason"]
        for record in self:
            record.reason_text = Reason._inbox_sentence(record) or record.reason

    @api.depends("payload")
    def _compute_payload_pretty(self):
        for record in self:
            try:
                data = json.loads(record.payload or "")
                record.payload_pretty = json.dumps(data, indent=2, ensure_ascii=False)
            except ValueError:
                record.payload_pretty = record.payload

    @api.depends("res_type", "ext_id")
    def _compute_display_name(self):
        for record in self:
            record.display_name = f"{record.res_type}/{record.ext_id}"

    # ------------------------------------------------------------------
    # actions
    # ------------------------------------------------------------------

    def action_retry(self):
        """Take the records up again, as they were received."""
        self.check_access("write")
        open_records = self.filtered(lambda record: record.state != "dropped")
        if not open_records:
            raise UserError(
                self.env._(
                    "Dropped records are not taken up again. Put them back first."
                )
            )
        # sudo: a clerk may retry, but not write people and facts by hand
        open_records.sudo()._retry()
        left = open_records.exists().filtered(
            lambda record: record.state == "quarantine"
        )
        return self._notify(len(open_records) - len(left), len(left))

    def action_retry_alike(self):
        """Take up every record that is held back for the same reason."""
        self.ensure_one()
        alike = self.search(
            [
                ("source_id", "=", self.source_id.id),
                ("reason_code", "=", self.reason_code),
                ("state", "=", self.state),
            ]
        )
        if len(alike) <= RETRY_NOW:
            return alike.action_retry()
        self.check_access("write")
        for start in range(0, len(alike), RETRY_JOB):
            chunk = alike[start : start + RETRY_JOB]
            # sudo: as in action_retry
            chunk.sudo().with_delay(channel="root.hcrm_feed")._retry()
        return self._notify_text(
            self.env._("%s records are taken up again in the background.", len(alike))
        )

    def action_drop(self):
        """Give these up: they are kept for the record, and never taken up again."""
        self.check_access("write")
        self.filtered(lambda record: record.state != "partial").write(
            {"state": "dropped", "date_last": fields.Datetime.now()}
        )

    def action_put_back(self):
        """Back to the quarantine."""
        self.check_access("write")
        self.filtered(lambda record: record.state == "dropped").state = "quarantine"

    def _retry(self):
        """Write the records, source by source, in this transaction."""
        for source, records in self.grouped("source_id").items():
            run = records.run_id[-1:] or source.run_ids[:1]
            self.env["hcrm.feed.pipeline"]._retry(run, records.exists().ids)

    @api.autovacuum
    def _gc_dropped(self):
        """Payloads given up are kept for 90 days (DESIGN.md section 4, Growth)."""
        limit = fields.Datetime.subtract(fields.Datetime.now(), days=KEEP_DROPPED_DAYS)
        self.search(
            [("state", "=", "dropped"), ("date_last", "<", limit)], limit=10_000
        ).unlink()

    def _notify(self, done: int, left: int):
        if not left:
            text = self.env._("%s records were taken over.", done)
        else:
            text = self.env._(
                "%(done)s records were taken over, %(left)s are still held back.",
                done=done,
                left=left,
            )
        return self._notify_text(text)

    def _notify_text(self, text: str):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": text,
                "type": "info",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
