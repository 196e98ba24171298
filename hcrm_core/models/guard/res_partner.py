from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# who sees a person hangs on these: the suite keeps them, no client writes them
GUARDED_FIELDS = frozenset(
    ("hcrm_metrics_id", "hcrm_confidentiality", "hcrm_merged_into_id")
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    hcrm_company_ids = fields.Many2many(
        "res.company",
        string="Known To",
        compute="_compute_hcrm_company_ids",
        search="_search_hcrm_company_ids",
        help="Legal entities of the user at which the person has a file.",
    )
    hcrm_is_hidden = fields.Boolean(
        "Restricted",
        compute="_compute_hcrm_is_hidden",
        search="_search_hcrm_is_hidden",
        help="A restricted person whom the user has no grant to see.",
    )

    # ------------------------------------------------------------------
    # FIELD ACCESS
    # ------------------------------------------------------------------
    @api.model
    def _has_field_access(self, field, operation):
        if operation == "write" and field.name in GUARDED_FIELDS and not self.env.su:
            return False
        return super()._has_field_access(field, operation)

    @api.constrains("hcrm_metrics_id")
    def _check_hcrm_no_colleague(self):
        self.filtered("hcrm_metrics_id").user_ids._check_not_a_person()

    # ------------------------------------------------------------------
    # SCOPE (R3)
    # ------------------------------------------------------------------
    @api.depends("hcrm_file_ids.company_id")
    @api.depends_context("uid")
    def _compute_hcrm_company_ids(self):
        domain = Domain("partner_id", "in", self._origin.ids)
        if self.env.uid != SUPERUSER_ID:
            domain &= Domain("company_id", "in", self.env.user.company_ids.ids)
        # sudo: asked by the record rule; of other entities nothing is told. Not by
        # hcrm_file_ids, whose cache sudo would fill with the files of all entities.
        companies_by_partner = {
            partner.id: companies
            for partner, companies in self.env["hcrm.person.company"]
            .sudo()
            ._read_group(domain, ["partner_id"], ["company_id:recordset"])
        }
        for partner in self:
            partner.hcrm_company_ids = companies_by_partner.get(
                partner._origin.id, self.env["res.company"]
            )

    def _search_hcrm_company_ids(self, operator, value):
        if operator != "in":
            return NotImplemented
        company_ids = tuple(company_id for company_id in value if company_id)
        if not company_ids:
            return Domain.FALSE
        File = self.env["hcrm.person.company"]
        # OFFSET 0: one look-up in the unique index for each row that is looked at.
        # Without it PostgreSQL hashes all files first, a second for a list of 80.
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "EXISTS (SELECT FROM hcrm_person_company hcrm_file"
                " WHERE hcrm_file.partner_id = %s AND hcrm_file.company_id IN %s"
                " OFFSET 0)",
                SQL.identifier(alias, "id"),
                company_ids,
                to_flush=(File._fields["partner_id"], File._fields["company_id"]),
            )
        )

    # ------------------------------------------------------------------
    # CONFIDENTIALITY (R8)
    # ------------------------------------------------------------------
    @api.depends(
        "hcrm_confidentiality",
        "hcrm_access_ids.user_id",
        "hcrm_access_ids.date_start",
        "hcrm_access_ids.date_end",
    )
    @api.depends_context("uid")
    def _compute_hcrm_is_hidden(self):
        closed_classes = self.env.user._hcrm_closed_classes()
        closed = self.filtered(lambda p: p.hcrm_confidentiality in closed_classes)
        # sudo: asked by the record rule
        granted = (
            self.env["hcrm.person.access"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", closed.ids),
                    ("user_id", "=", self.env.uid),
                    ("is_live", "=", True),
                ]
            )
            .partner_id
            if closed
            else closed
        )
        for partner in self:
            partner.hcrm_is_hidden = (
                partner in closed and partner.id not in granted._ids
            )

    def _search_hcrm_is_hidden(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        closed = Domain(
            "hcrm_confidentiality", "in", self.env.user._hcrm_closed_classes()
        )
        grant = Domain("user_id", "=", self.env.uid) & Domain("is_live", "=", True)
        if (operator == "in") == (True in value):
            return closed & Domain("hcrm_access_ids", "not any", grant)
        return ~closed | Domain("hcrm_access_ids", "any", grant)

    @api.model
    def _hcrm_hidden_sql(self, person, wanted=True):
        """Return SQL that tells whether the user may not see a restricted person.

        :param SQL person: the person's id in the query around it
        :param wanted: False for the negation, which PostgreSQL plans as an anti-join
        """
        Access = self.env["hcrm.person.access"]
        now = fields.Datetime.now()
        return SQL(
            "%(negation)sEXISTS (SELECT FROM res_partner hcrm_hidden"
            " WHERE hcrm_hidden.id = %(person)s"
            " AND hcrm_hidden.hcrm_confidentiality IN %(closed)s"
            " AND NOT EXISTS (SELECT FROM hcrm_person_access hcrm_grant"
            " WHERE hcrm_grant.partner_id = hcrm_hidden.id"
            " AND hcrm_grant.user_id = %(uid)s AND hcrm_grant.date_start <= %(now)s"
            " AND (hcrm_grant.date_end IS NULL OR hcrm_grant.date_end > %(now)s)))",
            negation=SQL() if wanted else SQL("NOT "),
            person=person,
            closed=tuple(self.env.user._hcrm_closed_classes()),
            uid=self.env.uid,
            now=now,
            to_flush=(
                self._fields["hcrm_confidentiality"],
                *(
                    Access._fields[name]
                    for name in ("partner_id", "user_id", "date_start", "date_end")
                ),
            ),
        )

    @api.model
    def _hcrm_unseen_sql(self, person):
        """Return SQL that tells whether the user may not see a person (R3, R8).

        :param SQL person: the person's id in the query around it
        """
        File = self.env["hcrm.person.company"]
        user = self.env.user
        # whoever has no people at all sees none of theirs
        is_user = user.has_group("hcrm_core.group_user")
        # the environment is sudo here, which would take any company for granted
        companies = (self.env.companies & user.company_ids) if is_user else ()
        company_ids = tuple(company.id for company in companies) or (None,)
        return SQL(
            "EXISTS (SELECT FROM res_partner hcrm_unseen"
            " WHERE hcrm_unseen.id = %(person)s"
            " AND hcrm_unseen.hcrm_metrics_id IS NOT NULL"
            " AND hcrm_unseen.id != %(own)s"
            " AND (%(hidden)s OR NOT EXISTS (SELECT FROM hcrm_person_company hcrm_file"
            " WHERE hcrm_file.partner_id = hcrm_unseen.id"
            " AND hcrm_file.company_id IN %(company_ids)s)))",
            person=person,
            own=user.partner_id.id,
            hidden=self._hcrm_hidden_sql(SQL("hcrm_unseen.id")),
            company_ids=company_ids,
            to_flush=(
                self._fields["hcrm_metrics_id"],
                File._fields["partner_id"],
                File._fields["company_id"],
            ),
        )
