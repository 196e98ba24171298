from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..message.purposes import CHANNELS, PURPOSES

WEEKDAYS = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
]
# what changes the moment of actions that are planned already
TIMING = {
    "anchor",
    "delay",
    "delay_unit",
    "delay_direction",
    "hour_mode",
    "hour",
    "date_until",
}


class HcrmRule(models.Model):
    """When something happens to somebody, after a while, do something, once.

    Set up without programming: an occasion, who it is for, how long after, what is
    done. Each action is planned when the occasion is known, moves with it, and its
    condition is asked again when it is due. ``_plan`` is in ``rule_plan``, who is
    meant in ``rule_who``, what is done in ``rule_act``.
    """

    _name = "hcrm.rule"
    _description = "Rule"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(
        "Order", default=10, help="Of two rules at one moment, the smaller goes first."
    )
    active = fields.Boolean(default=True)
    is_running = fields.Boolean(
        "Runs",
        copy=False,
        readonly=True,
        help="A rule plans nothing until it is started.",
    )
    is_template = fields.Boolean("Starter Rule", readonly=True, copy=False)
    note = fields.Text(translate=True, help="What it is good for.")
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        default=lambda self: self.env.company,
    )
    # ---- when
    trigger = fields.Selection(
        [
            ("event", "Something happens to a person"),
            ("birthday", "A person's birthday comes"),
            ("daily", "Every day"),
            ("weekly", "Every week"),
            ("monthly", "Every month"),
        ],
        "Occasion",
        required=True,
        default="event",
    )
    event_kind_id = fields.Many2one("hcrm.event.kind", "When", ondelete="restrict")
    department_ids = fields.Many2many(
        "hcrm.department",
        string="In Departments",
        domain="[('company_id', '=', company_id)]",
        help="Of the visit or appointment itself; empty: all.",
    )
    weekday = fields.Selection(WEEKDAYS, "On", default="0")
    month_day = fields.Integer("On Day", default=1)
    anchor = fields.Selection(
        [
            ("event", "it happened"),
            ("start", "the appointment or visit begins"),
        ],
        "Counted From When",
        required=True,
        default="event",
    )
    delay = fields.Integer("How Long")
    delay_unit = fields.Selection(
        [("hours", "Hours"), ("days", "Days"), ("workdays", "Working days")],
        required=True,
        default="days",
    )
    delay_direction = fields.Selection(
        [("after", "after"), ("before", "before")], required=True, default="after"
    )
    hour_mode = fields.Selection(
        [("event", "At the time of the event"), ("fixed", "At a fixed time")],
        "Time of Day",
        required=True,
        default="event",
    )
    hour = fields.Float("At", default=10)
    date_until = fields.Date("Until", help="Nothing is planned for later events.")
    stops_on_loss = fields.Boolean(
        "Ends When a Pregnancy Is Lost",
        help="What is planned is cancelled when the loss of a pregnancy is reported.",
    )
    # ---- what
    action_type = fields.Selection(
        selection="_get_action_types", string="What", required=True, default="task"
    )
    purpose = fields.Selection(
        [pair for pair in PURPOSES if pair[0] != "security"],
        "What For",
        required=True,
        default="care",
        help="Decides which ethics policies hold, and who gives way to whom.",
    )
    task_kind_id = fields.Many2one("hcrm.task.kind", ondelete="restrict")
    task_name = fields.Char(translate=True)
    task_priority = fields.Selection(
        [("1", "Now"), ("2", "Today"), ("3", "When there is time")], default="2"
    )
    task_to = fields.Selection(
        [
            ("kind", "Whoever does this kind of task"),
            ("group", "A role"),
            ("user", "A colleague"),
            ("owner", "Who looks after the person"),
        ],
        "Given To",
        required=True,
        default="kind",
    )
    task_group_id = fields.Many2one("res.groups", "Role", ondelete="restrict")
    task_user_id = fields.Many2one("res.users", "Colleague", ondelete="restrict")
    task_minutes = fields.Integer(
        "Minutes a Task Takes", default=10, help="For the back-test's staff hours."
    )
    channel = fields.Selection(CHANNELS, default="sms")
    subject = fields.Char(translate=True)
    body = fields.Text("Text", translate=True)
    next_kind_id = fields.Many2one(
        "hcrm.event.kind",
        "Event to Record",
        ondelete="restrict",
        help="Other rules may answer it.",
    )
    # ---- how often, whose
    repeat_days = fields.Integer(
        "At Most Once in Days", help="Per person; 0: for every event."
    )
    stale_hours = fields.Integer(
        "Worthless After Hours",
        compute="_compute_stale_hours",
        store=True,
        readonly=False,
        precompute=True,
        help="Later than that it is dropped; 0: it is done however late.",
    )
    owner_id = fields.Many2one(
        "res.users", required=True, default=lambda self: self.env.user
    )
    # ---- state
    date_started = fields.Datetime(readonly=True, copy=False)
    problem = fields.Char(
        readonly=True, copy=False, help="Why the last planning failed."
    )
    is_recount = fields.Boolean(
        readonly=True, copy=False, help="Planned moments are to be counted anew."
    )
    execution_ids = fields.One2many("hcrm.rule.execution", "rule_id", "Actions")
    planned_count = fields.Integer(compute="_compute_counts")
    failed_count = fields.Integer(compute="_compute_counts")
    done_count = fields.Integer(compute="_compute_counts")

    _check_delay = models.Constraint("CHECK(delay >= 0)", "A delay is 0 or more.")
    _check_hour = models.Constraint(
        "CHECK(hour >= 0 AND hour < 24)", "An hour lies between 0 and 24."
    )
    _check_month_day = models.Constraint(
        "CHECK(month_day BETWEEN 1 AND 28)", "Choose a day from 1 to 28."
    )
    _check_company = models.Constraint(
        "CHECK(company_id IS NOT NULL OR is_template)",
        "A rule belongs to a legal entity.",
    )
    _check_event = models.Constraint(
        "CHECK(trigger != 'event' OR event_kind_id IS NOT NULL)",
        "Choose what has to happen.",
    )

    @api.model
    def _get_action_types(self):
        """Kinds of action; other rooms and addons append theirs with a method
        ``_act_<code>(executions)``."""
        return [
            ("task", self.env._("Open a task")),
            ("message", self.env._("Send a message")),
            ("event", self.env._("Record an event, for other rules")),
        ]

    @api.depends("action_type")
    def _compute_stale_hours(self):
        for rule in self:
            rule.stale_hours = 48 if rule.action_type == "message" else 0

    def _compute_counts(self):
        groups = self.env["hcrm.rule.execution"]._read_group(
            [
                ("rule_id", "in", self.ids),
                ("state", "in", ("planned", "failed", "done")),
            ],
            ["rule_id", "state"],
            ["__count"],
        )
        counts = {(rule.id, state): count for rule, state, count in groups}
        for rule in self:
            rule.planned_count = counts.get((rule.id, "planned"), 0)
            rule.failed_count = counts.get((rule.id, "failed"), 0)
            rule.done_count = counts.get((rule.id, "done"), 0)

    @api.constrains("action_type", "task_kind_id", "body", "channel", "next_kind_id")
    def _check_action(self):
        for rule in self:
            if rule.action_type == "task" and not rule.task_kind_id:
                raise ValidationError(self.env._("Choose the kind of task to open."))
            if rule.action_type == "message" and not (rule.body and rule.channel):
                raise ValidationError(
                    self.env._("Write the text and choose a channel.")
                )
            if rule.action_type == "event" and not rule.next_kind_id:
                raise ValidationError(self.env._("Choose the event to record."))

    @api.constrains("task_to", "task_group_id", "task_user_id")
    def _check_task_to(self):
        for rule in self:
            if rule.task_to == "group" and not rule.task_group_id:
                raise ValidationError(self.env._("Choose the role that does it."))
            if rule.task_to == "user" and not rule.task_user_id:
                raise ValidationError(self.env._("Choose the colleague who does it."))

    def write(self, vals):
        """What is planned follows the rule: its moments at the planner's next run."""
        if TIMING & vals.keys():
            vals = {**vals, "is_recount": True}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_unused(self):
        # sudo: acted for anybody, seen by the user or not
        if self.env["hcrm.rule.execution"].sudo().search([("rule_id", "in", self.ids)]):
            raise UserError(
                self.env._(
                    "This rule acted already. Archive it instead of deleting it."
                )
            )

    # ------------------------------------------------------------------
    # buttons
    # ------------------------------------------------------------------

    def action_start(self):
        """From now on; what happened before starts nothing.

        Where it would touch very many people or everybody, their count is confirmed
        first.
        """
        self.ensure_one()
        self.check_access("write")
        self._check_startable()
        crowd = self._crowd()
        if crowd:
            wizard = self.env["hcrm.rule.start"].create(
                {"rule_id": self.id, "people": crowd}
            )
            return wizard._open()
        return self._start()

    def _start(self):
        self.write(
            {
                "is_running": True,
                "date_started": fields.Datetime.now(),
                "problem": False,
            }
        )

    def _check_startable(self):
        """Refuse what no policy allows, what answers itself, and what is a sample."""
        for rule in self:
            if rule.is_template:
                raise UserError(
                    self.env._("This is a sample. Press “Use” to make it yours.")
                )
        self._check_policies()
        self._check_loops()

    def action_stop(self):
        """Plans nothing more, and what is planned is cancelled."""
        self.check_access("write")
        self._stop(self.env._("The rule was stopped."))

    def _stop(self, reason):
        self.write({"is_running": False})
        # sudo: the ledger is written by the rules themselves
        planned = self.env["hcrm.rule.execution"].sudo()
        planned.search([("rule_id", "in", self.ids), ("state", "=", "planned")]).write(
            {"state": "cancelled", "reason": reason, "reason_code": "stopped"}
        )

    def action_use(self):
        """Make a rule of one's own from a sample and open it."""
        self.ensure_one()
        self.env["hcrm.rule"].check_access("create")
        # sudo: a sample may hold a clinical condition, which who uses it does not see
        rule = self.sudo().copy(
            {
                "name": self.name,
                "company_id": self.env.company.id,
                "owner_id": self.env.uid,
            }
        )
        return rule._open_form()

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": "hcrm.rule",
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def action_dry_run(self):
        """Who it would act for, who just misses, and why."""
        self.ensure_one()
        self.check_access("write")
        return self.env["hcrm.rule.dry.run"].create({"rule_id": self.id}).action_run()

    def action_back_test(self):
        """What the rule would have done in the last 12 months."""
        self.ensure_one()
        self.check_access("write")
        return self.env["hcrm.rule.test"].create({"rule_id": self.id}).action_run()
