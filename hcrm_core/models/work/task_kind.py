from odoo import fields, models


class HcrmTaskKind(models.Model):
    """A kind of work that waits for somebody: a call, a check, an answer."""

    _name = "hcrm.task.kind"
    _description = "Task Kind"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    group_id = fields.Many2one(
        "res.groups", "Role", help="Whose work it is where nobody is named."
    )
    due_hours = fields.Integer(
        "Due Within Hours", default=24, help="Where nothing else says when."
    )
    is_clinical = fields.Boolean(help="Shown to clinical roles only.")

    _code_uniq = models.Constraint("UNIQUE(code)", "A task kind code is used once.")
