from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    test_name_length = fields.Integer(compute="_compute_test_name_length", store=True)

    @api.depends("name")
    def _compute_test_name_length(self):
        for partner in self:
            partner.test_name_length = len(partner.name or "")
