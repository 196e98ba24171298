from dateutil.relativedelta import relativedelta

from odoo import fields, models

ROWS_SHOWN = 2000


class HcrmRuleTest(models.TransientModel):
    """What a rule would have done: the same SELECT, over the past, written nowhere."""

    _name = "hcrm.rule.test"
    _description = "Back-test of a Rule"

    rule_id = fields.Many2one("hcrm.rule", required=True, ondelete="cascade")
    months = fields.Integer(default=12)
    count = fields.Integer("Actions", readonly=True)
    people = fields.Integer(readonly=True)
    per_day = fields.Float("A Day", readonly=True, digits=(12, 1))
    line_ids = fields.One2many("hcrm.rule.test.line", "test_id", readonly=True)

    def action_run(self):
        """Replay once more, over as many months as are asked for."""
        self.ensure_one()
        self._fill()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def _replay(self):
        """Rows of (event, person, entity, happened, due, depth) over the past months;
        events of the first load count as well, since nothing is sent."""
        now = fields.Datetime.now()
        return self.rule_id._history(now - relativedelta(months=self.months), now)

    def _fill(self) -> None:
        rows = self._replay()
        self.line_ids.unlink()
        days = max((self.months or 1) * 30, 1)
        self.write(
            {
                "count": len(rows),
                "people": len({row[1] for row in rows}),
                "per_day": len(rows) / days,
                "line_ids": [
                    (0, 0, {"partner_id": partner, "date_anchor": at, "date_due": due})
                    for _event, partner, _entity, at, due, _depth in rows[:ROWS_SHOWN]
                ],
            }
        )


class HcrmRuleTestLine(models.TransientModel):
    """One action of a back-test."""

    _name = "hcrm.rule.test.line"
    _description = "Back-test Action"
    _order = "date_due, id"

    test_id = fields.Many2one("hcrm.rule.test", required=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", "Person", required=True)
    date_anchor = fields.Datetime("Happened")
    date_due = fields.Datetime("Would Be Due")
