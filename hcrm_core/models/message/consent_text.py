from odoo import api, fields, models
from odoo.exceptions import UserError

from .purposes import CHANNELS, CONSENT_PURPOSES, LEGAL_BASES


class HcrmConsentText(models.Model):
    """The words somebody agreed to: a version never changes once it was used."""

    _name = "hcrm.consent.text"
    _description = "Consent Text"
    _order = "purpose, version desc, id desc"

    name = fields.Char(required=True, translate=True)
    company_id = fields.Many2one(
        "res.company", "Legal Entity", help="Empty: for every hospital of the group."
    )
    purpose = fields.Selection(CONSENT_PURPOSES, required=True)
    channel = fields.Selection(CHANNELS, help="Empty: every channel.")
    version = fields.Integer(required=True, default=1)
    body = fields.Html(required=True, translate=True, sanitize=True)
    legal_basis = fields.Selection(LEGAL_BASES, required=True, default="consent")
    frequency_per_month = fields.Integer(
        "At Most a Month", help="0: as the hospital's own limits say."
    )
    term_months = fields.Integer(
        "Valid for Months", default=24, help="0: until it is withdrawn."
    )
    active = fields.Boolean(default=True)

    _uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0), purpose, COALESCE(channel, ''), version)",
        "This version of the text exists already.",
    )

    @api.depends("name", "version")
    def _compute_display_name(self):
        for text in self:
            text.display_name = f"{text.name} v{text.version}"

    def write(self, vals):
        """Evidence points at the words that were shown: they stay as they were."""
        if set(vals) - {"active"} and self._is_used():
            raise UserError(
                self.env._(
                    "People agreed to this text. Make a new version instead of changing it."
                )
            )
        return super().write(vals)

    def _is_used(self) -> bool:
        # sudo: whether anybody agreed, not who
        Consent = self.env["hcrm.consent"].sudo()
        return bool(Consent.search_count([("text_id", "in", self.ids)], limit=1))
