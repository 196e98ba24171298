from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    hcrm_department_ids = fields.Many2many(
        "hcrm.department",
        "hcrm_department_user_rel",
        "user_id",
        "department_id",
        "Hospital Departments",
        help="Departments whose patients this user looks after.",
    )
    hcrm_campus_id = fields.Many2one("hcrm.campus", "Usual Campus")
