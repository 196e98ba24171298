import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools.merge_plan import Move
from ..message.purposes import PURPOSES

_logger = logging.getLogger(__name__)

REASON_CODES = [
    ("void", "Its fact is no longer so"),
    ("moved", "Moved with its fact"),
    ("stopped", "The rule was stopped"),
    ("person", "Cancelled by a colleague"),
    ("deceased", "The person died"),
    ("loss", "The pregnancy was lost"),
    ("merged", "Joined to another card"),
    ("gone", "Gone at the source"),
    ("erased", "Erased"),
    ("no_file", "No file at this hospital"),
    ("ethics", "An ethics policy protects the person"),
    ("condition", "The condition no longer holds"),
    ("stale", "Too late"),
    ("waits", "Gives way to care"),
    ("loop", "Loop of rules"),
    ("error", "Error"),
]


class HcrmRuleExecution(models.Model):
    """The ledger of rules: one action per rule, person and occasion, ever.

    Visible from the moment it is planned, and moves with what it is counted from.
    Rows: about 20 per patient-year; kept 2 years; tasks and messages survive.
    """

    _name = "hcrm.rule.execution"
    _inherit = ["hcrm.person.mixin"]
    _description = "Rule Action"
    _log_access = False
    _order = "date_due, id"
    _rec_name = "rule_id"

    rule_id = fields.Many2one("hcrm.rule", required=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True)
    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="cascade", index=True
    )
    event_id = fields.Many2one("hcrm.event", ondelete="cascade", index=True)
    occasion = fields.Char(help="Day of the birthday or of the schedule.")
    date_anchor = fields.Datetime("Happened", required=True)
    date_due = fields.Datetime("Due", required=True)
    date_done = fields.Datetime("Done")
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("done", "Done"),
            ("skipped", "Not done"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="planned",
    )
    reason_code = fields.Selection(REASON_CODES, "Kind of Reason")
    reason = fields.Char("Why")
    depth = fields.Integer(help="How many actions led to this one.")
    res_model = fields.Char("Made")
    res_id = fields.Many2oneReference(model_field="res_model")
    action_type = fields.Selection(related="rule_id.action_type")
    purpose = fields.Selection(related="rule_id.purpose")

    _once_uniq = models.Constraint(
        "UNIQUE(rule_id, partner_id, event_id)",
        "This rule acted on this event already.",
    )
    _occasion_uniq = models.UniqueIndex(
        "(rule_id, partner_id, occasion) WHERE occasion IS NOT NULL",
        "This rule acted on this occasion already.",
    )
    _due_idx = models.Index("(date_due, id) WHERE state = 'planned'")

    @api.model
    def _hcrm_merge_plan(self):
        return [Move("hcrm.rule.execution", unique=("rule_id", "event_id", "occasion"))]

    # ------------------------------------------------------------------
    # doing what is due
    # ------------------------------------------------------------------

    @api.model
    def _run_due(self, limit: int) -> int:
        """Do the next actions that are due; returns how many were taken up.

        Care goes first, then the order of the rules.
        """
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT id FROM hcrm_rule_execution WHERE state = 'planned' AND date_due <= %s"
            " ORDER BY date_due, id LIMIT %s FOR UPDATE SKIP LOCKED",
            (fields.Datetime.now(), limit),
        )
        due = self.browse([row[0] for row in self.env.cr.fetchall()])
        purposes = [code for code, _label in PURPOSES]
        by_rule = due.grouped("rule_id")
        for rule in sorted(
            by_rule,
            key=lambda r: (purposes.index(r.purpose), r.sequence, r.id),
        ):
            by_rule[rule]._run(rule)
        return len(due)

    def _run(self, rule) -> None:
        """Act for one rule; where the batch fails, halve it until the one that cannot
        be done stands alone and is named."""
        fresh = self - self._drop_stale(rule)
        still = rule._still_for(fresh)
        gone = fresh - still
        if gone:
            reasons = rule._why_not(gone.partner_id)
            unknown = ("condition", self.env._("The condition no longer holds."))
            for why, batch in gone.grouped(
                lambda row: reasons.get(row.partner_id.id, unknown)
            ).items():
                batch._close("skipped", *why)
        waiting = rule._giving_way(still)
        if waiting:
            waiting._put_off()
        still -= waiting
        if still:
            still._act(rule)

    def _drop_stale(self, rule):
        """What comes so late that it is worth nothing is dropped, and says so."""
        if not rule.stale_hours:
            return self.browse()
        limit = fields.Datetime.now() - timedelta(hours=rule.stale_hours)
        late = self.filtered(lambda row: row.date_due < limit)
        if late:
            late._close(
                "skipped",
                "stale",
                self.env._(
                    "Too late: more than %s hours after it was due.", rule.stale_hours
                ),
            )
        return late

    def _put_off(self) -> None:
        """Tomorrow at the same hour; until it is stale."""
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE hcrm_rule_execution SET date_due = date_due"
                " + ceil(extract(epoch FROM %s - date_due) / 86400) * interval '1 day',"
                " reason_code = 'waits', reason = %s WHERE id = ANY(%s)",
                fields.Datetime.now(),
                self.env._("Waits: care for this person goes first."),
                self.ids,
            )
        )
        self.invalidate_recordset()

    def _close(self, state: str, code: str, reason: str) -> None:
        self.write(
            {
                "state": state,
                "reason_code": code,
                "reason": reason,
                "date_done": fields.Datetime.now(),
            }
        )

    def _act(self, rule) -> None:
        try:
            with self.env.cr.savepoint():
                made = getattr(rule, f"_act_{rule.action_type}")(self)
                self._book(made)
        except psycopg2.OperationalError:
            raise  # the cron tries again
        except Exception as error:
            if len(self) == 1:
                _logger.info("Rule %s failed for action %s", rule.id, self.id)
                self._close("failed", "error", f"{type(error).__name__}: {error}"[:300])
                return
            half = len(self) // 2
            self[:half]._act(rule)
            self[half:]._act(rule)

    def _book(self, made: dict) -> None:
        """Done, with what was made of it."""
        rows = [(key, *value) for key, value in made.items() if key]
        self.flush_recordset()
        self.env.cr.execute(
            "UPDATE hcrm_rule_execution e SET state = 'done', date_done = %s,"
            " reason_code = NULL, reason = NULL, res_model = v.model, res_id = v.id"
            " FROM (SELECT x.id AS execution, m.model, m.id FROM unnest(%s::int[]) x(id)"
            " LEFT JOIN unnest(%s::int[], %s::text[], %s::int[]) m(execution, model, id)"
            " ON m.execution = x.id) v WHERE e.id = v.execution",
            (
                fields.Datetime.now(),
                self.ids,
                *([list(column) for column in zip(*rows, strict=True)] or ([], [], [])),
            ),
        )
        self.invalidate_recordset()

    # ------------------------------------------------------------------
    # facts and people change
    # ------------------------------------------------------------------

    @api.model
    def _follow_facts(self, model: str, ids: SQL) -> None:
        """Facts of the HIS changed: what is planned by their events moves with them,
        in the transaction of the change.

        :param ids: SELECT of the ids of the facts
        """
        self.flush_model()
        name = model.rpartition(".")[2]
        self.env.cr.execute(
            SQL(
                "SELECT DISTINCT x.rule_id, e.id FROM (%s) f(id)"
                " JOIN hcrm_event e ON e.key IN"
                " (%s || f.id || ':started', %s || f.id || ':finished',"
                "  %s || f.id || ':booked', %s || f.id || ':arrived',"
                "  %s || f.id || ':fulfilled', %s || f.id || ':cancelled',"
                "  %s || f.id || ':noshow', %s || f.id || ':new',"
                "  %s || f.id || ':done', %s || f.id || ':abnormal')"
                " JOIN hcrm_rule_execution x ON x.event_id = e.id"
                " WHERE x.state = 'planned' OR x.reason_code = 'void'",
                ids,
                *[f"{name}:"] * 10,
            )
        )
        events = {}
        for rule_id, event_id in self.env.cr.fetchall():
            events.setdefault(rule_id, []).append(event_id)
        # sudo: rules of every hospital
        for rule in self.env["hcrm.rule"].sudo().browse(sorted(events)):
            rule._follow(SQL("SELECT unnest(%s::int[])", events[rule.id]))

    @api.model
    def _sweep_deaths(self, now) -> None:
        """Nothing stays planned for whom the hospital records as dead."""
        since = now - timedelta(hours=48)
        self.env.cr.execute(
            "SELECT DISTINCT e.partner_id FROM hcrm_event e"
            " JOIN hcrm_event_kind k ON k.id = e.kind_id AND k.code = 'deceased'"
            " WHERE e.date_learnt >= %s",
            (since,),
        )
        people = self.env["res.partner"].browse(
            row[0] for row in self.env.cr.fetchall()
        )
        self._cancel_people(people, "deceased")

    @api.model
    def _cancel_people(self, partners, code: str) -> None:
        """Somebody died, or lost a pregnancy: what was planned is cancelled (R12)."""
        if not partners:
            return
        # sudo: what any rule planned, at any hospital
        rows = self.sudo().search(
            [("partner_id", "in", partners.ids), ("state", "=", "planned")]
        )
        if code == "loss":
            rows = rows.filtered(lambda row: row.rule_id.stops_on_loss)
            reason = self.env._("The loss of the pregnancy was reported.")
        else:
            rows = rows.filtered(lambda row: not row.rule_id._is_about_death())
            reason = self.env._("The person died.")
        if rows:
            rows._close("cancelled", code, reason)

    # ------------------------------------------------------------------
    # by hand
    # ------------------------------------------------------------------

    @api.model
    def _may_cancel(self) -> bool:
        user = self.env.user
        return any(
            user.has_group(f"hcrm_core.group_{role}")
            for role in ("manager", "nurse", "doctor", "department_head", "register")
        )

    def _check_may_cancel(self):
        if not self._may_cancel():
            raise AccessError(
                self.env._("Only who cares for people or runs the rules may do this.")
            )
        self.check_access("read")

    def action_ask_cancel(self):
        """Cancel, with a reason."""
        self._check_may_cancel()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cancel What Is Planned"),
            "res_model": "hcrm.rule.cancel",
            "view_mode": "form",
            "target": "new",
            "context": {"default_execution_ids": self.ids},
        }

    def action_cancel(self, reason):
        """Cancel planned actions; who and why stays in the ledger."""
        self._check_may_cancel()
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why it is cancelled."))
        planned = self.filtered(lambda row: row.state == "planned")
        if not planned:
            raise UserError(self.env._("Only what is still planned can be cancelled."))
        # sudo: nobody writes the ledger but through this door
        planned.sudo()._close(
            "cancelled",
            "person",
            self.env._("%(user)s: %(reason)s", user=self.env.user.name, reason=reason),
        )

    def action_retry(self):
        """What failed is due again now."""
        self._check_may_cancel()
        failed = self.filtered(
            lambda row: row.state == "failed" and row.reason_code != "loop"
        )
        if not failed:
            raise UserError(self.env._("Only what failed can be tried again."))
        failed.sudo().write(
            {
                "state": "planned",
                "reason": False,
                "reason_code": False,
                "date_done": False,
                "date_due": fields.Datetime.now(),
            }
        )

    def action_open_card(self):
        self.ensure_one()
        return self.partner_id.action_hcrm_open_card()

    def action_open_made(self):
        """The task or message that came of it."""
        self.ensure_one()
        if not self.res_model or self.res_model not in self.env:
            raise UserError(self.env._("Nothing was made of it."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
