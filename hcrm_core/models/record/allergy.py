from odoo import fields, models


class HcrmAllergy(models.Model):
    """An allergy or intolerance (FHIR AllergyIntolerance)."""

    _name = "hcrm.allergy"
    _inherit = ["hcrm.record.mixin"]
    _log_access = False
    _description = "Allergy"
    _rec_name = "name"
    _order = "criticality desc, id desc"

    code = fields.Char()
    code_system = fields.Char()
    name = fields.Char("Substance", required=True, index="trigram")
    category = fields.Selection(
        [
            ("medication", "Medication"),
            ("food", "Food"),
            ("environment", "Environment"),
            ("biologic", "Biologic"),
            ("other", "Other"),
        ]
    )
    criticality = fields.Selection(
        [("low", "Low"), ("unable", "Not assessed"), ("high", "High")]
    )
    state = fields.Selection(
        [
            ("active", "Active"),
            ("inactive", "Inactive"),
            ("resolved", "Resolved"),
            ("unknown", "Unknown"),
        ],
        required=True,
    )
    reaction = fields.Char()
    date_recorded = fields.Datetime()

    _partner_idx = models.Index("(partner_id)")
