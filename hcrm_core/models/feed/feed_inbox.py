import json

from odoo import api, fields, models
from odoo.exceptions import UserError

# what is retried while the clerk waits; more goes to the job queue in such pieces
RETRY_NOW = 1000
RETRY_JOB = 5000
KEEP_DROPPED_DAYS = 90
INBOX_STATES = [
    ("waiting", "Waiting for another record"),
    ("partial", "Written, a link is missing"),
    ("quarantine", "Quarantined"),
    ("dropped", "Dismissed by a clerk"),
]


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
    state = fields.Selection(INBOX_STATES, required=True)
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
    reason_field = fields.Char(
        "Field at the Source", help="Where the reason lies; with it, what is alike."
    )
    reason_value = fields.Char(
        "Unknown Code", help="The code nobody understands, where that is the reason."
    )
    dismiss_note = fields.Char("Dismissed Because", readonly=True)
    dismiss_uid = fields.Many2one("res.users", "Dismissed By", readonly=True)
    mapping_html = fields.Html(
        "What Becomes of It",
        compute="_compute_mapping_html",
        sanitize=False,
        groups="hcrm_core.group_feed_clerk",
    )
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

    @api.depends("payload", "reason_code")
    @api.depends_context("lang", "tz")
    def _compute_mapping_html(self):
        """What of the record becomes which field, beside what is in the way."""
        Mapping = self.env["hcrm.feed.mapping"]
        for record in self:
            record.mapping_html = Mapping._inbox_table(record)

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
                    "Dismissed records are not taken up again. Put them back first."
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
        return self._alike()._retry_many()

    def action_dismiss(self):
        """Ask why these are given up."""
        return self._open_dismiss([("id", "in", self.ids)])

    def action_put_back(self):
        """Back to the quarantine."""
        self.check_access("write")
        self.filtered(lambda record: record.state == "dropped").write(
            {"state": "quarantine", "dismiss_note": False, "dismiss_uid": False}
        )

    def action_map(self):
        """Say what the unknown code means that holds this back."""
        self.ensure_one()
        self.check_access("write")
        Code = self.env["hcrm.feed.code"]
        key = f"{self.res_type}.{self.reason_field}"
        values = {
            "source_id": self.source_id.id,
            "field_key": key,
            "code": self.reason_value,
        }
        code = Code.search([(name, "=", value) for name, value in values.items()])
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What Does This Code Mean?"),
            "res_model": "hcrm.feed.code",
            "res_id": (code or Code.create(values)).id,
            "views": [(self.env.ref("hcrm_core.hcrm_feed_code_view_ask").id, "form")],
            "target": "new",
        }

    def _alike(self):
        """Held back for the same reason, of the same field, at the same source."""
        self.ensure_one()
        names = ("state", "res_type", "reason_code", "reason_field", "reason_value")
        domain = [("source_id", "=", self.source_id.id)]
        return self.search(domain + [(name, "=", self[name]) for name in names])

    def _retry_many(self):
        """Retry while the clerk waits, or in the background where they are many."""
        if len(self) <= RETRY_NOW:
            return self.action_retry()
        self.check_access("write")
        for start in range(0, len(self), RETRY_JOB):
            chunk = self[start : start + RETRY_JOB]
            # sudo: as in action_retry
            chunk.sudo().with_delay(channel="root.hcrm_feed")._retry()
        return self._notify_text(
            self.env._("%s records are taken up again in the background.", len(self))
        )

    def _drop(self, note: str) -> None:
        """Give these up: they are kept for the record, and never taken up again."""
        self.check_access("write")
        # what is written already only waits for a link: it is no loss
        self.filtered(lambda record: record.state != "partial").write(
            {
                "state": "dropped",
                "date_last": fields.Datetime.now(),
                "dismiss_note": note,
                "dismiss_uid": self.env.uid,
            }
        )

    def _open(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    @api.model
    def _open_list(self, domain: list, name: str = ""):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hcrm_core.hcrm_feed_inbox_action"
        )
        action.update(domain=domain, context={})
        if name:
            action["display_name"] = action["name"] = name
        return action

    @api.model
    def _open_dismiss(self, domain: list):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dismiss"),
            "res_model": "hcrm.feed.dismiss",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_domain": domain},
        }

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
