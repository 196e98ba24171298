from odoo import api, fields, models
from odoo.tools import SQL

from .feed_inbox import INBOX_STATES


class HcrmFeedCase(models.Model):
    """All records that are held back for the same reason: one thing to put right.

    A view over the inbox, so that its counts are always those of the records.
    """

    _name = "hcrm.feed.case"
    _description = "Feed Case"
    _auto = False
    _order = "record_count desc, id"
    _rec_name = "title"
    _depends = {
        "hcrm.feed.inbox": [
            "source_id",
            "company_id",
            "res_type",
            "state",
            "reason_code",
            "reason_field",
            "reason_value",
            "date_first",
            "date_last",
        ]
    }

    source_id = fields.Many2one("hcrm.feed.source", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    state = fields.Selection(INBOX_STATES, readonly=True)
    res_type = fields.Char("Type at the Source", readonly=True)
    reason_code = fields.Char(readonly=True)
    reason_field = fields.Char("Field at the Source", readonly=True)
    reason_value = fields.Char("Value", readonly=True)
    type_label = fields.Char("Type", compute="_compute_title")
    title = fields.Char("What Is Wrong", compute="_compute_title")
    example = fields.Char(compute="_compute_example", help="The oldest of them.")
    record_count = fields.Integer("Number of Records", readonly=True, aggregator="sum")
    date_first = fields.Datetime("Since", readonly=True, aggregator="min")
    date_last = fields.Datetime("Last Tried", readonly=True, aggregator="max")

    @property
    def _table_query(self) -> SQL:
        return SQL(
            """
            SELECT min(id) AS id, source_id, company_id, state, res_type, reason_code,
                   reason_field, reason_value, count(*) AS record_count,
                   min(date_first) AS date_first, max(date_last) AS date_last
              FROM hcrm_feed_inbox
          GROUP BY source_id, company_id, state, res_type, reason_code, reason_field,
                   reason_value
            """
        )

    @api.depends("res_type", "reason_code", "reason_field", "reason_value")
    @api.depends_context("lang")
    def _compute_title(self):
        Words = self.env["hcrm.feed.words"]
        Reason = self.env["hcrm.feed.reason"]
        for case in self:
            case.type_label = Words._type_label(case.res_type)
            parts = [Reason._title(case.reason_code)]
            if case.reason_field:
                label = Words._said_label(case.res_type, case.reason_field)
                parts.append(f"{label} ({case.reason_field})")
            if case.reason_value:
                parts.append(f"“{case.reason_value}”")
            case.title = " · ".join(parts)

    @api.depends_context("lang")
    def _compute_example(self):
        rows = self.env["hcrm.feed.inbox"].browse(self.ids)
        rows.fetch(["reason_code", "reason_values", "reason", "res_type", "ext_id"])
        for case, row in zip(self, rows, strict=True):
            case.example = row.reason_text

    # ------------------------------------------------------------------
    # actions
    # ------------------------------------------------------------------

    def _domain(self) -> list:
        """The records of the case."""
        self.ensure_one()
        return [
            ("source_id", "=", self.source_id.id),
            ("state", "=", self.state),
            ("res_type", "=", self.res_type),
            ("reason_code", "=", self.reason_code),
            ("reason_field", "=", self.reason_field),
            ("reason_value", "=", self.reason_value),
        ]

    def _records(self):
        return self.env["hcrm.feed.inbox"].search(self._domain())

    def action_open(self):
        """The records of the case; a single one at once."""
        self.ensure_one()
        Inbox = self.env["hcrm.feed.inbox"]
        if self.record_count == 1:
            return Inbox.browse(self.id)._open()
        return Inbox._open_list(self._domain(), self.title)

    def action_retry(self):
        """Take up all records of the case."""
        return self._records()._retry_many()

    def action_dismiss(self):
        """Give all records of the case up, with a reason."""
        return self.env["hcrm.feed.inbox"]._open_dismiss(self._domain())

    def action_map(self):
        """Say what the code means that holds these back."""
        self.ensure_one()
        return self.env["hcrm.feed.inbox"].browse(self.id).action_map()
