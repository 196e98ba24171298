from odoo import api, models
from odoo.exceptions import AccessError


class HcrmPersonCompany(models.Model):
    _inherit = "hcrm.person.company"

    @api.model_create_multi
    def create(self, vals_list):
        self._check_not_known_elsewhere(vals_list)
        files = super().create(vals_list)
        files.partner_id._hcrm_spread_confidentiality()
        return files

    def write(self, vals):
        if vals.keys() & {"partner_id", "company_id"} and not self.env.su:
            raise AccessError(
                self.env._(
                    "A hospital file stays with its person and its hospital. Register "
                    "the other person instead."
                )
            )
        is_spread = bool(vals.keys() & {"confidentiality", "partner_id"})
        partners = self.partner_id if is_spread else self.env["res.partner"]
        res = super().write(vals)
        if is_spread:
            (partners | self.partner_id)._hcrm_spread_confidentiality()
        return res

    def unlink(self):
        partners = self.partner_id
        res = super().unlink()
        partners._hcrm_spread_confidentiality()
        return res

    @api.model
    def _check_not_known_elsewhere(self, vals_list):
        """Refuse a file for somebody whom only another entity knows.

        A file on a guessed id would open that person to this entity (R3).
        Registration asks for the consent and opens the file itself.
        """
        if self.env.su:
            return
        partners = self.env["res.partner"].browse(
            {vals["partner_id"] for vals in vals_list if vals.get("partner_id")}
        )
        if partners - partners._filtered_access("read"):
            raise AccessError(
                self.env._(
                    "This person is not known to your hospital. Register them with "
                    "their consent, which opens the file."
                )
            )
