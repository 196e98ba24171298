from odoo import api, models
from odoo.exceptions import AccessError


class HcrmPersonCompany(models.Model):
    _inherit = "hcrm.person.company"

    @api.model_create_multi
    def create(self, vals_list):
        self._check_not_known_elsewhere(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        if vals.keys() & {"partner_id", "company_id"} and not self.env.su:
            raise AccessError(
                self.env._(
                    "A hospital file stays with its person and its hospital. Register "
                    "the other person instead."
                )
            )
        return super().write(vals)

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
