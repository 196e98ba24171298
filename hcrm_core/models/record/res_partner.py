from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    # read by the record rules of clinical facts: seen or booked in a department
    hcrm_encounter_ids = fields.One2many("hcrm.encounter", "partner_id", "Visits")
    hcrm_appointment_ids = fields.One2many(
        "hcrm.appointment", "partner_id", "Appointments"
    )
