from odoo import fields, models

RELATION_KINDS = [
    ("mother", "Mother"),
    ("father", "Father"),
    ("child", "Child"),
    ("spouse", "Spouse"),
    ("sibling", "Sibling"),
    ("grandparent", "Grandparent"),
    ("guardian", "Guardian"),
    ("companion", "Companion"),
    ("employer", "Employer"),
    ("friend", "Friend"),
    ("other", "Other"),
]


class HcrmPersonRelation(models.Model):
    """``relative_id`` is the ``kind`` of ``partner_id``, for a time and a scope."""

    _name = "hcrm.person.relation"
    _inherit = ["hcrm.person.mixin"]
    _description = "Person Relation"
    _order = "partner_id, id"
    _person_fields = ("partner_id", "relative_id")

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, index=True, ondelete="cascade"
    )
    relative_id = fields.Many2one(
        "res.partner", "Relative", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", "Known To", required=True, default=lambda self: self.env.company
    )
    kind = fields.Selection(RELATION_KINDS, required=True, default="other")
    is_guardian = fields.Boolean("Legal Guardian")
    is_proxy = fields.Boolean("Authorised Proxy")
    is_emergency = fields.Boolean("Emergency Contact")
    proxy_scope = fields.Selection(
        [
            ("all", "Everything"),
            ("booking", "Appointments only"),
            ("results", "Results and treatment"),
            ("billing", "Bills only"),
        ]
    )
    must_not_know = fields.Boolean(
        "Must Not Be Told", help="Must learn neither of visits nor of diagnoses (R4)."
    )
    date_start = fields.Date()
    date_end = fields.Date()
    note = fields.Char()
    is_feed = fields.Boolean("From the HIS", readonly=True)

    _uniq = models.Constraint(
        "UNIQUE(partner_id, relative_id, company_id, kind)",
        "This relation is recorded already.",
    )
    _check_self = models.Constraint(
        "CHECK(partner_id != relative_id)", "Nobody is a relative of themselves."
    )
