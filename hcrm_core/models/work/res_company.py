from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    hcrm_day_ids = fields.One2many("hcrm.day", "company_id", "Day Calendar")
