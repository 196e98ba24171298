from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from .person_company import CONFIDENTIALITY
from .person_search import CANDIDATE_LIMIT, PICKER_LIMIT

# what everybody sees of a person in their own hospitals, from its files there
FILE_DEPENDS = (
    "hcrm_file_ids.class_id",
    "hcrm_file_ids.owner_id",
    "hcrm_file_ids.is_vip",
    "hcrm_file_ids.alias",
    "hcrm_file_ids.alert",
    "hcrm_file_ids.date_last_visit",
)
# what somebody may type to find the person
SEARCHED = frozenset(("name", "hcrm_other_names"))
# whose records bring the person up to date, each once at the end of a write
FOLLOWED = frozenset(
    (
        *("hcrm_class_id", "hcrm_owner_id", "hcrm_is_vip", "hcrm_file_ids"),
        *("hcrm_identifier_ids", "hcrm_contact_point_ids"),
    )
)
# the first good contact point stands there
HELD = frozenset(("phone", "email"))
# nobody else ends a person's card
ARCHIVED_STATUS = ("merged", "erased")


class ResPartner(models.Model):
    """The person: thin, one per group; everything that moves stands elsewhere."""

    _name = "res.partner"
    _inherit = ["res.partner", "hcrm.person.api"]

    hcrm_other_names = fields.Text(
        "Other Names",
        help="Former, foreign and pet names, one a line; found by search.",
    )
    hcrm_gender = fields.Selection(
        [
            ("male", "Male"),
            ("female", "Female"),
            ("other", "Other"),
            ("unknown", "Unknown"),
        ],
        "Sex",
    )
    hcrm_birthdate = fields.Date("Birth Date", index="btree_not_null")
    hcrm_birthdate_precision = fields.Selection(
        [("day", "Day"), ("month", "Month"), ("year", "Year")], "Birth Date Precision"
    )
    hcrm_age = fields.Integer(
        "Age",
        compute="_compute_hcrm_age",
        search="_search_hcrm_age",
        aggregator=None,
        help="Years today; of the dead, on the day of death.",
    )
    hcrm_status = fields.Selection(
        [
            ("current", "Current"),
            ("gone", "Gone at source"),
            ("deceased", "Deceased"),
            ("merged", "Merged"),
            ("erased", "Erased"),
        ],
        "Person Status",
    )
    hcrm_deceased_date = fields.Date("Date of Death")
    # strictest class over all hospital files; empty means normal
    hcrm_confidentiality = fields.Selection(
        CONFIDENTIALITY, "Confidentiality", readonly=True, index="btree_not_null"
    )
    # set once, when a contact becomes a person of the suite
    hcrm_metrics_id = fields.Many2one(
        "hcrm.person.metrics", "Metrics", readonly=True, copy=False, ondelete="set null"
    )
    hcrm_merged_into_id = fields.Many2one(
        "res.partner", "Merged Into", readonly=True, copy=False, index="btree_not_null"
    )
    hcrm_file_ids = fields.One2many(
        "hcrm.person.company", "partner_id", "Hospital Files"
    )
    hcrm_identifier_ids = fields.One2many(
        "hcrm.person.identifier", "partner_id", "Identifiers"
    )
    hcrm_contact_point_ids = fields.One2many(
        "hcrm.contact.point", "partner_id", "Contact Points"
    )
    hcrm_relation_ids = fields.One2many(
        "hcrm.person.relation", "partner_id", "Relatives"
    )
    hcrm_relative_of_ids = fields.One2many(
        "hcrm.person.relation", "relative_id", "Relative Of"
    )
    hcrm_profile_ids = fields.One2many("hcrm.person.profile", "partner_id", "Profiles")
    hcrm_access_ids = fields.One2many(
        "hcrm.person.access", "partner_id", "Who May See the Person"
    )

    # the person's file at the hospital of the user, where the person has one
    hcrm_class_id = fields.Many2one(
        "hcrm.person.class",
        "Class",
        compute="_compute_hcrm_file",
        inverse="_inverse_hcrm_class_id",
        search="_search_hcrm_class_id",
    )
    hcrm_owner_id = fields.Many2one(
        "res.users",
        "Looked After By",
        compute="_compute_hcrm_file",
        inverse="_inverse_hcrm_owner_id",
        search="_search_hcrm_owner_id",
    )
    hcrm_is_vip = fields.Boolean(
        "VIP",
        compute="_compute_hcrm_file",
        inverse="_inverse_hcrm_is_vip",
        search="_search_hcrm_is_vip",
    )
    hcrm_alias = fields.Char("Alias", compute="_compute_hcrm_file")
    hcrm_alert = fields.Char("Service Alert", compute="_compute_hcrm_file")
    hcrm_last_visit = fields.Date(
        "Last Visit", compute="_compute_hcrm_file", search="_search_hcrm_last_visit"
    )
    hcrm_mrn = fields.Char(
        "Medical Record Number", compute="_compute_hcrm_mrn", search="_search_hcrm_mrn"
    )
    hcrm_phone_tail = fields.Char(
        "Phone Ends In",
        compute="_compute_hcrm_phone_tail",
        help="Last four digits of the first number that is not wrong.",
    )

    # ordinary contacts are searched the stock way, without scanning the people
    _hcrm_contact_idx = models.Index("(id) WHERE hcrm_metrics_id IS NULL")

    # ------------------------------------------------------------------
    # AGE
    # ------------------------------------------------------------------

    @api.depends("hcrm_birthdate", "hcrm_deceased_date")
    def _compute_hcrm_age(self):
        today = fields.Date.context_today(self)
        for partner in self:
            born = partner.hcrm_birthdate
            until = partner.hcrm_deceased_date or today
            age = born and born <= until and relativedelta(until, born).years
            partner.hcrm_age = age or 0

    def _search_hcrm_age(self, operator, value):
        """Turn years into a range of birth dates, which is indexed."""
        today = fields.Date.context_today(self)

        def born_after(years):
            """Domain of those who are younger than ``years``."""
            return Domain(
                "hcrm_birthdate", ">", today - relativedelta(years=int(years))
            )

        known = Domain("hcrm_birthdate", "!=", False)
        if operator == "in":
            domains = [
                born_after(years + 1) & ~born_after(years) & known
                for years in value
                if years is not False
            ]
            return Domain.OR(domains)
        if operator == "<":
            return born_after(value)
        if operator == "<=":
            return born_after(value + 1)
        if operator == ">":
            return ~born_after(value + 1) & known
        if operator == ">=":
            return ~born_after(value) & known
        return NotImplemented

    def _hcrm_age_label(self):
        """Return the age as people say it: months of a baby, years of others."""
        self.ensure_one()
        born = self.hcrm_birthdate
        if not born:
            return ""
        if self.hcrm_age >= 2 or self.hcrm_birthdate_precision == "year":
            return self.env._("%s y", self.hcrm_age)
        until = self.hcrm_deceased_date or fields.Date.context_today(self)
        passed = relativedelta(until, born)
        months = passed.years * 12 + passed.months
        if months:
            return self.env._("%s months", months)
        return self.env._("%s days", max(passed.days, 0))

    # ------------------------------------------------------------------
    # THE FILE AT THE USER'S HOSPITAL
    # ------------------------------------------------------------------

    def _hcrm_own_files(self):
        """Return {partner id: file}: at the current entity, else at another of the
        user's, as sudo: who sees the person sees these few facts of them."""
        files_sudo = (
            self.env["hcrm.person.company"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", self._origin.ids),
                    ("company_id", "in", self.env.companies.ids),
                ],
                order="id",
            )
        )
        current = self.env.company
        files = {}
        for file in files_sudo:
            partner_id = file.partner_id.id
            if partner_id not in files or file.company_id == current:
                files[partner_id] = file
        return files

    @api.depends(*FILE_DEPENDS)
    @api.depends_context("company", "allowed_company_ids")
    def _compute_hcrm_file(self):
        files = self._hcrm_own_files()
        last_visits = self._hcrm_last_visits()
        for partner in self:
            file = files.get(partner._origin.id) or self.env["hcrm.person.company"]
            partner.hcrm_class_id = file.class_id.id
            partner.hcrm_owner_id = file.owner_id.id
            partner.hcrm_is_vip = file.is_vip
            partner.hcrm_alias = file.alias
            partner.hcrm_alert = file.alert
            partner.hcrm_last_visit = last_visits.get(partner._origin.id)

    def _hcrm_last_visits(self):
        """Return {partner id: day} of the last visit to any of the user's hospitals."""
        rows = (
            self.env["hcrm.person.company"]
            .sudo()
            ._read_group(
                [
                    ("partner_id", "in", self._origin.ids),
                    ("company_id", "in", self.env.companies.ids),
                ],
                ["partner_id"],
                ["date_last_visit:max"],
            )
        )
        return {partner.id: day for partner, day in rows}

    def _hcrm_file_domain(self, domain):
        in_companies = Domain("company_id", "in", self.env.companies.ids)
        return Domain("hcrm_file_ids", "any", in_companies & Domain(domain))

    def _search_hcrm_class_id(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        return self._hcrm_file_domain([("class_id", operator, value)])

    def _search_hcrm_owner_id(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        return self._hcrm_file_domain([("owner_id", operator, value)])

    def _search_hcrm_is_vip(self, operator, value):
        if operator != "in":
            return NotImplemented
        vip = self._hcrm_file_domain([("is_vip", "=", True)])
        return vip if True in value else ~vip

    def _search_hcrm_last_visit(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if operator == "in" and False in value:
            return ~self._hcrm_file_domain([("date_last_visit", "!=", False)])
        return self._hcrm_file_domain([("date_last_visit", operator, value)])

    def _inverse_hcrm_class_id(self):
        """Open a file at the current hospital, or change the class of the one there."""
        missing = self.filtered("hcrm_class_id")
        class_by_partner = {partner.id: partner.hcrm_class_id.id for partner in missing}
        files = self._hcrm_current_files()
        for partner in missing:
            if partner.id in files:
                files[partner.id].class_id = class_by_partner[partner.id]
        touchpoint = self.env.context.get("hcrm_touchpoint")
        if not touchpoint:
            is_api = self.env.user.has_group("hcrm_core.group_integrator")
            touchpoint = "api" if is_api else "manual"
        campus_id = self.env.context.get("hcrm_campus_id")
        campus_id = campus_id or self.env.user.hcrm_campus_id.id
        self.env["hcrm.person.company"].create(
            [
                {
                    "partner_id": partner.id,
                    "company_id": self.env.company.id,
                    "class_id": class_by_partner[partner.id],
                    "opened_touchpoint": touchpoint,
                    "campus_id": campus_id,
                }
                for partner in missing
                if partner.id not in files
            ]
        )

    def _inverse_hcrm_owner_id(self):
        for partner, file in self._hcrm_files_or_refuse():
            file.owner_id = partner.hcrm_owner_id

    def _inverse_hcrm_is_vip(self):
        """Promote to VIP with somebody who looks after them, or take it back (F14)."""
        for partner, file in self._hcrm_files_or_refuse():
            vals = {"is_vip": partner.hcrm_is_vip}
            if partner.hcrm_is_vip and not file.owner_id:
                vals["owner_id"] = (partner.hcrm_owner_id or self.env.user).id
            file.write(vals)

    def _hcrm_current_files(self):
        files = self.env["hcrm.person.company"].search(
            [("partner_id", "in", self.ids), ("company_id", "=", self.env.company.id)]
        )
        return {file.partner_id.id: file for file in files}

    def _hcrm_files_or_refuse(self):
        files = self._hcrm_current_files()
        pairs = []
        for partner in self:
            if partner.id in files:
                pairs.append((partner, files[partner.id]))
            elif partner.hcrm_owner_id or partner.hcrm_is_vip:
                raise UserError(
                    self.env._(
                        "%(name)s has no file at %(company)s yet. Choose a class first.",
                        name=partner.display_name,
                        company=self.env.company.name,
                    )
                )
        return pairs

    # ------------------------------------------------------------------
    # NUMBERS SHOWN
    # ------------------------------------------------------------------

    @api.depends("hcrm_identifier_ids.value")
    @api.depends_context("company", "allowed_company_ids")
    def _compute_hcrm_mrn(self):
        rows = (
            self.env["hcrm.person.identifier"]
            .sudo()
            .search_fetch(
                [
                    ("partner_id", "in", self._origin.ids),
                    ("type_id.code", "=", "MR"),
                    ("company_id", "in", self.env.companies.ids),
                ],
                ["partner_id", "company_id", "value"],
                order="id",
            )
        )
        numbers = {}
        for row in rows:
            partner_id = row.partner_id.id
            if partner_id not in numbers or row.company_id == self.env.company:
                numbers[partner_id] = row.value
        for partner in self:
            partner.hcrm_mrn = numbers.get(partner._origin.id, False)

    def _search_hcrm_mrn(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        # sudo: numbers are not open to every role; the rules of people hold
        query = (
            self.env["hcrm.person.identifier"]
            .sudo()
            ._search(
                [
                    ("type_id.code", "=", "MR"),
                    ("company_id", "in", self.env.companies.ids),
                    ("value", operator, value),
                ]
            )
        )
        return Domain("id", "in", query.subselect("partner_id"))

    @api.depends("hcrm_contact_point_ids.number")
    @api.depends_context("allowed_company_ids")
    def _compute_hcrm_phone_tail(self):
        rows = (
            self.env["hcrm.contact.point"]
            .sudo()
            .search_fetch(
                [
                    ("partner_id", "in", self._origin.ids),
                    ("system", "=", "phone"),
                    ("company_id", "in", self.env.companies.ids),
                    ("is_junk", "=", False),
                    ("is_wrong", "=", False),
                ],
                ["partner_id", "number"],
                order="rank desc, id desc",
            )
        )
        tails = {row.partner_id.id: row.number[-4:] for row in rows}
        for partner in self:
            partner.hcrm_phone_tail = tails.get(partner._origin.id, False)

    # ------------------------------------------------------------------
    # NAME: SHORT, ALIAS OF THE RESTRICTED, DETAILS IN PICKERS
    # ------------------------------------------------------------------

    @api.depends("hcrm_confidentiality", "hcrm_file_ids.alias")
    @api.depends_context("company", "allowed_company_ids")
    def _compute_display_name(self):
        result = super()._compute_display_name()
        # sudo: the name of a person the user may not see is asked for by links to it
        for partner in self.sudo().filtered("hcrm_confidentiality"):
            partner.with_env(self.env).display_name = partner._hcrm_shown_alias()
        return result

    def _hcrm_shown_alias(self):
        """Return what is shown instead of a restricted person's name (R8)."""
        return self.hcrm_alias or self.env._("Confidential %s", self.id)

    def _hcrm_picker_details(self):
        """Return {partner id: what tells namesakes apart} for people (R13)."""
        sexes = dict(self._fields["hcrm_gender"]._description_selection(self.env))
        details = {}
        for partner in self.filtered("hcrm_metrics_id"):
            tail = partner.hcrm_phone_tail or (partner.hcrm_mrn or "")[-4:]
            visit = partner.hcrm_last_visit
            parts = (
                sexes.get(partner.hcrm_gender),
                partner._hcrm_age_label(),
                tail and f"…{tail}",
                visit and format_date(self.env, visit),
            )
            details[partner.id] = " · ".join(filter(None, parts))
        return details

    @api.model
    @api.readonly
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        """Look at fewer people where few are shown and nothing else narrows down."""
        if limit and not domain:
            candidates = max(PICKER_LIMIT, 5 * limit)
            self = self.with_context(hcrm_candidate_limit=candidates)
        return super().name_search(name, domain, operator, limit)

    @api.model
    @api.readonly
    def web_name_search(
        self, name, specification, domain=None, operator="ilike", limit=100
    ):
        """Add sex, age, last digits and last visit to the people in a picker."""
        found = super().web_name_search(name, specification, domain, operator, limit)
        if len(specification) == 1 and "display_name" in specification:
            partners = self.browse([row["id"] for row in found])
            details = partners._hcrm_picker_details()
            for row in found:
                if details.get(row["id"]):
                    label = row["__formatted_display_name"]
                    row["__formatted_display_name"] = (
                        f"{label} \t --{details[row['id']]}--"
                    )
        return found

    # ------------------------------------------------------------------
    # SEARCH
    # ------------------------------------------------------------------

    @api.model
    def _search_display_name(self, operator, value):
        """Find people by their tokens and ordinary contacts the stock way.

        Stock search alone scans every person; the two are joined inside one list
        of ids, since an OR of conditions would scan as well.
        """
        stock = super()._search_display_name(operator, value)
        if operator not in ("ilike", "like") or not value or stock is NotImplemented:
            return stock
        limit = self.env.context.get("hcrm_candidate_limit") or CANDIDATE_LIMIT
        ids = self.env["hcrm.person.search"]._find_ids(value, limit)
        contacts = self.with_context(active_test=False)._search(
            Domain("hcrm_metrics_id", "=", False) & Domain(stock), bypass_access=True
        )
        return Domain(
            "id",
            "in",
            SQL("(SELECT unnest(%s::int[]) UNION ALL %s)", ids, contacts.select()),
        )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Whoever is given a class is a person: file, metrics and tokens (F1)."""
        for vals in vals_list:
            if vals.get("hcrm_class_id"):
                self._hcrm_refuse_parent(vals)
                vals["company_id"] = False
        later = self.with_context(hcrm_refresh_later=True)
        partners = super(ResPartner, later).create(vals_list).with_env(self.env)
        partners.with_context(hcrm_refresh_later=True)._hcrm_keep_typed(vals_list)
        partners._hcrm_refresh()
        return partners

    def write(self, vals):
        people = self.sudo().filtered("hcrm_metrics_id")
        if people:
            people.with_env(self.env)._hcrm_check_vals(vals)
        if not any(key in SEARCHED or key in FOLLOWED or key in HELD for key in vals):
            return super().write(vals)
        later = self.with_context(hcrm_refresh_later=True)
        result = super(ResPartner, later).write(vals)
        later._hcrm_keep_typed([vals] * len(self))
        self._hcrm_refresh()
        return result

    def unlink(self):
        """Search tokens know their person by its id alone, and go with it."""
        partner_ids = self.ids
        result = super().unlink()
        self.env["hcrm.person.search"]._forget(partner_ids)
        return result

    @api.model
    def _hcrm_refuse_parent(self, vals):
        if vals.get("parent_id"):
            raise UserError(
                self.env._(
                    "A person stands alone here: a parent would change whose address, "
                    "name and portal pages are shown. Enter the family or the employer "
                    "under Relatives instead."
                )
            )

    def _hcrm_keep_typed(self, vals_list):
        """Keep phone and email written on people as contact points of theirs.

        The two fields hold the first good contact point, so that whatever another
        addon or an integrator writes there has to become one.
        """
        if self.env.su:
            return
        told = [
            {
                "partner_id": partner.id,
                "system": system,
                "value": vals[system],
                "rank": 0,
            }
            for partner, vals in zip(self, vals_list, strict=True)
            if partner.sudo().hcrm_metrics_id or vals.get("hcrm_class_id")
            for system in sorted(HELD)
            if vals.get(system)
        ]
        if told:
            self.env["hcrm.registrar"]._add_first_points(told)

    def _hcrm_check_vals(self, vals):
        """Refuse what would make the card of a person somebody else's."""
        self._hcrm_refuse_parent(vals)
        if vals.get("company_id"):
            raise UserError(
                self.env._(
                    "A person belongs to the whole group. Where they are known is told "
                    "by their hospital files, so leave the company empty."
                )
            )
        if vals.get("active") is False and not self.env.su:
            status = vals.get("hcrm_status")
            kept = self.filtered(
                lambda p: (status or p.hcrm_status) not in ARCHIVED_STATUS
            )
            if kept:
                raise UserError(
                    self.env._(
                        "%s cannot be archived: only merged and erased cards are. Set "
                        "the status to say that the person died or moved away.",
                        kept[0].display_name,
                    )
                )

    def _hcrm_refresh(self, former_numbers=()):
        """Bring what follows from name, numbers and files up to date, in one batch.

        Search tokens, first phone and address, shared and junk marks, strictest
        class of secrecy. Within a create or write it waits for its end.
        """
        context = self.env.context
        if context.get("hcrm_refresh_later") or context.get("hcrm_details_in_sets"):
            return
        # sudo: these follow from the data, whoever changed it
        people = self.sudo().filtered("hcrm_metrics_id")
        if len(people) < len(self):
            # searched, not read: the cache of the field is everybody's
            files = self.env["hcrm.person.company"].sudo()
            people |= files.search([("partner_id", "in", self.ids)]).partner_id
        if not people:
            return
        for partner in people:
            if partner.parent_id and not partner.hcrm_metrics_id:
                raise ValidationError(
                    self.env._(
                        "%s belongs to a company or a family card. Take it off before "
                        "opening a hospital file: a person stands alone.",
                        partner.name,
                    )
                )
        people.filtered(lambda p: not p.hcrm_status).with_context(
            hcrm_refresh_later=True
        ).hcrm_status = "current"
        self.env["hcrm.person.details"].sudo()._refresh_tokens(
            people.ids, former_numbers
        )

    # ------------------------------------------------------------------
    # RELATIVES AND PROFILE
    # ------------------------------------------------------------------

    def _hcrm_guardians(self):
        """Return who is the legal guardian today, as the user's hospitals know it."""
        return self._hcrm_speakers("is_guardian")

    def _hcrm_proxies(self):
        """Return who may speak for the person today; scopes stand on the relation."""
        return self._hcrm_speakers("is_proxy")

    def _hcrm_speakers(self, role):
        relations = self.hcrm_relation_ids.filtered(
            lambda r: r[role] and r.is_current and not r.must_not_know
        )
        return relations.relative_id

    def _hcrm_next_questions(self):
        """Return at most two things to ask the person in this contact (F25)."""
        self.ensure_one()
        profile = self.hcrm_profile_ids.filtered(
            lambda p: p.company_id == self.env.company
        )
        return self.env["hcrm.person.profile"]._next_questions(profile)
