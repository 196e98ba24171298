from odoo import models


class HcrmMessageEvent(models.Model):
    _inherit = "hcrm.message.event"

    def _apply_receipts(self, ids):
        """A report that the mailbox does not exist marks the address (hard bounce); a
        full mailbox or a delay does not."""
        applied = super()._apply_receipts(ids)
        bounced = self.browse(ids).filtered(
            lambda event: (
                event.kind == "failed"
                and event.failure == "address"
                and event.gateway_id.kind == "email"
            )
        )
        if bounced:
            self.env["hcrm.message"].search(
                [("uuid", "in", bounced.mapped("uuid")), ("address", "!=", False)]
            )._mark_email_wrong()
        return applied
