from odoo import api, models


class HcrmDay(models.Model):
    """A moved day moves what is planned in working days (R10)."""

    _inherit = "hcrm.day"

    @api.model_create_multi
    def create(self, vals_list):
        days = super().create(vals_list)
        days._move_planned()
        return days

    def write(self, vals):
        res = super().write(vals)
        self._move_planned()
        return res

    def unlink(self):
        self._move_planned()
        return super().unlink()

    def _move_planned(self):
        """The planner counts anew at its next run, a minute from now."""
        # sudo: whoever keeps the calendar need not be who runs the rules
        self.env["hcrm.rule"].sudo().search(
            [
                ("company_id", "in", self.company_id.ids),
                ("delay_unit", "=", "workdays"),
                ("is_recount", "=", False),
            ]
        ).write({"is_recount": True})
