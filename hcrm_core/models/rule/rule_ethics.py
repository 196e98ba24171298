from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL


class HcrmRule(models.Model):
    """What a rule may not do: judged when saved, when started, and when it acts."""

    _inherit = "hcrm.rule"

    @api.constrains(
        "purpose",
        "trigger",
        "event_kind_id",
        "department_ids",
        "person_domain",
        "condition_ids",
        "chronic_group_ids",
        "company_id",
    )
    def _check_policies(self):
        for rule in self:
            refusal = rule._find_refusal()
            if refusal:
                raise ValidationError(refusal)

    def _all_policies(self):
        """The policies on the rule's purpose at its hospital."""
        # sudo: policies hold for everybody
        policies = (
            self.env["hcrm.ethics.policy"]
            .sudo()
            .search(
                [
                    ("company_id", "in", (False, self.company_id.id)),
                    (f"on_{self.purpose}", "=", True),
                ]
            )
        )
        return policies.with_context(tz=self.company_id.hcrm_tz, lang=self.env.lang)

    def _policies(self):
        """Those that spare people."""
        return self._all_policies().filtered(lambda policy: policy.kind == "spare")

    def _spared_sql(self, policy):
        """For a condition: that the person is none of those the policy spares."""
        return lambda model, alias, query: SQL(
            "NOT %s", policy._touches_sql(model._field_to_sql(alias, "id", query))
        )

    def _find_refusal(self) -> str | None:
        """Why a policy does not allow this rule, naming both the policy and the part
        of the rule."""
        self.ensure_one()
        for policy in self._all_policies():
            part = self._offending_part(policy)
            if part:
                return self.env._(
                    "The ethics policy “%(policy)s” does not allow a rule for"
                    " %(purpose)s to use “%(part)s”. %(why)s",
                    policy=policy.name,
                    purpose=dict(
                        self._fields["purpose"]._description_selection(self.env)
                    )[self.purpose].lower(),
                    part=part,
                    why=policy.note,
                )
        return None

    def _offending_part(self, policy) -> str | None:
        if policy.kind == "spare" and self.trigger == "event":
            if self.event_kind_id in policy.event_kind_ids:
                return self.event_kind_id.name
            places = self.sudo().department_ids.filtered("is_sensitive")
            if policy.is_sensitive_place and places:
                return places[0].neutral_name or places[0].display_name
        return policy._find_offence(self._domain())
