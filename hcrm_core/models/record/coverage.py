from odoo import fields, models


class HcrmCoverage(models.Model):
    """An insurance or scheme that pays for the person (FHIR Coverage)."""

    _name = "hcrm.coverage"
    _inherit = ["hcrm.record.mixin"]
    _log_access = False
    _description = "Coverage"
    _rec_name = "payor"

    kind = fields.Selection(
        [
            ("urban_employee", "Employee basic insurance"),
            ("resident", "Resident basic insurance"),
            ("commercial", "Commercial insurance"),
            ("employer", "Employer"),
            ("public", "Public funds"),
            ("self", "Self-pay"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    payor = fields.Char(required=True)
    number = fields.Char()
    plan = fields.Char()
    state = fields.Selection(
        [
            ("active", "Active"),
            ("cancelled", "Cancelled"),
            ("draft", "Draft"),
            ("unknown", "Unknown"),
        ],
        required=True,
    )
    date_start = fields.Date()
    date_end = fields.Date()

    _partner_idx = models.Index("(partner_id)")
