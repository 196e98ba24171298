from collections import Counter, defaultdict
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

ROWS_SHOWN = 2000
# caps of a person and purpose, and the days they count over
CAPS = {"cap_day": 1, "cap_week": 7, "cap_month": 30}


class HcrmRule(models.Model):
    _inherit = "hcrm.rule"

    def backtest(self, first, last):
        """What the rule would have done between two months, both included.

        :param first: ``YYYY-MM`` or ``YYYY-MM-DD``
        :param last: likewise; of a month the last day counts
        :return: dict of ``actions``, ``people``, ``messages``, ``staff_hours``,
            ``cost``, ``clashes``, ``over_cap``, ``days`` {day: actions}
        """
        self.ensure_one()
        self.check_access("write")
        test = self.env["hcrm.rule.test"].create(
            {
                "rule_id": self.id,
                "date_from": _day(first),
                "date_to": _day(last, is_end=True),
            }
        )
        return test._told(test._figures(test._replay()))


def _day(text, is_end=False):
    """The first (last) day meant by a month or a day."""
    if isinstance(text, str) and len(text) == 7:
        day = datetime.strptime(text, "%Y-%m").date()
        return day + relativedelta(months=1, days=-1) if is_end else day
    return fields.Date.to_date(text)


class HcrmRuleTest(models.TransientModel):
    """What a rule would have done: the same SELECT, over the past, written nowhere.

    Facts and people are those of today. Caps are counted coarsely: sent messages and
    this rule's own, without windows, consent or holds of the time.
    """

    _name = "hcrm.rule.test"
    _description = "Back-test of a Rule"

    rule_id = fields.Many2one("hcrm.rule", required=True, ondelete="cascade")
    sentence = fields.Char(related="rule_id.sentence")
    action_type = fields.Selection(related="rule_id.action_type")
    date_from = fields.Date(
        "From", required=True, default=lambda self: self._default_from()
    )
    date_to = fields.Date("Until", required=True, default=fields.Date.today)
    currency_id = fields.Many2one(
        "res.currency", related="rule_id.company_id.currency_id"
    )
    hour_cost = fields.Monetary("Cost of a Staff Hour")
    message_cost = fields.Float(
        "Cost of a Message", digits=(12, 4), default=lambda self: self._default_cost()
    )
    action_count = fields.Integer("Actions", readonly=True)
    people_count = fields.Integer("People", readonly=True)
    message_count = fields.Integer("Messages", readonly=True)
    per_day = fields.Float("A Day", readonly=True, digits=(12, 1))
    busiest = fields.Char("Busiest Day", readonly=True)
    staff_hours = fields.Float(readonly=True, digits=(12, 1))
    cost = fields.Monetary(readonly=True)
    clash_count = fields.Integer(
        "Clashes", readonly=True, help="Another rule acts for the person on that day."
    )
    over_cap = fields.Integer(
        "Beyond Limits",
        readonly=True,
        help="Messages that the limits per person would hold back; counted coarsely.",
    )
    heat = fields.Json(readonly=True)
    is_closed = fields.Boolean(readonly=True)
    is_cut = fields.Boolean(readonly=True)
    line_ids = fields.One2many("hcrm.rule.test.line", "test_id", readonly=True)

    @api.model
    def _default_from(self):
        return fields.Date.today() - relativedelta(months=12)

    @api.model
    def _default_cost(self):
        # sudo: the price alone, of the cheapest gateway in use
        gateway = (
            self.env["hcrm.gateway"]
            .sudo()
            .search([("cost_per_part", ">", 0)], order="cost_per_part", limit=1)
        )
        return gateway.cost_per_part

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for test in self:
            if test.date_to < test.date_from:
                raise UserError(self.env._("The period ends before it begins."))

    def action_run(self):
        """Replay over the days that are asked for."""
        self.ensure_one()
        self.rule_id.check_access("write")
        self._fill()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Back-test"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    # ------------------------------------------------------------------
    # replay
    # ------------------------------------------------------------------

    def _bounds(self):
        rule = self.rule_id
        return (
            rule._midnight(self.date_from),
            rule._midnight(self.date_to + timedelta(days=1)),
        )

    def _replay(self, rule=None):
        """Rows of ``_history`` in the period; events of the first load count as
        well, since nothing is sent."""
        since, until = self._bounds()
        rule = rule or self.rule_id
        if rule.trigger != "event":  # the last day is counted whole, not the next
            until -= timedelta(seconds=1)
        return rule._history(since, until)

    def _figures(self, rows) -> dict:
        rule = self.rule_id
        days = Counter(str(rule._local_day(row[4])) for row in rows)
        messages = len(rows) if rule.action_type == "message" else 0
        hours = (
            len(rows) * rule.task_minutes / 60 if rule.action_type == "task" else 0.0
        )
        return {
            "actions": len(rows),
            "people": len({row[1] for row in rows}),
            "messages": messages,
            "staff_hours": hours,
            "cost": hours * self.hour_cost + messages * self.message_cost,
            "clashes": len(self._clashes(rows)),
            "over_cap": self._over_cap(rows) if messages else 0,
            "days": dict(sorted(days.items())),
        }

    def _told(self, figures) -> dict:
        """What may be told: whole fives, and no days, where people may not be named."""
        Why = self.env["hcrm.rule.why"]
        self.is_closed = Why._is_rule_closed(self.rule_id)
        if not self.is_closed:
            return figures
        counts = ("actions", "people", "messages", "clashes", "over_cap")
        return {
            **figures,
            **{name: Why._coarse(figures[name]) for name in counts},
            "staff_hours": float(int(figures["staff_hours"])),
            "cost": float(int(figures["cost"])),
            "days": {},
        }

    def _clashes(self, rows) -> set[int]:
        """Numbers of the rows on whose day another running rule acts for the person."""
        taken = set()
        others = self.rule_id.search(
            [
                ("is_running", "=", True),
                ("company_id", "=", self.rule_id.company_id.id),
                ("id", "!=", self.rule_id.id),
                ("action_type", "!=", "event"),
            ]
        )
        for other in others:
            taken |= {(row[1], other._local_day(row[4])) for row in self._replay(other)}
        return {
            n
            for n, row in enumerate(rows)
            if (row[1], self.rule_id._local_day(row[4])) in taken
        }

    def _over_cap(self, rows) -> int:
        """Messages that come when the person's limits are used up."""
        policy = self._policy()
        caps = {days: policy[name] for name, days in CAPS.items() if policy.get(name)}
        if not caps:
            return 0
        sent = self._sent({row[1] for row in rows})
        over = 0
        for row in sorted(rows, key=lambda one: (one[4], one[1])):
            times, due = sent[row[1]], row[4]
            if any(
                sum(due - timedelta(days=days) < at <= due for at in times) >= cap
                for days, cap in caps.items()
            ):
                over += 1
            else:
                times.append(due)
        return over

    def _policy(self) -> dict:
        rule = self.rule_id
        self.env.cr.execute(
            SQL(
                "SELECT cap_day, cap_week, cap_month FROM (SELECT %s AS purpose,"
                " %s AS company_id, %s AS channel) r, LATERAL %s p",
                rule.purpose,
                rule.company_id.id,
                rule.channel,
                self.env["hcrm.message.policy"]._best_sql(SQL("r")),
            )
        )
        return (self.env.cr.dictfetchall() or [{}])[0]

    def _sent(self, people) -> dict[int, list]:
        """Person -> moments at which a message of this purpose went out."""
        since, until = self._bounds()
        sent = defaultdict(list)
        # sudo: counted, not shown
        rows = (
            self.env["hcrm.message"]
            .sudo()
            ._read_group(
                [
                    ("partner_id", "in", list(people)),
                    ("purpose", "=", self.rule_id.purpose),
                    ("date_sent", ">=", since - timedelta(days=30)),
                    ("date_sent", "<", until),
                ],
                ["partner_id"],
                ["date_sent:array_agg"],
            )
        )
        for partner, moments in rows:
            sent[partner.id] = list(moments)
        return sent

    def _fill(self) -> None:
        rows = self._replay()
        figures = self._told(self._figures(rows))
        clashes = self._clashes(rows)
        days = figures["days"]
        busiest = max(days, key=days.get) if days else False
        span = (self.date_to - self.date_from).days + 1
        people = self._seen({row[1] for row in rows})
        shown = [n for n, row in enumerate(rows) if row[1] in people][:ROWS_SHOWN]
        self.line_ids.unlink()
        self.write(
            {
                "action_count": figures["actions"],
                "people_count": figures["people"],
                "message_count": figures["messages"],
                "per_day": figures["actions"] / span,
                "busiest": f"{busiest} ({days[busiest]})" if busiest else False,
                "staff_hours": figures["staff_hours"],
                "cost": figures["cost"],
                "clash_count": figures["clashes"],
                "over_cap": figures["over_cap"],
                "heat": {
                    "from": str(self.date_from),
                    "to": max(str(self.date_to), *days) if days else str(self.date_to),
                    "days": days,
                },
                "is_cut": len(shown) < len(rows),
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "partner_id": rows[n][1],
                            "date_anchor": rows[n][3],
                            "date_due": rows[n][4],
                            "is_clash": n in clashes,
                        },
                    )
                    for n in shown
                ],
            }
        )

    def _seen(self, ids) -> set[int]:
        """People who may be named; nobody where the condition is not open."""
        if self.is_closed:
            return set()
        return set(self.env["res.partner"].search([("id", "in", list(ids))]).ids)


class HcrmRuleTestLine(models.TransientModel):
    """One action of a back-test."""

    _name = "hcrm.rule.test.line"
    _description = "Back-test Action"
    _order = "date_due, id"

    test_id = fields.Many2one("hcrm.rule.test", required=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", "Person", required=True)
    date_anchor = fields.Datetime("Happened")
    date_due = fields.Datetime("Would Be Due")
    is_clash = fields.Boolean("Clash")
