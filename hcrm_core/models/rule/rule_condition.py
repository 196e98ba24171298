import ast

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class HcrmRuleCondition(models.Model):
    """A condition on people with a name, to be used in many rules."""

    _name = "hcrm.rule.condition"
    _description = "Saved Condition"
    _order = "room, sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    room = fields.Selection(
        [
            ("people", "Who they are"),
            ("record", "What happened at the hospital"),
            ("health", "How they are"),
            ("message", "How we reach them"),
        ],
        "About",
        required=True,
        default="people",
    )
    person_domain = fields.Char("Condition", required=True, default="[]")

    _name_uniq = models.UniqueIndex(
        "(name) WHERE active", "A condition of this name is saved already."
    )

    @api.constrains("person_domain")
    def _check_person_domain(self):
        for condition in self:
            try:
                domain = condition._domain()
                # sudo: whether it can be read at all
                self.env["res.partner"].sudo()._search(domain, limit=1)
            except Exception as error:
                raise ValidationError(
                    self.env._("The condition cannot be read: %s", error)
                ) from error

    def _check_may_ask(self):
        """Counting people by what one may not read would tell it (law 7)."""
        Why = self.env["hcrm.rule.why"]
        if not self.env.su and any(Why._is_closed(one._domain()) for one in self):
            raise ValidationError(
                self.env._(
                    "This condition reads facts that are not open to you. Ask a"
                    " clinical colleague to set it."
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        conditions = super().create(vals_list)
        conditions._check_may_ask()
        return conditions

    def _domain(self) -> Domain:
        return Domain(ast.literal_eval(self.person_domain or "[]"))

    def write(self, vals):
        """A changed condition is judged in every running rule that uses it."""
        res = super().write(vals)
        if "person_domain" in vals:
            self._check_may_ask()
            # sudo: rules of every hospital
            rules = self.env["hcrm.rule"].sudo()
            rules.search(
                [("condition_ids", "in", self.ids), ("is_running", "=", True)]
            )._check_policies()
        return res
