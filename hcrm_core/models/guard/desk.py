from odoo import api, models


class HcrmDesk(models.AbstractModel):
    _inherit = "hcrm.desk"

    @api.model
    def _get_desks(self):
        return [
            ("hcrm_core.group_privacy_officer", "hcrm_core.hcrm_privacy_desk_action"),
            *super()._get_desks(),
        ]
