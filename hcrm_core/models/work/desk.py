from odoo import api, models


class HcrmDesk(models.AbstractModel):
    _inherit = "hcrm.desk"

    @api.model
    def _get_desks(self):
        """Everybody lands on work: who keeps an eye on others on their own page."""
        work = "hcrm_core.hcrm_desk_work_action"
        return [
            *super()._get_desks(),
            ("hcrm_core.group_centre_head", "hcrm_core.hcrm_desk_centre_action"),
            ("hcrm_core.group_marketing", "hcrm_core.hcrm_desk_marketing_action"),
            ("hcrm_core.group_crm_manager", "hcrm_core.hcrm_desk_supervisor_action"),
            ("hcrm_core.group_agent", work),
            ("hcrm_core.group_outsourced_agent", work),
            ("hcrm_core.group_nurse", work),
            ("hcrm_core.group_doctor", work),
            ("hcrm_core.group_department_head", work),
            ("hcrm_core.group_quality_officer", work),
            ("hcrm_core.group_partner_manager", work),
        ]
