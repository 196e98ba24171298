from odoo import api, fields, models

from .stock_gate import REFUSED


class MailNotification(models.Model):
    _inherit = "mail.notification"

    failure_type = fields.Selection(
        selection_add=[(REFUSED, "Not allowed")], ondelete={REFUSED: "set null"}
    )
    hcrm_reason_code = fields.Char(readonly=True)
    hcrm_why = fields.Char("Why Not Sent?", compute="_compute_hcrm_why")

    @api.depends("hcrm_reason_code")
    @api.depends_context("lang")
    def _compute_hcrm_why(self):
        sentences = self.env["hcrm.governor.reason"]._sentences()
        for row in self:
            code = row.hcrm_reason_code
            row.hcrm_why = sentences.get(code, code) if code else False

    def _hcrm_close(self, reason):
        """Cancelled by the governor, with its sentence."""
        sentence = self.env["hcrm.governor.reason"]._sentences().get(reason, reason)
        self.sudo().write(
            {
                "notification_status": "canceled",
                "failure_type": REFUSED,
                "failure_reason": sentence,
                "hcrm_reason_code": reason,
            }
        )

    def format_failure_reason(self):
        self.ensure_one()
        return self.hcrm_why or super().format_failure_reason()

    def _to_store_defaults(self, target):
        return [*super()._to_store_defaults(target), "hcrm_why"]
