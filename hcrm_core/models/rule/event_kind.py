from odoo import fields, models


class HcrmEventKind(models.Model):
    """A kind of thing that happens to a person and that rules can answer."""

    _name = "hcrm.event.kind"
    _description = "Event Kind"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    is_clinical = fields.Boolean(help="Shown to clinical roles only.")
    active = fields.Boolean(default=True)

    _code_uniq = models.Constraint("UNIQUE(code)", "An event kind code is used once.")
