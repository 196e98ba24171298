from odoo import fields, models


class MedicalAppointment(models.Model):
    _name = "medical.appointment"
    _description = "Appointment"

    name = fields.Char()
    patient_id = fields.Many2one("medical.patient", ondelete="cascade")
    date_start = fields.Datetime()
    date_end = fields.Datetime()
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("confirm", "Confirmed"),
            ("done", "Done"),
            ("no_show", "No Show"),
            ("cancel", "Cancelled"),
        ],
        default="draft",
        required=True,
    )
