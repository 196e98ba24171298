from odoo import api, models
from odoo.exceptions import AccessError


class HcrmPersonApi(models.AbstractModel):
    """What clients and other systems call on ``res.partner``.

    The methods are public, hence reachable over XML-RPC and JSON-2; each hands on
    to the model that does the work, as the calling user.
    """

    _name = "hcrm.person.api"
    _description = "Calls on a Person"

    # ------------------------------------------------------------------
    # REGISTRATION AND CALLERS
    # ------------------------------------------------------------------

    @api.model
    def hcrm_register(self, vals):
        """Register a person, for other systems (F11); the desk has a wizard.

        :param vals: dict of ``name`` and, as known, ``birthdate`` (YYYY-MM-DD) or
            ``age``, ``gender``, ``occupation``, ``street``, ``street2``, ``city``,
            ``zip``, ``identity_type`` (code) and ``identity_number``, ``mrn``,
            ``phone`` and ``whose`` it is, ``email``, ``history``, ``needs``,
            ``class_code``, ``touchpoint``, ``campus_code``; ``is_another_person``
            after looking at the candidates; ``consent`` of a person the group knows
        :return: dict of ``id`` (False where nobody was registered), ``created``,
            ``warnings`` (dicts of ``code`` and ``message``) and ``candidates``
        """
        return self.env["hcrm.registrar"]._register_person(vals)

    @api.model
    @api.readonly
    def hcrm_find_by_phone(self, number):
        """Who may be calling from ``number`` (R4, R14): see ``hcrm.caller``."""
        return self.env["hcrm.caller"]._find(number)

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
    def hcrm_get_timeline_years(self, partner_id):
        """The years the timeline can be filtered by, newest first."""
        return self.env["hcrm.timeline"]._get_years(self._hcrm_card_person(partner_id))

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
