import logging

import psycopg2

from odoo import api, fields, models

_logger = logging.getLogger(__name__)


class HcrmRuleExecution(models.Model):
    """The ledger of rules: one action per rule, person and event, ever.

    Visible from the moment it is planned. Rows: about 20 per patient-year; kept 2
    years; tasks and messages survive.
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
    event_id = fields.Many2one(
        "hcrm.event", required=True, ondelete="cascade", index=True
    )
    date_anchor = fields.Datetime("Happened", required=True)
    date_due = fields.Datetime("Due", required=True)
    date_done = fields.Datetime("Done")
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("done", "Done"),
            ("skipped", "No longer for this person"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="planned",
    )
    reason = fields.Char("Why")
    depth = fields.Integer(help="How many actions led to this one.")
    res_model = fields.Char("Made")
    res_id = fields.Many2oneReference(model_field="res_model")

    _once_uniq = models.Constraint(
        "UNIQUE(rule_id, partner_id, event_id)",
        "This rule acted on this event already.",
    )
    _due_idx = models.Index("(date_due, id) WHERE state = 'planned'")

    @api.model
    def _run_due(self, limit: int) -> int:
        """Do the next actions that are due; returns how many were taken up."""
        self.flush_model()
        self.env.cr.execute(
            "SELECT id FROM hcrm_rule_execution WHERE state = 'planned' AND date_due <= %s"
            " ORDER BY date_due, id LIMIT %s FOR UPDATE SKIP LOCKED",
            (fields.Datetime.now(), limit),
        )
        due = self.browse([row[0] for row in self.env.cr.fetchall()])
        for rule, batch in due.grouped("rule_id").items():
            batch._run(rule)
        return len(due)

    def _run(self, rule) -> None:
        """Act for one rule; where the batch fails, halve it until the one that cannot
        be done stands alone and is named."""
        still = rule._still_for(self)
        gone = self - still
        if gone:
            gone.write(
                {
                    "state": "skipped",
                    "reason": self.env._("The condition was no longer met."),
                    "date_done": fields.Datetime.now(),
                }
            )
        if still:
            still._act(rule)

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
                self.write(
                    {
                        "state": "failed",
                        "reason": f"{type(error).__name__}: {error}"[:300],
                        "date_done": fields.Datetime.now(),
                    }
                )
                return
            half = len(self) // 2
            self[:half]._act(rule)
            self[half:]._act(rule)

    def _book(self, made: dict) -> None:
        """Done, with what was made of it."""
        self.write({"state": "done", "date_done": fields.Datetime.now()})
        self.flush_recordset()
        rows = [(key, *value) for key, value in made.items() if key]
        if rows:
            self.env.cr.execute(
                "UPDATE hcrm_rule_execution e SET res_model = v.model, res_id = v.id"
                " FROM unnest(%s::int[], %s::text[], %s::int[]) v(execution, model, id)"
                " WHERE e.id = v.execution",
                tuple(list(column) for column in zip(*rows, strict=True)),
            )
            self.invalidate_recordset()
