import ast

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL


class HcrmRule(models.Model):
    """Who a rule is for: plain choices, saved conditions, and a condition of its own.

    All of them have to hold. Beside them nobody is meant who died, was joined to
    another card or is gone, nor whom an ethics policy protects.
    """

    _inherit = "hcrm.rule"

    gender = fields.Selection([("female", "Women"), ("male", "Men")])
    age_from = fields.Integer("Aged From")
    age_to = fields.Integer("Aged To", help="0: no limit.")
    class_ids = fields.Many2many("hcrm.person.class", string="Of Class")
    chronic_group_ids = fields.Many2many(
        "hcrm.chronic.group",
        string="With a Chronic Illness",
        groups="hcrm_core.group_clinical",
    )
    condition_ids = fields.Many2many(
        "hcrm.rule.condition", string="And", help="Saved conditions; all have to hold."
    )
    person_domain = fields.Char(
        "More Conditions",
        default="[]",
        help="People it is for; asked again when it is due.",
    )

    is_clinical = fields.Boolean(
        compute="_compute_is_clinical",
        store=True,
        help="Reads clinical facts: what it plans is shown to clinical roles alone.",
    )

    _check_ages = models.Constraint(
        "CHECK(COALESCE(age_to, 0) = 0 OR age_to >= COALESCE(age_from, 0))",
        "The younger age comes first.",
    )

    @api.depends(
        "event_kind_id.is_clinical",
        "person_domain",
        "condition_ids.person_domain",
        "chronic_group_ids",
    )
    def _compute_is_clinical(self):
        Why = self.env["hcrm.rule.why"]
        for rule in self.sudo():
            rule.is_clinical = bool(rule.chronic_group_ids) or (
                rule.trigger == "event" and rule.event_kind_id.is_clinical
            )
            try:
                domains = [rule._own_domain()]
                domains += [one._domain() for one in rule.condition_ids]
            except (ValueError, SyntaxError):
                continue  # refused by its constraint
            rule.is_clinical = rule.is_clinical or any(map(Why._is_clinical, domains))

    @api.constrains(
        "person_domain", "condition_ids", "chronic_group_ids", "age_from", "age_to"
    )
    def _check_person_domain(self):
        for rule in self:
            try:
                rule._people()._search(rule._domain(), limit=1)
            except Exception as error:
                raise ValidationError(
                    self.env._("The condition cannot be read: %s", error)
                ) from error

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._check_may_ask()
        return rules

    def write(self, vals):
        res = super().write(vals)
        if "person_domain" in vals:
            self._check_may_ask()
        return res

    def _check_may_ask(self):
        """Counting people by what one may not read would tell it (law 7)."""
        if self.env.su:
            return
        Why = self.env["hcrm.rule.why"]
        for part in [p for rule in self for p in self._parts(rule._own_domain())]:
            if Why._is_closed(part):
                raise ValidationError(
                    self.env._(
                        "“%s” reads facts that are not open to you. Ask a clinical"
                        " colleague to set this condition.",
                        Why.sudo()._text(part),
                    )
                )

    # ------------------------------------------------------------------
    # the condition
    # ------------------------------------------------------------------

    def _own_domain(self) -> Domain:
        """What is typed into the rule itself."""
        return Domain(ast.literal_eval(self.person_domain or "[]"))

    def _domain(self) -> Domain:
        """What the people have to be, of all choices together."""
        self.ensure_one()
        # sudo: the rule asks for the hospital, whoever looks at it
        rule = self.sudo()
        domains = [rule._own_domain()]
        domains += [condition._domain() for condition in rule.condition_ids]
        if rule.gender:
            domains.append(Domain("hcrm_gender", "=", rule.gender))
        if rule.age_from:
            domains.append(Domain("hcrm_birthdate", "<=", rule._born(rule.age_from)))
        if rule.age_to:
            domains.append(Domain("hcrm_birthdate", ">", rule._born(rule.age_to + 1)))
        if rule.class_ids:
            domains.append(Domain("hcrm_class_id", "in", rule.class_ids.ids))
        if rule.chronic_group_ids:
            domains.append(
                Domain("hcrm_chronic_group_ids", "in", rule.chronic_group_ids.ids)
            )
        return Domain.AND(domains)

    def _born(self, years):
        """The birthday of who turns ``years`` today, by the hospital's own day."""
        return fields.Date.context_today(self._people()) - relativedelta(years=years)

    @api.model
    def _parts(self, domain: Domain) -> list[Domain]:
        """The conditions that all have to hold, one by one."""
        if domain.is_true():
            return []
        children = getattr(domain, "children", None)
        if children is not None and getattr(domain, "OPERATOR", "") == "&":
            return list(children)
        return [domain]

    def _is_everybody(self):
        return self._domain().is_true()

    # ------------------------------------------------------------------
    # the people
    # ------------------------------------------------------------------

    def _people(self):
        """``res.partner`` as the hospital of the rule sees it.

        Superuser: rules act for the hospital, not for whoever set them up.
        """
        company = self.sudo().company_id or self.env.company
        return (
            self.env["res.partner"]
            .sudo()
            .with_company(company)
            .with_context(
                allowed_company_ids=company.ids,
                tz=company.hcrm_tz,
                active_test=True,
                lang=self.env.lang,
            )
        )

    def _people_domain(self, domain: Domain | None = None) -> Domain:
        """Everybody the rule may act for.

        :param domain: in place of the rule's own condition
        """
        parts = [self._domain() if domain is None else domain]
        if not self._is_about_death():
            parts.append(Domain("hcrm_status", "in", ("current", False)))
            parts.append(self._not_reported_dead())
        parts += [Domain.custom(to_sql=self._spared_sql(p)) for p in self._policies()]
        return Domain.AND(parts)

    def _is_about_death(self):
        """The rule answers a death itself: a condolence, a task for the papers."""
        return self.trigger == "event" and self.event_kind_id.code == "deceased"

    @api.model
    def _not_reported_dead(self) -> Domain:
        Report = self.env["hcrm.person.report"]
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "NOT EXISTS (SELECT FROM hcrm_person_report r WHERE r.partner_id = %s"
                " AND r.kind = 'deceased' AND r.date_reversed IS NULL)",
                model._field_to_sql(alias, "id", query),
                to_flush=Report._fields["kind"],
            )
        )

    def _still_for(self, executions):
        """Executions whose person still meets the condition, now that they are due."""
        still = self._people().search(
            Domain("id", "in", executions.partner_id.ids)
            & Domain("hcrm_file_ids.company_id", "in", self.company_id.ids)
            & self._people_domain()
        )
        ids = set(still.ids)
        return executions.filtered(lambda e: e.partner_id.id in ids)

    def _why_not(self, partners) -> dict[int, tuple[str, str]]:
        """Why the rule does not act for these people: person -> (code, sentence)."""
        reasons, left = {}, self._people().browse(partners.ids)
        labels = dict(self.env["res.partner"]._fields["hcrm_status"].selection)
        for partner in left:
            if partner.hcrm_status not in ("current", False):
                reasons[partner.id] = (
                    partner.hcrm_status,
                    self.env._(
                        "The person is no longer there: %s.",
                        self.env._(labels[partner.hcrm_status]).lower(),  # pylint: disable=translation-not-lazy
                    ),
                )
        checks = [
            (
                "deceased",
                self.env._("The person was reported deceased."),
                self._not_reported_dead(),
            ),
            (
                "no_file",
                self.env._("The person has no file at this hospital any more."),
                Domain("hcrm_file_ids.company_id", "in", self.company_id.ids),
            ),
        ]
        if self._is_about_death():
            reasons, checks = {}, checks[1:]
        checks += [
            (
                "ethics",
                policy._refusal(),
                Domain.custom(to_sql=self._spared_sql(policy)),
            )
            for policy in self._policies()
        ]
        Why = self.env["hcrm.rule.why"].sudo()
        checks += [
            (
                "condition",
                self.env._("It no longer holds that %s.", Why._text(part)),
                part,
            )
            for part in self._parts(self._domain())
        ]
        for code, sentence, domain in checks:
            left = left.filtered(lambda p: p.id not in reasons)
            if not left:
                break
            met = left.search(Domain("id", "in", left.ids) & domain)
            reasons.update({p.id: (code, sentence) for p in left - met})
        return reasons
