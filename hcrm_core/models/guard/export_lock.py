"""Who may take lists of people out of the system (R22)."""

from odoo import fields, models
from odoo.exceptions import AccessError


class ResCompany(models.Model):
    _inherit = "res.company"

    hcrm_export_policy = fields.Selection(
        [
            ("right", "Whoever may export in Odoo"),
            ("officers", "Export officers"),
            ("locked", "Nobody"),
        ],
        "Export of People",
        required=True,
        default="right",
        help="Who may export people and what belongs to them. Every export is a row "
        "of the access log.",
    )


class ResUsers(models.Model):
    _inherit = "res.users"

    hcrm_is_export_locked = fields.Boolean(
        "Exports of People Locked",
        readonly=True,
        copy=False,
        help="Set and lifted on the privacy officer's desk.",
    )


class HcrmAccessLogged(models.AbstractModel):
    _inherit = "hcrm.access.logged"

    def export_data(self, fields_to_export):
        if not self.env.su and self._hcrm_exported():
            self._check_export_of_people()
        return super().export_data(fields_to_export)

    def _hcrm_exported(self):
        """Return the records among these whose export is that of people."""
        return self

    def _check_export_of_people(self):
        user = self.env.user
        policies = set(self.env.companies.sudo().mapped("hcrm_export_policy"))
        if user.hcrm_is_export_locked or "locked" in policies:
            raise AccessError(
                self.env._(
                    "Exports of people are locked. Ask the privacy officer to lift "
                    "the lock, and say what the list is for."
                )
            )
        officer = "hcrm_core.group_export_officer"
        if "officers" in policies and not user.has_group(officer):
            raise AccessError(
                self.env._(
                    "People are exported by export officers only. Ask one of them for "
                    "the list you need."
                )
            )


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _hcrm_exported(self):
        return self.filtered("hcrm_metrics_id")
