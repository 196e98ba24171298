from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    _inherit = "res.company"

    hcrm_public_url = fields.Char(
        "Public Address",
        help="Where people open the links in messages, e.g. https://my.hospital.example."
        " Empty: the address that staff use.",
    )

    @api.constrains("hcrm_public_url")
    def _check_hcrm_public_url(self):
        for company in self:
            url = company.hcrm_public_url
            if url and not url.startswith(
                ("https://", "http://127.0.0.1", "http://localhost")
            ):
                raise ValidationError(
                    self.env._(
                        "The public address starts with https://: links carry the right"
                        " to decide for somebody."
                    )
                )
