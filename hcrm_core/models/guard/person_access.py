from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ...tools.merge_plan import Move


class HcrmPersonAccess(models.Model):
    """One user may see one restricted person: as care team, or by break-glass.

    The record rules of people and facts read this table (R8), so a grant works
    at once on every path: lists, search, export, the card and the API. A grant
    is never deleted: it ends.
    """

    _name = "hcrm.person.access"
    _description = "Access to a Restricted Person"
    _order = "id desc"

    partner_id = fields.Many2one(
        "res.partner",
        "Person",
        required=True,
        index=True,
        ondelete="cascade",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    # whoever gives the grant need not see the person, and can hence not pick it
    person_number = fields.Char(
        help="Full medical record or identity number of the person. It is asked for "
        "because restricted people are found in no list.",
        copy=False,
    )
    user_id = fields.Many2one(
        "res.users", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    kind = fields.Selection(
        [("care_team", "Care team"), ("break_glass", "Break-glass")],
        required=True,
        default="care_team",
    )
    reason = fields.Char()
    date_start = fields.Datetime(required=True, default=fields.Datetime.now)
    date_end = fields.Datetime(help="Empty: until it is withdrawn.")
    is_live = fields.Boolean(
        "In Force", compute="_compute_is_live", search="_search_is_live"
    )

    _check_period = models.Constraint(
        "CHECK(date_end IS NULL OR date_end >= date_start)",
        "An access grant ends after it starts.",
    )
    # the record rules ask: which live grants has this user for this person
    _user_partner_idx = models.Index(
        "(user_id, partner_id) INCLUDE (date_start, date_end)"
    )

    @api.model
    def _hcrm_merge_plan(self):
        return [Move(self._name)]

    @api.depends("date_start", "date_end")
    def _compute_is_live(self):
        now = fields.Datetime.now()
        for grant in self:
            grant.is_live = (grant.date_start or now) <= now and (
                not grant.date_end or grant.date_end > now
            )

    def _search_is_live(self, operator, value):
        if operator != "in":
            return NotImplemented
        # evaluated at each query: the domain of a record rule is cached, this is not
        now = fields.Datetime.now()
        live = Domain("date_start", "<=", now) & (
            Domain("date_end", "=", False) | Domain("date_end", ">", now)
        )
        return live if True in value else ~live

    @api.depends("person_number", "company_id")
    def _compute_partner_id(self):
        for grant in self:
            if grant.person_number:
                grant.partner_id = grant._find_by_number()
            else:
                grant.partner_id = grant.partner_id

    def _find_by_number(self):
        """Return the person who holds ``person_number`` at the entity of the grant."""
        people = self._people_by_number(self.person_number, self.company_id)
        if len(people) != 1:
            raise UserError(self._nobody_sentence(self.person_number, self.company_id))
        return people

    @api.model
    def _people_by_number(self, number, company):
        """Return who holds exactly this number at an entity, hidden or not."""
        number = "".join(filter(str.isalnum, number)).upper()
        # sudo: the person may be hidden from whoever gives the grant
        people_sudo = (
            self.env["hcrm.person.identifier"]
            .sudo()
            .search(
                [
                    ("value_norm", "=", number),
                    ("company_id", "in", [company.id, False]),
                    ("partner_id.hcrm_file_ids.company_id", "=", company.id),
                ]
            )
            .partner_id
        )
        return people_sudo.with_env(self.env)

    @api.model
    def _nobody_sentence(self, number, company):
        return self.env._(
            "Nobody at %(company)s is found by the number %(number)s alone. "
            "Enter the whole medical record or identity number.",
            company=company.name,
            number=number,
        )

    @api.model_create_multi
    def create(self, vals_list):
        grants = super().create(vals_list)
        grants._check_not_for_oneself()
        return grants

    def write(self, vals):
        res = super().write(vals)
        if vals.keys() & {"user_id", "partner_id", "person_number", "date_end"}:
            self._check_not_for_oneself()
        return res

    def _check_not_for_oneself(self):
        if self.env.su:
            return
        if self.env.user in self.user_id:
            raise AccessError(
                self.env._(
                    "Nobody gives themselves access to a restricted person. Ask the "
                    "privacy officer or another manager to enter it."
                )
            )

    def action_withdraw(self):
        """End the grants now."""
        self.filtered("is_live").write({"date_end": fields.Datetime.now()})
