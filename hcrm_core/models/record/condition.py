from odoo import fields, models


class HcrmCondition(models.Model):
    """A diagnosis or problem (FHIR Condition, coded in ICD-10 where the HIS does)."""

    _name = "hcrm.condition"
    _inherit = ["hcrm.record.mixin"]
    _log_access = False
    _description = "Condition"
    _rec_name = "name"
    _order = "date_recorded desc, id desc"

    code = fields.Char()
    code_system = fields.Char()
    name = fields.Char(required=True)
    category = fields.Selection(
        [
            ("problem", "Problem list"),
            ("diagnosis", "Diagnosis of a visit"),
            ("history", "History"),
            ("other", "Other"),
        ],
        required=True,
        default="diagnosis",
    )
    state = fields.Selection(
        [
            ("active", "Present"),
            ("recurrence", "Recurrence"),
            ("relapse", "Relapse"),
            ("inactive", "Inactive"),
            ("remission", "Remission"),
            ("resolved", "Resolved"),
            ("unknown", "Unknown"),
        ],
        required=True,
    )
    verification = fields.Char()
    severity = fields.Char()
    is_primary = fields.Boolean("Main Diagnosis")
    date_onset = fields.Datetime()
    date_abated = fields.Datetime()
    date_recorded = fields.Datetime()

    _partner_idx = models.Index("(partner_id, date_recorded DESC)")
    # registries: who has a disease
    _code_idx = models.Index("(code text_pattern_ops, company_id)")
