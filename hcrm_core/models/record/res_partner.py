from odoo import fields, models


class ResPartner(models.Model):
    """What lists of people filter by: the facts of a person, never written here."""

    _inherit = "res.partner"

    hcrm_encounter_ids = fields.One2many(
        "hcrm.encounter", "partner_id", "Visits", groups="hcrm_core.group_user"
    )
    hcrm_appointment_ids = fields.One2many(
        "hcrm.appointment", "partner_id", "Appointments", groups="hcrm_core.group_user"
    )
    hcrm_condition_ids = fields.One2many(
        "hcrm.condition", "partner_id", "Diagnoses", groups="hcrm_core.group_clinical"
    )
    hcrm_allergy_ids = fields.One2many(
        "hcrm.allergy", "partner_id", "Allergies", groups="hcrm_core.group_clinical"
    )
