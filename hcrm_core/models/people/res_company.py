from odoo import fields, models

from odoo.addons.base.models.res_partner import _tz_get

from ...tools.phones import PhonePlan


class ResCompany(models.Model):
    """A legal entity of the hospital group."""

    _inherit = "res.company"

    hcrm_code = fields.Char(
        "HIS Code",
        copy=False,
        help="Identifier of this legal entity in the HIS; the feed finds it by this.",
    )
    hcrm_tz = fields.Selection(
        _tz_get,
        "Hospital Time Zone",
        required=True,
        default="Asia/Shanghai",
        help="Every day, month, due date and window of this entity is computed in it.",
    )
    hcrm_campus_ids = fields.One2many("hcrm.campus", "company_id", "Campuses")

    def _hcrm_phone_plan(self) -> PhonePlan:
        """Return how numbers are written here: the plan of the first campus."""
        self.ensure_one()
        return self.env["hcrm.campus"]._phone_plan(self.id)
