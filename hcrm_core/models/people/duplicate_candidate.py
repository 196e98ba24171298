from odoo import fields, models


class HcrmDuplicateCandidate(models.Model):
    """Two cards that may be one person, for a clerk to decide."""

    _name = "hcrm.duplicate.candidate"
    _inherit = ["hcrm.person.mixin"]
    _description = "Possible Duplicate"
    _rec_name = "left_id"
    _order = "id desc"
    _person_fields = ("left_id", "right_id")

    left_id = fields.Many2one(
        "res.partner", required=True, index=True, ondelete="cascade"
    )
    right_id = fields.Many2one(
        "res.partner", required=True, index=True, ondelete="cascade"
    )
    reason = fields.Char(required=True)
    state = fields.Selection(
        [("open", "To decide"), ("distinct", "Two people"), ("merged", "Merged")],
        required=True,
        default="open",
        index=True,
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    date_decided = fields.Datetime(readonly=True)

    _uniq = models.Constraint(
        "UNIQUE(left_id, right_id)", "This pair is in the queue already."
    )
    _check_order = models.Constraint(
        "CHECK(left_id < right_id)", "The lower id stands on the left."
    )
