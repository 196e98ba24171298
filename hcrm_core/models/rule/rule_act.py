from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..message.purposes import OUTREACH

BATCH = 5000
# outreach keeps so far away from what care has just done or is about to do
QUIET_DAYS = 2


class HcrmRule(models.Model):
    """Acting, giving way, and loops."""

    _inherit = "hcrm.rule"

    @api.model
    def _cron_run(self):
        """Do what is due, in batches; a rule that fails names its record and the rest
        goes on."""
        while self.env["hcrm.rule.execution"]._run_due(BATCH):
            if not self.env["ir.cron"]._commit_progress(1):
                return

    # ------------------------------------------------------------------
    # actions
    # ------------------------------------------------------------------

    def _act_task(self, executions):
        """Open a task per execution."""
        owners = self._file_owners(executions) if self.task_to == "owner" else {}
        given = {}
        if self.task_to == "group":
            given["group_id"] = self.task_group_id.id
        elif self.task_to == "user":
            given["user_id"] = self.task_user_id.id
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
                    **given,
                    **(
                        {"user_id": owners[execution.partner_id.id]}
                        if execution.partner_id.id in owners
                        else {}
                    ),
                }
                for execution in executions
            ]
        )
        return {task.res_id: ("hcrm.task", task.id) for task in tasks}

    def _file_owners(self, executions) -> dict[int, int]:
        """Person -> colleague who looks after them at this hospital."""
        files = self.env["hcrm.person.company"].sudo()
        return {
            partner.id: owner.id
            for partner, owner in files._read_group(
                [
                    ("partner_id", "in", executions.partner_id.ids),
                    ("company_id", "=", self.company_id.id),
                    ("owner_id", "!=", False),
                ],
                ["partner_id", "owner_id"],
            )
        }

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

    def _act_event(self, executions):
        """Record an event per execution, which other rules may answer."""
        now = fields.Datetime.now()
        # sudo: the log is written by nobody by hand
        events = (
            self.env["hcrm.event"]
            .sudo()
            .create(
                [
                    {
                        "partner_id": execution.partner_id.id,
                        "company_id": execution.company_id.id,
                        "kind_id": self.next_kind_id.id,
                        "date_occurred": now,
                        "date_learnt": now,
                        "origin": "system",
                        "res_model": "hcrm.rule.execution",
                        "res_id": execution.id,
                        "key": f"rule:{execution.id}",
                    }
                    for execution in executions
                ]
            )
        )
        return {event.res_id: ("hcrm.event", event.id) for event in events}

    # ------------------------------------------------------------------
    # who goes first (nothing interrupts a clinical flow)
    # ------------------------------------------------------------------

    def _giving_way(self, executions):
        """Of an offer, a survey or a greeting: executions that wait, because care of
        the same person was just done or is about to be."""
        if self.purpose not in OUTREACH:
            return executions.browse()
        now = fields.Datetime.now()
        near = timedelta(days=QUIET_DAYS)
        executions.flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT x.id FROM hcrm_rule_execution x
                 WHERE x.id = ANY(%(ids)s) AND EXISTS (
                       SELECT FROM hcrm_rule_execution o
                         JOIN hcrm_rule r ON r.id = o.rule_id
                        WHERE o.partner_id = x.partner_id AND r.purpose = 'care'
                          AND r.action_type != 'event'
                          AND (o.state = 'planned' AND o.date_due < %(until)s
                               OR o.state = 'done' AND o.date_done > %(since)s))
                """,
                ids=executions.ids,
                until=now + near,
                since=now - near,
            )
        )
        return executions.browse(row[0] for row in self.env.cr.fetchall())

    # ------------------------------------------------------------------
    # loops
    # ------------------------------------------------------------------

    def _caused_kinds(self):
        """Event kinds that the rule's own action brings about; other addons add those
        of their actions."""
        self.ensure_one()
        kinds = self.env["hcrm.event.kind"]
        return self.next_kind_id if self.action_type == "event" else kinds

    def _check_loops(self):
        """Refuse a rule whose action leads back to its own event."""
        for rule in self:
            path = rule._find_loop()
            if path:
                raise UserError(
                    self.env._(
                        "This would never end: %s. Choose another event to record, or"
                        " stop one of these rules.",
                        " → ".join(one.name for one in path),
                    )
                )

    def _find_loop(self):
        """The rules from this one back to itself, or an empty list."""
        others = self.search(
            [
                ("is_running", "=", True),
                ("company_id", "=", self.company_id.id),
                ("trigger", "=", "event"),
                ("id", "!=", self.id),
            ]
        )
        answers = {}
        for rule in others | self:
            if rule.trigger == "event":
                answers.setdefault(rule.event_kind_id, []).append(rule)
        paths, seen = [[self]], set()
        while paths:
            path = paths.pop(0)
            for kind in path[-1]._caused_kinds():
                for rule in answers.get(kind, ()):
                    if rule == self:
                        return [*path, self]
                    if rule not in seen:
                        seen.add(rule)
                        paths.append([*path, rule])
        return []
