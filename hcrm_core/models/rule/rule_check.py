import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .rule_plan import LOOKBACK_HOURS

_logger = logging.getLogger(__name__)

# the planner and the runner come every minute; later than this something is wrong
LATE_MINUTES = 15
SETTLED_HOURS = 1


class HcrmRuleCheck(models.Model):
    """The daily self check: what rules would have done against what they did.

    One row per rule and day. Rows: 1 per rule and day; kept 1 year.
    """

    _name = "hcrm.rule.check"
    _description = "Self Check of Rules"
    _order = "date desc, is_alarm desc, rule_id"
    _rec_name = "rule_id"

    date = fields.Datetime("Checked", required=True)
    rule_id = fields.Many2one(
        "hcrm.rule", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="rule_id.company_id", store=True)
    would_count = fields.Integer("Would Have Acted")
    acted_count = fields.Integer("Acted or Planned")
    missing_count = fields.Integer("Missing")
    late_count = fields.Integer("Overdue", help="Due for more than 15 minutes.")
    failed_count = fields.Integer("Failed")
    lag_minutes = fields.Integer("Lag (Minutes)", help="Age of the oldest overdue one.")
    is_alarm = fields.Boolean("Alarm")
    note = fields.Char("What Is Wrong")

    @api.model
    def _lag_minutes(self) -> int:
        """How long the oldest due action waits by now: the lag of the queue."""
        self.env["hcrm.rule.execution"].flush_model(["state", "date_due"])
        self.env.cr.execute(
            "SELECT min(date_due) FROM hcrm_rule_execution WHERE state = 'planned'"
        )
        (oldest,) = self.env.cr.fetchone()
        waited = fields.Datetime.now() - oldest if oldest else timedelta()
        return max(int(waited.total_seconds() // 60), 0)

    @api.model
    def _cron_check(self):
        """Check every running rule, and drop checks older than a year."""
        now = fields.Datetime.now()
        rules = self.env["hcrm.rule"].search([("is_running", "=", True)])
        late = self._late(rules, now)
        failed = self._failed(rules, now)
        checks = self.create(
            [
                self._prepare_vals(
                    rule, now, late.get(rule.id, (0, None)), failed.get(rule.id, 0)
                )
                for rule in rules
            ]
        )
        for check in checks.filtered("is_alarm"):
            _logger.info("Rule %s: %s", check.rule_id.id, check.note)
        self.search([("date", "<", now - timedelta(days=365))]).unlink()
        return checks

    def _late(self, rules, now) -> dict[int, tuple]:
        self.env["hcrm.rule.execution"].flush_model()
        self.env.cr.execute(
            SQL(
                "SELECT rule_id, count(*), min(date_due) FROM hcrm_rule_execution"
                " WHERE state = 'planned' AND date_due < %s AND rule_id = ANY(%s)"
                " GROUP BY rule_id",
                now - timedelta(minutes=LATE_MINUTES),
                rules.ids,
            )
        )
        return {row[0]: row[1:] for row in self.env.cr.fetchall()}

    def _failed(self, rules, now) -> dict[int, int]:
        groups = self.env["hcrm.rule.execution"]._read_group(
            [
                ("rule_id", "in", rules.ids),
                ("state", "=", "failed"),
                ("date_due", ">=", now - timedelta(days=1)),
            ],
            ["rule_id"],
            ["__count"],
        )
        return {rule.id: count for rule, count in groups}

    def _prepare_vals(self, rule, now, late, failed):
        would, acted, problem = self._compare(rule, now)
        late_count, oldest = late
        notes = [problem or rule.problem or ""]
        if would > acted:
            notes.append(
                self.env._(
                    "%(missing)s of %(all)s actions were not planned: the planner does"
                    " not run, or failed.",
                    missing=would - acted,
                    all=would,
                )
            )
        if late_count:
            notes.append(self.env._("%s actions are due and not done.", late_count))
        if failed:
            notes.append(self.env._("%s actions failed.", failed))
        note = " ".join(filter(None, notes))
        return {
            "date": now,
            "rule_id": rule.id,
            "would_count": would,
            "acted_count": acted,
            "missing_count": would - acted,
            "late_count": late_count,
            "failed_count": failed,
            "lag_minutes": int((now - oldest).total_seconds() // 60) if oldest else 0,
            "is_alarm": bool(note),
            "note": note[:500],
        }

    def _compare(self, rule, now) -> tuple[int, int, str]:
        """(would have acted, acted, why it cannot be told) for what was learnt lately,
        and long enough ago for the planner to have seen it."""
        until = now - timedelta(hours=SETTLED_HOURS)
        since = max(rule.date_started, now - timedelta(hours=LOOKBACK_HOURS - 1))
        if rule.trigger != "event" or since >= until:
            return 0, 0, ""
        rule.env.flush_all()
        try:
            with self.env.cr.savepoint():
                source = rule._candidates(
                    SQL(
                        "e.date_learnt >= %s AND e.date_learnt < %s"
                        " AND e.is_backfill IS NOT TRUE",
                        since,
                        until,
                    )
                )
                self.env.cr.execute(SQL("%s ORDER BY date_anchor, event_id", source))
                rows = self.env.cr.fetchall()
        except Exception as error:
            return 0, 0, f"{type(error).__name__}: {error}"[:300]
        self.env.cr.execute(
            "SELECT event_id FROM hcrm_rule_execution WHERE rule_id = %s"
            " AND event_id = ANY(%s)",
            (rule.id, [row[0] for row in rows]),
        )
        acted = {row[0] for row in self.env.cr.fetchall()}
        missing = [row for row in rows if row[0] not in acted]
        if rule.repeat_days:
            missing = rule._thinned(missing, True)
        return len(acted) + len(missing), len(acted), ""
