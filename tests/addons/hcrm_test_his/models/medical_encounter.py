from odoo import fields, models


class MedicalEncounter(models.Model):
    """A visit with a state and without a date, as OCA's addons have it."""

    _name = "medical.encounter"
    _description = "Encounter"

    name = fields.Char()
    internal_identifier = fields.Char()
    patient_id = fields.Many2one("medical.patient", required=True, ondelete="cascade")
    location_id = fields.Many2one("res.partner")
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("arrived", "Arrived"),
            ("in-progress", "In Progress"),
            ("onleave", "On Leave"),
            ("finished", "Finished"),
            ("cancelled", "Cancelled"),
        ],
        default="planned",
        required=True,
    )
