from odoo import models


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    def session_info(self):
        """Tell the web client the time zone of each entity of the user.

        A visit at 08:35 in Shanghai reads 08:35 to whoever looks at it, wherever
        their browser stands: ``user.activeCompany.hcrm_tz``.
        """
        result = super().session_info()
        if self.env.user._is_internal():
            shown = result["user_companies"]["allowed_companies"]
            for company in self.env.user.company_ids:
                if company.id in shown:
                    shown[company.id]["hcrm_tz"] = company.hcrm_tz
        return result
