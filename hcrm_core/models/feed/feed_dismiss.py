from odoo import api, fields, models


class HcrmFeedDismiss(models.TransientModel):
    """Give records of the quarantine up, and say why."""

    _name = "hcrm.feed.dismiss"
    _description = "Dismiss Records of the Feed"

    domain = fields.Json(help="Which records; what the user may not see is left out.")
    record_count = fields.Integer("Records", compute="_compute_record_count")
    note = fields.Char(
        "Why",
        required=True,
        help="Kept with the records, e.g. a test patient, or corrected by hand.",
    )

    @api.model
    def default_get(self, fields_list):
        """Opened from a list: what is selected there."""
        values = super().default_get(fields_list)
        context = self.env.context
        if "domain" in fields_list and "domain" not in values:
            values["domain"] = [("id", "in", context.get("active_ids", []))]
        return values

    @api.depends("domain")
    def _compute_record_count(self):
        for wizard in self:
            wizard.record_count = self.env["hcrm.feed.inbox"].search_count(
                wizard.domain or []
            )

    def action_dismiss(self):
        """They are kept for the record, and never taken up again."""
        self.ensure_one()
        self.env["hcrm.feed.inbox"].search(self.domain)._drop(self.note)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
