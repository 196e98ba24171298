from odoo import api, fields, models, tools


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

    @api.model
    @tools.ormcache("user_id", "company_id")
    def _hcrm_campus_at(self, user_id: int, company_id: int) -> int:
        """Return the usual campus of a user at an entity, 0 for none; asked at each
        call that comes in."""
        # sudo: which campus it is tells nothing
        campus = self.sudo().browse(user_id).hcrm_campus_id
        return campus.id if campus.company_id.id == company_id else 0

    def _get_invalidation_fields(self):
        return super()._get_invalidation_fields() | {"hcrm_campus_id"}
