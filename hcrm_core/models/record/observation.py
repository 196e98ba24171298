from odoo import fields, models


class HcrmObservation(models.Model):
    """A measured or asked value: vital sign, laboratory result, score."""

    _name = "hcrm.observation"
    _inherit = ["hcrm.record.mixin"]
    _log_access = False
    _description = "Observation"
    _rec_name = "name"
    _order = "date desc, id desc"

    code = fields.Char()
    code_system = fields.Char()
    name = fields.Char(required=True)
    category = fields.Selection(
        [
            ("vital", "Vital sign"),
            ("laboratory", "Laboratory"),
            ("imaging", "Imaging"),
            ("survey", "Score"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    state = fields.Selection(
        [
            ("registered", "Registered"),
            ("preliminary", "Preliminary"),
            ("final", "Final"),
            ("amended", "Amended"),
            ("cancelled", "Cancelled"),
            ("unknown", "Unknown"),
        ],
        required=True,
    )
    date = fields.Datetime()
    value = fields.Float(digits=0)
    has_value = fields.Boolean(help="A number was measured; 0 is a number too.")
    value_text = fields.Char()
    unit = fields.Char()
    ref_low = fields.Float(digits=0)
    ref_high = fields.Float(digits=0)
    interpretation = fields.Selection(
        [
            ("normal", "Normal"),
            ("low", "Low"),
            ("high", "High"),
            ("critical", "Critical"),
            ("abnormal", "Abnormal"),
        ]
    )

    # card, timeline and trends; a person has some thousands at most
    _partner_idx = models.Index("(partner_id, date DESC)")
