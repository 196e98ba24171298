import secrets
from datetime import timedelta

from odoo import api, fields, models

from .preference import PREFERENCE_DAYS, LinkDead, Visit

# 10 of these letters: 48 bits more than anybody can try under the limit of the page
LETTERS = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 10
# an existing link is handed out again while it lives so much longer
REUSE_DAYS = 14


class HcrmPreferenceLink(models.Model):
    """The short form of a signed link, for text messages.

    Rows: about 1 per patient-year, unique on ``code``; deleted when they expire.
    """

    _name = "hcrm.preference.link"
    _inherit = ["hcrm.person.mixin"]
    _description = "Short Preference Link"
    _rec_name = "partner_id"
    _order = "id desc"

    code = fields.Char(
        required=True, readonly=True, copy=False, groups="base.group_system"
    )
    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", "Legal Entity", required=True)
    giver_id = fields.Many2one(
        "res.partner",
        "Decides",
        ondelete="cascade",
        index="btree_not_null",
        help="Guardian or proxy; empty: the person.",
    )
    date_end = fields.Datetime("Valid Until", required=True)

    _code_uniq = models.Constraint("UNIQUE(code)", "A code is used once.")
    _person_idx = models.Index("(partner_id, company_id, date_end)")

    @api.model
    def _hcrm_merge_plan(self):
        """A link opens the card it was given for: of a merged one it is dead."""
        return []

    @api.model
    def _short_url(self, partner, company, giver=None) -> str:
        """The short address; the one that was handed out already where it lives on."""
        giver = giver or self.env["res.partner"]
        now = fields.Datetime.now()
        # sudo: codes are for the person alone
        links = self.sudo()
        link = links.search(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("giver_id", "=", giver.id),
                ("date_end", ">", now + timedelta(days=REUSE_DAYS)),
            ],
            limit=1,
        ) or links.create(
            {
                "code": "".join(secrets.choice(LETTERS) for _n in range(LENGTH)),
                "partner_id": partner.id,
                "company_id": company.id,
                "giver_id": giver.id,
                "date_end": now + timedelta(days=PREFERENCE_DAYS),
            }
        )
        return f"{self.env['hcrm.preference']._base_url(company)}/hcrm/p/{link.code}"

    @api.model
    def _open_code(self, code: str) -> Visit:
        """Whose choices a code opens; :class:`LinkDead` where it opens nothing."""
        # sudo: the code is the login
        link = self.sudo().search([("code", "=", code)], limit=1)
        if not link or link.date_end < fields.Datetime.now():
            raise LinkDead("unknown or expired")
        return self.env["hcrm.preference"]._visit(
            link.partner_id.id, link.company_id.id, link.giver_id.id
        )

    @api.autovacuum
    def _gc_expired(self):
        self.search([("date_end", "<", fields.Datetime.now())], limit=10_000).unlink()
