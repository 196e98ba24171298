from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    hcrm_consent_ids = fields.One2many("hcrm.consent", "partner_id", "Consents")
    hcrm_hold_ids = fields.One2many("hcrm.hold", "partner_id", "Holds")
    hcrm_report_ids = fields.One2many("hcrm.person.report", "partner_id", "Reports")
    hcrm_message_ids = fields.One2many(
        "hcrm.message", "partner_id", "Messages of the Suite"
    )
