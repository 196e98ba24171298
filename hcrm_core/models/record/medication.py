from odoo import fields, models


class HcrmMedication(models.Model):
    """A prescription or a drug being taken (FHIR MedicationRequest, -Statement)."""

    _name = "hcrm.medication"
    _inherit = ["hcrm.record.mixin"]
    _log_access = False
    _description = "Medication"
    _rec_name = "name"
    _order = "date_start desc, id desc"

    code = fields.Char()
    code_system = fields.Char()
    name = fields.Char(required=True)
    dosage = fields.Char()
    quantity = fields.Float()
    unit = fields.Char()
    days = fields.Float("Days of Supply")
    state = fields.Selection(
        [
            ("active", "In use"),
            ("on_hold", "On hold"),
            ("completed", "Completed"),
            ("stopped", "Stopped"),
            ("cancelled", "Cancelled"),
            ("unknown", "Unknown"),
        ],
        required=True,
    )
    date_start = fields.Datetime()
    date_end = fields.Datetime()
    practitioner_id = fields.Many2one("hcrm.practitioner", ondelete="set null")

    _partner_idx = models.Index("(partner_id, date_start DESC)")
