from odoo import api, fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    """What lists of people filter by: the facts of a person, never written here."""

    _inherit = "res.partner"

    hcrm_encounter_ids = fields.One2many(
        "hcrm.encounter", "partner_id", "Visits", groups="hcrm_core.group_user"
    )
    hcrm_appointment_ids = fields.One2many(
        "hcrm.appointment", "partner_id", "Appointments", groups="hcrm_core.group_user"
    )
    hcrm_condition_ids = fields.One2many(
        "hcrm.condition", "partner_id", "Diagnoses", groups="hcrm_core.group_clinical"
    )
    hcrm_allergy_ids = fields.One2many(
        "hcrm.allergy", "partner_id", "Allergies", groups="hcrm_core.group_clinical"
    )
    hcrm_chronic_group_ids = fields.Many2many(
        "hcrm.chronic.group",
        string="Chronic Illnesses",
        compute="_compute_hcrm_chronic_group_ids",
        search="_search_hcrm_chronic_group_ids",
        groups="hcrm_core.group_clinical",
    )
    hcrm_in_my_panel = fields.Boolean(
        "In My Panel",
        compute="_compute_hcrm_in_my_panel",
        search="_search_hcrm_in_my_panel",
        groups="hcrm_core.group_clinical",
        help="Was seen by you, or in one of your departments.",
    )

    # ------------------------------------------------------------------
    # CHRONIC REGISTRY AND OWN PANEL
    # ------------------------------------------------------------------

    @api.depends("hcrm_condition_ids.code", "hcrm_condition_ids.state")
    @api.depends_context("uid")
    def _compute_hcrm_chronic_group_ids(self):
        """Sort the active codes of all people into groups, in one query (F26)."""
        # a handful of groups that the hospital configures
        groups = self.env["hcrm.chronic.group"].search(Domain.TRUE)
        prefixes = [
            (prefix, group) for group in groups for prefix in group._get_prefixes()
        ]
        found = {}
        for partner, code in self.env["hcrm.condition"]._read_group(
            Domain("partner_id", "in", self._origin.ids)
            & groups._get_condition_domain(),
            ["partner_id", "code"],
        ):
            ids = found.setdefault(partner.id, set())
            ids.update(g.id for prefix, g in prefixes if code.startswith(prefix))
        for partner in self:
            partner.hcrm_chronic_group_ids = groups.browse(
                found.get(partner._origin.id, ())
            )

    def _search_hcrm_chronic_group_ids(self, operator, value):
        Group = self.env["hcrm.chronic.group"]
        if operator == "any":
            return self._hcrm_ill_domain(Group.search(value))
        if operator != "in":
            return NotImplemented
        domain = self._hcrm_ill_domain(Group.browse(one for one in value if one))
        if False in value:  # ... or in no registry at all
            domain |= ~self._hcrm_ill_domain(Group.search(Domain.TRUE))
        return domain

    @api.model
    def _hcrm_ill_domain(self, groups):
        if not groups:
            return Domain.FALSE
        return Domain("hcrm_condition_ids", "any", groups._get_condition_domain())

    @api.depends("hcrm_encounter_ids")
    @api.depends_context("uid")
    def _compute_hcrm_in_my_panel(self):
        panel = self.search(
            Domain("id", "in", self._origin.ids) & Domain("hcrm_in_my_panel", "=", True)
        )
        for partner in self:
            partner.hcrm_in_my_panel = partner._origin in panel

    def _search_hcrm_in_my_panel(self, operator, value):
        if operator != "in":
            return NotImplemented
        user = self.env.user
        mine = Domain("state", "!=", "cancelled") & (
            Domain("practitioner_id.user_id", "=", user.id)
            | Domain("department_id", "in", user.hcrm_department_ids.ids)
        )
        panel = Domain("hcrm_encounter_ids", "any", mine)
        return panel if True in value else ~panel
