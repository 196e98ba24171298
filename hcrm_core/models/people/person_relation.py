from odoo import api, fields, models
from odoo.fields import Domain

from ...tools.merge_plan import Move

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
        "res.partner", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", "Known To", required=True, default=lambda self: self.env.company
    )
    kind = fields.Selection(RELATION_KINDS, "Relation", required=True, default="other")
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
    is_current = fields.Boolean(
        "In Force",
        compute="_compute_is_current",
        search="_search_is_current",
        help="Between its dates: who was a guardian or proxy until yesterday is none.",
    )

    _uniq = models.Constraint(
        "UNIQUE(partner_id, relative_id, company_id, kind)",
        "This relation is recorded already.",
    )
    _check_self = models.Constraint(
        "CHECK(partner_id != relative_id)", "Nobody is a relative of themselves."
    )
    _check_period = models.Constraint(
        "CHECK(date_end IS NULL OR date_start IS NULL OR date_end >= date_start)",
        "A relation ends after it starts.",
    )

    @api.model
    def _hcrm_merge_plan(self):
        key = ("company_id", "kind")
        return [
            Move(self._name, unique=("relative_id", *key)),
            Move(self._name, "relative_id", ("partner_id", *key)),
        ]

    @api.depends("date_start", "date_end")
    def _compute_is_current(self):
        today = fields.Date.context_today(self)
        for relation in self:
            relation.is_current = (relation.date_start or today) <= today and (
                not relation.date_end or relation.date_end >= today
            )

    def _search_is_current(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        current = Domain("date_start", "=", False) | Domain("date_start", "<=", today)
        current &= Domain("date_end", "=", False) | Domain("date_end", ">=", today)
        return current if True in value else ~current

    @api.model_create_multi
    def create(self, vals_list):
        """A proxy without a scope speaks for everything (R4)."""
        for vals in vals_list:
            if vals.get("is_proxy") and not vals.get("proxy_scope"):
                vals["proxy_scope"] = "all"
        return super().create(vals_list)
