import ast
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..message.purposes import CHANNELS, PURPOSES

# events that were learnt late, or committed late, are still seen
LOOKBACK_HOURS = 48
# an action that led to an action that led ...: a loop, not a plan
LOOP_LIMIT = 3
BATCH = 5000


class HcrmRule(models.Model):
    """When something happens to somebody, after a while, do something, once.

    Set up without programming: an event, who it is for, how long after, what is
    done. Each action is planned when the event is known and its condition asked
    again when it is due.
    """

    _name = "hcrm.rule"
    _description = "Rule"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    is_running = fields.Boolean(
        "Runs",
        copy=False,
        readonly=True,
        help="A rule plans nothing until it is started.",
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
    )
    event_kind_id = fields.Many2one("hcrm.event.kind", "When", required=True)
    person_domain = fields.Char(
        "Who", default="[]", help="People it is for; asked again when it is due."
    )
    delay = fields.Integer("How Long After")
    delay_unit = fields.Selection(
        [("hours", "Hours"), ("days", "Days"), ("workdays", "Working days")],
        required=True,
        default="days",
    )
    hour = fields.Float("At", default=-1, help="Hour of the day; -1: as the event was.")
    repeat_days = fields.Integer(
        "At Most Once in Days", help="Per person; 0: for every event."
    )
    date_until = fields.Date("Until", help="Nothing is planned for later events.")
    owner_id = fields.Many2one(
        "res.users", required=True, default=lambda self: self.env.user
    )
    action_type = fields.Selection(
        selection="_get_action_types", string="What", required=True, default="task"
    )
    task_kind_id = fields.Many2one("hcrm.task.kind")
    task_name = fields.Char(translate=True)
    task_priority = fields.Selection(
        [("1", "Now"), ("2", "Today"), ("3", "When there is time")], default="2"
    )
    purpose = fields.Selection(PURPOSES, default="care")
    channel = fields.Selection(CHANNELS, default="sms")
    subject = fields.Char(translate=True)
    body = fields.Text("Text", translate=True)
    stale_hours = fields.Integer(
        "Worthless After Hours",
        default=48,
        help="A reminder is not sent later than that.",
    )
    date_started = fields.Datetime(readonly=True, copy=False)
    execution_ids = fields.One2many("hcrm.rule.execution", "rule_id", "Actions")
    planned_count = fields.Integer(compute="_compute_planned_count")

    _check_delay = models.Constraint("CHECK(delay >= 0)", "A delay is 0 or more.")
    _check_hour = models.Constraint(
        "CHECK(hour >= -1 AND hour < 24)", "An hour lies between 0 and 24."
    )

    @api.model
    def _get_action_types(self):
        """Kinds of action; other rooms and addons append theirs with a method
        ``_act_<code>(executions)``."""
        return [
            ("task", self.env._("Open a task")),
            ("message", self.env._("Send a message")),
        ]

    def _compute_planned_count(self):
        groups = self.env["hcrm.rule.execution"]._read_group(
            [("rule_id", "in", self.ids), ("state", "=", "planned")],
            ["rule_id"],
            ["__count"],
        )
        counts = {rule.id: count for rule, count in groups}
        for rule in self:
            rule.planned_count = counts.get(rule.id, 0)

    @api.constrains("person_domain")
    def _check_person_domain(self):
        for rule in self:
            try:
                self.env["res.partner"]._search(rule._domain(), limit=1)
            except Exception as error:
                raise ValidationError(
                    self.env._("The condition cannot be read: %s", error)
                ) from error

    @api.constrains("action_type", "task_kind_id", "body", "channel")
    def _check_action(self):
        for rule in self:
            if rule.action_type == "task" and not rule.task_kind_id:
                raise ValidationError(self.env._("Choose the kind of task to open."))
            if rule.action_type == "message" and not (rule.body and rule.channel):
                raise ValidationError(
                    self.env._("Write the text and choose a channel.")
                )

    def _domain(self) -> Domain:
        return Domain(ast.literal_eval(self.person_domain or "[]"))

    # ------------------------------------------------------------------
    # buttons
    # ------------------------------------------------------------------

    def action_start(self):
        """From now on; what happened before starts nothing."""
        self.check_access("write")
        self.write({"is_running": True, "date_started": fields.Datetime.now()})

    def action_stop(self):
        """Plans nothing more, and what is planned is cancelled."""
        self.check_access("write")
        self.is_running = False
        self.execution_ids.sudo().filtered(lambda e: e.state == "planned").write(
            {"state": "cancelled", "reason": self.env._("The rule was stopped.")}
        )

    def action_back_test(self):
        """What the rule would have done in the last 12 months, as a table."""
        self.ensure_one()
        self.env.flush_all()
        test = self.env["hcrm.rule.test"].create({"rule_id": self.id})
        test._fill()
        return {
            "type": "ir.actions.act_window",
            "res_model": "hcrm.rule.test",
            "res_id": test.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------------
    # planning: set-based, one statement a rule
    # ------------------------------------------------------------------

    @api.model
    def _cron_plan(self):
        """Plan the actions of what happened since the last time."""
        for rule in self.search([("is_running", "=", True)]):
            now = fields.Datetime.now()
            since = max(rule.date_started, now - timedelta(hours=LOOKBACK_HOURS))
            rule._plan(since, now)

    def _plan(self, since, now) -> int:
        """Plan one action per matching event learnt since; what is planned already
        stays. Returns how many are new."""
        self.ensure_one()
        self.env.flush_all()
        learnt = SQL(
            "e.date_learnt >= %s AND e.date_learnt < %s"
            " AND NOT COALESCE(e.is_backfill, false)",
            since,
            now,
        )
        source = self._candidates(learnt)
        if self.repeat_days:
            self.env.cr.execute(SQL("%s ORDER BY date_occurred, event_id", source))
            source = self._as_values(self._thinned(self.env.cr.fetchall(), True))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO hcrm_rule_execution (rule_id, company_id, partner_id, event_id,
                       date_anchor, date_due, state, reason, depth)
                SELECT %(rule)s, c.company_id, c.partner_id, c.event_id, c.date_occurred,
                       c.due, CASE WHEN c.depth >= %(limit)s THEN 'failed'
                                   ELSE 'planned' END,
                       CASE WHEN c.depth >= %(limit)s THEN %(loop)s END, c.depth
                  FROM (%(source)s) c
           ON CONFLICT (rule_id, partner_id, event_id) DO NOTHING
                """,
                rule=self.id,
                limit=LOOP_LIMIT,
                loop=self.env._("Rules answer each other in a loop: stopped here."),
                source=source,
            )
        )
        count = self.env.cr.rowcount
        self.env["hcrm.rule.execution"].invalidate_model(flush=False)
        return count

    def _history(self, since, now) -> list[tuple]:
        """What the rule would have done for what happened in a period: rows of
        (event, person, entity, happened, due, depth), oldest first."""
        self.env.flush_all()
        happened = SQL("e.date_occurred >= %s AND e.date_occurred < %s", since, now)
        source = self._candidates(happened)
        self.env.cr.execute(SQL("%s ORDER BY date_occurred, event_id", source))
        return self._thinned(self.env.cr.fetchall(), False)

    def _candidates(self, period: SQL) -> SQL:
        """The events that match, with the moment their action is due.

        An event that a rule itself caused carries the depth of that chain.
        """
        # sudo: rules act for the hospital, not for whoever set them up
        people = self.env["res.partner"].sudo()._search(self._domain())
        last_day = (
            SQL("AND e.date_occurred < %s", self.date_until + timedelta(days=1))
            if self.date_until
            else SQL()
        )
        return SQL(
            """
            SELECT e.id AS event_id, e.partner_id, e.company_id, e.date_occurred,
                   %(due)s AS due, COALESCE(x.depth + 1, 0) AS depth
              FROM hcrm_event e
              JOIN res_company co ON co.id = e.company_id
              LEFT JOIN hcrm_rule_execution x ON e.res_model = 'hcrm.rule.execution'
                    AND x.id = e.res_id
             WHERE e.kind_id = %(kind)s AND e.company_id = %(company)s AND %(period)s
               AND e.partner_id IN %(people)s %(last_day)s
            """,
            due=self._due_sql(),
            kind=self.event_kind_id.id,
            company=self.company_id.id,
            period=period,
            people=people.subselect(),
            last_day=last_day,
        )

    def _thinned(self, rows, with_ledger: bool) -> list[tuple]:
        """Keep at most one event of a person in ``repeat_days``, the first first.

        :param with_ledger: count what was planned or done before as well
        """
        if not self.repeat_days:
            return rows
        people = {row[1] for row in rows} if with_ledger else set()
        last, planned = self._last_anchors(people)
        gap = timedelta(days=self.repeat_days)
        kept = []
        for row in rows:
            event, person, _company, happened = row[:4]
            if event in planned or (person in last and happened - last[person] < gap):
                continue
            last[person] = happened
            kept.append(row)
        return kept

    def _last_anchors(self, people) -> tuple[dict, set]:
        """Person -> newest anchor of this rule, and the events planned already."""
        self.env.cr.execute(
            "SELECT partner_id, max(date_anchor), array_agg(event_id)"
            " FROM hcrm_rule_execution WHERE rule_id = %s AND partner_id = ANY(%s)"
            " AND state IN ('planned', 'done') GROUP BY partner_id",
            (self.id, list(people)),
        )
        last, planned = {}, set()
        for person, anchor, events in self.env.cr.fetchall():
            last[person] = anchor
            planned.update(events)
        return last, planned

    @staticmethod
    def _as_values(rows) -> SQL:
        columns = list(zip(*rows, strict=True)) or [()] * 6
        casts = ("int", "int", "int", "timestamp", "timestamp", "int")
        return SQL(
            "SELECT * FROM unnest(%s) AS u(event_id, partner_id, company_id,"
            " date_occurred, due, depth)",
            SQL(", ").join(
                SQL("%s::%s[]", list(column), SQL(cast))
                for column, cast in zip(columns, casts, strict=True)
            ),
        )

    def _due_sql(self) -> SQL:
        """The anchor plus the delay, at the hour of the hospital's own day."""
        local = SQL("(e.date_occurred AT TIME ZONE 'UTC' AT TIME ZONE co.hcrm_tz)")
        if self.delay_unit == "hours":
            due = SQL("%s + %s * interval '1 hour'", local, self.delay)
        elif self.delay_unit == "days":
            due = SQL("%s + %s * interval '1 day'", local, self.delay)
        else:
            due = SQL(
                "(SELECT d.day FROM generate_series((%(local)s)::date + 1,"
                " (%(local)s)::date + %(span)s, interval '1 day') d(day)"
                " LEFT JOIN hcrm_day c ON c.company_id = e.company_id AND c.date = d.day"
                " AND c.campus_id IS NULL AND c.department_id IS NULL"
                " WHERE COALESCE(c.is_work, extract(isodow FROM d.day) < 6)"
                " ORDER BY d.day OFFSET %(skip)s LIMIT 1)::timestamp"
                " + ((%(local)s) - date_trunc('day', %(local)s))",
                local=local,
                span=self.delay * 3 + 20,
                skip=max(self.delay - 1, 0),
            )
        if self.hour >= 0:
            due = SQL("date_trunc('day', %s) + %s * interval '1 hour'", due, self.hour)
        return SQL("(%s) AT TIME ZONE co.hcrm_tz AT TIME ZONE 'UTC'", due)

    # ------------------------------------------------------------------
    # acting
    # ------------------------------------------------------------------

    @api.model
    def _cron_run(self):
        """Do what is due, in batches; a rule that fails names its record and the rest
        goes on."""
        while self.env["hcrm.rule.execution"]._run_due(BATCH):
            if not self.env["ir.cron"]._commit_progress(1):
                return

    def _act_task(self, executions):
        """Open a task per execution."""
        tasks = self.env["hcrm.task"]._open(
            [
                {
                    "partner_id": execution.partner_id.id,
                    "company_id": execution.company_id.id,
                    "kind_id": self.task_kind_id.id,
                    "name": self.task_name or self.name,
                    "priority": self.task_priority,
                    "key": f"rule:{execution.id}",
                    "res_model": "hcrm.rule.execution",
                    "res_id": execution.id,
                }
                for execution in executions
            ]
        )
        return {task.res_id: ("hcrm.task", task.id) for task in tasks}

    def _act_message(self, executions):
        """Queue a message per execution; the governor judges it when it leaves."""
        stale = timedelta(hours=self.stale_hours)
        messages = self.env["hcrm.message"]._queue(
            [
                {
                    "partner_id": execution.partner_id.id,
                    "company_id": execution.company_id.id,
                    "purpose": self.purpose,
                    "channel": self.channel,
                    "subject": self.subject,
                    "body": self.body,
                    "date_stale": execution.date_due + stale if stale else False,
                    "key": f"rule:{execution.id}",
                    "res_model": "hcrm.rule.execution",
                    "res_id": execution.id,
                }
                for execution in executions
            ]
        )
        return {message.res_id: ("hcrm.message", message.id) for message in messages}

    def _still_for(self, executions):
        """Executions whose person still meets the condition, now that they are due."""
        people = (
            self.env["res.partner"]
            .sudo()
            .search(Domain("id", "in", executions.partner_id.ids) & self._domain())
        )
        return executions.filtered(lambda e: e.partner_id in people)

    @api.ondelete(at_uninstall=False)
    def _unlink_unused(self):
        if self.execution_ids:
            raise UserError(
                self.env._(
                    "This rule acted already. Archive it instead of deleting it."
                )
            )
