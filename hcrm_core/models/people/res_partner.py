from odoo import api, fields, models
from odoo.exceptions import AccessError

from .person_company import CONFIDENTIALITY


class ResPartner(models.Model):
    """The person: thin, one per group; everything that moves stands elsewhere."""

    _inherit = "res.partner"

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
    hcrm_profile_ids = fields.One2many("hcrm.person.profile", "partner_id", "Profiles")
    hcrm_access_ids = fields.One2many(
        "hcrm.person.access", "partner_id", "Who May See the Person"
    )

    # ordinary contacts are searched the stock way, without scanning the people
    _hcrm_contact_idx = models.Index("(id) WHERE hcrm_metrics_id IS NULL")

    # ------------------------------------------------------------------
    # CARD: read by the web client and by integrators
    # ------------------------------------------------------------------

    def action_hcrm_open_card(self):
        """Open the 360° card; the button of forms and the rows of lists."""
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "hcrm_core.card",
            "path": "hcrm-card",
            "name": self.display_name,
            "context": {"active_id": self.id},
        }

    @api.model
    @api.readonly
    def hcrm_get_card(self, partner_id):
        """The 360° card of a person as plain data (see ``hcrm.card``).

        Sections the user has no right to are absent.
        """
        return self.env["hcrm.card"]._get_card(self._hcrm_card_person(partner_id))

    @api.model
    @api.readonly
    def hcrm_get_timeline(
        self, partner_id, kinds=None, before=None, limit=40, year=None, search=None
    ):
        """A page of the person's timeline, newest first (see ``hcrm.timeline``).

        :param kinds: only these kinds of rows, as named by the first page
        :param before: ``next`` of the page before, for the page after it
        """
        return self.env["hcrm.timeline"]._get_page(
            self._hcrm_card_person(partner_id), kinds, before, limit, year, search
        )

    @api.model
    @api.readonly
    def hcrm_get_trends(self, partner_id, codes=None):
        """Latest value per code and the series of ``codes`` (see ``hcrm.health``)."""
        return self.env["hcrm.health"]._get_trends(
            self._hcrm_card_person(partner_id), codes
        )

    @api.model
    @api.readonly
    def hcrm_get_health(self, partner_id):
        """Allergies, problems, medications and procedures of the person."""
        return self.env["hcrm.health"]._get_health(self._hcrm_card_person(partner_id))

    @api.model
    def _hcrm_card_person(self, partner_id):
        """The person, if the user may read them.

        A person that is hidden and one that never was give the same answer (R8).
        """
        partner = self.browse(int(partner_id)).exists()
        if not partner._filtered_access("read"):
            raise AccessError(
                self.env._(
                    "There is no such person, or they are not open to you. Search by "
                    "name or number, or ask your manager."
                )
            )
        return partner
