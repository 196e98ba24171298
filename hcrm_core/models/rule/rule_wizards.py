from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# a rule that would touch more people than this is started with their count
CROWD = 1000


class HcrmRule(models.Model):
    _inherit = "hcrm.rule"

    def _crowd(self) -> int:
        """How many people the rule would touch, where that needs to be confirmed.

        Of an event: those of the last 30 days; of a schedule: who meets the
        condition now.
        """
        people = self._touched()
        limit = int(
            self.env["ir.config_parameter"]
            .sudo()
            .get_param("hcrm_core.rule_crowd", CROWD)
        )
        if people > limit or (
            people and self._is_everybody() and self.trigger != "event"
        ):
            return people
        return 0

    def _touched(self) -> int:
        if self.trigger == "event":
            now = fields.Datetime.now()
            since = fields.Datetime.subtract(now, days=30)
            return len({row[1] for row in self._history(since, now)})
        return self._people().search_count(
            self._people_domain()
            & Domain("hcrm_file_ids.company_id", "in", self.company_id.ids)
        )


class HcrmRuleStart(models.TransientModel):
    """Start a rule that touches very many people: their count is typed first."""

    _name = "hcrm.rule.start"
    _description = "Start of a Rule"

    rule_id = fields.Many2one("hcrm.rule", required=True, ondelete="cascade")
    sentence = fields.Char(related="rule_id.sentence")
    people = fields.Integer(readonly=True)
    is_everybody = fields.Boolean(compute="_compute_is_everybody")
    typed = fields.Integer("Type This Number")

    def _compute_is_everybody(self):
        for wizard in self:
            wizard.is_everybody = wizard.rule_id._is_everybody()

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Start for %s people?", self.people),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_confirm(self):
        self.ensure_one()
        self.rule_id.check_access("write")
        if self.typed != self.people:
            raise UserError(
                self.env._("Type %s to start the rule for so many people.", self.people)
            )
        self.rule_id._check_startable()
        self.rule_id._start()
        return {"type": "ir.actions.act_window_close"}


class HcrmRuleCancel(models.TransientModel):
    """Cancel planned actions with a reason."""

    _name = "hcrm.rule.cancel"
    _description = "Cancelling Planned Actions"

    execution_ids = fields.Many2many("hcrm.rule.execution", string="Planned")
    reason = fields.Char(required=True)

    def action_confirm(self):
        self.ensure_one()
        self.execution_ids.action_cancel(self.reason)
        return {"type": "ir.actions.act_window_close"}
