from odoo import fields, models


class HcrmProcedure(models.Model):
    """Something done to the person: operation, delivery, treatment, immunisation."""

    _name = "hcrm.procedure"
    _inherit = ["hcrm.record.mixin"]
    _log_access = False
    _description = "Procedure"
    _rec_name = "name"
    _order = "date_start desc, id desc"

    code = fields.Char()
    code_system = fields.Char()
    name = fields.Char(required=True)
    category = fields.Selection(
        [
            ("operation", "Operation"),
            ("delivery", "Delivery"),
            ("treatment", "Treatment"),
            ("diagnostic", "Examination"),
            ("immunization", "Immunisation"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("in_progress", "In progress"),
            ("completed", "Completed"),
            ("stopped", "Stopped"),
            ("not_done", "Not done"),
            ("unknown", "Unknown"),
        ],
        required=True,
    )
    outcome = fields.Char(help="As the HIS says, e.g. live birth or stillbirth.")
    date_start = fields.Datetime()
    date_end = fields.Datetime()
    department_id = fields.Many2one("hcrm.department", ondelete="set null")
    practitioner_id = fields.Many2one("hcrm.practitioner", ondelete="set null")

    _partner_idx = models.Index("(partner_id, date_start DESC)")
