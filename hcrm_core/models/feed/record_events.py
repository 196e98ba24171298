"""Events from what a batch of facts changed, written as one set."""

from __future__ import annotations

from typing import NamedTuple

from odoo import api, models, tools
from odoo.tools import SQL

from .page_state import PageState
from .record_writer import STAGE


class Rule(NamedTuple):
    """A state that means something happened.

    ``suffix`` ends the key, so that one visit starts and ends once, whatever order
    its versions arrive in; a later state implies the earlier ones.
    """

    kind: str
    suffix: str
    condition: SQL
    when: SQL


_BEGUN = SQL("s.state IN ('arrived', 'in_progress', 'onleave', 'finished')")
_OWN = SQL("s.encounter_id IS NULL")
RULES = {
    "hcrm.encounter": (
        Rule(
            "visit_started",
            "started",
            SQL("%s AND %s AND s.kind != 'inpatient'", _OWN, _BEGUN),
            SQL("s.date_start"),
        ),
        Rule(
            "admitted",
            "started",
            SQL("%s AND %s AND s.kind = 'inpatient'", _OWN, _BEGUN),
            SQL("s.date_start"),
        ),
        Rule(
            "visit_finished",
            "finished",
            SQL("%s AND s.state = 'finished' AND s.kind != 'inpatient'", _OWN),
            SQL("COALESCE(s.date_end, s.date_start)"),
        ),
        Rule(
            "discharged",
            "finished",
            SQL("%s AND s.state = 'finished' AND s.kind = 'inpatient'", _OWN),
            SQL("COALESCE(s.date_end, s.date_start)"),
        ),
        Rule(
            "visit_cancelled",
            "cancelled",
            SQL("s.state = 'cancelled'"),
            SQL("s.date_start"),
        ),
    ),
    "hcrm.appointment": (
        Rule(
            "appointment_booked",
            "booked",
            SQL(
                "s.state IN ('booked', 'arrived', 'checked_in', 'fulfilled', 'noshow')"
            ),
            SQL("COALESCE(s.date_booked, s.date_start)"),
        ),
        Rule(
            "appointment_arrived",
            "arrived",
            SQL("s.state IN ('arrived', 'checked_in', 'fulfilled')"),
            SQL("s.date_start"),
        ),
        Rule(
            "appointment_fulfilled",
            "fulfilled",
            SQL("s.state = 'fulfilled'"),
            SQL("s.date_start"),
        ),
        Rule(
            "appointment_cancelled",
            "cancelled",
            SQL("s.state = 'cancelled'"),
            SQL("s.date_start"),
        ),
        Rule(
            "appointment_noshow",
            "noshow",
            SQL("s.state = 'noshow'"),
            SQL("s.date_start"),
        ),
    ),
    "hcrm.condition": (
        Rule(
            "diagnosis_new",
            "new",
            SQL("s.source_state IS DISTINCT FROM 'entered-in-error'"),
            SQL("COALESCE(s.date_recorded, s.date_onset)"),
        ),
    ),
    "hcrm.allergy": (
        Rule(
            "allergy_new",
            "new",
            SQL("s.source_state IS DISTINCT FROM 'entered-in-error'"),
            SQL("s.date_recorded"),
        ),
    ),
    "hcrm.procedure": (
        Rule(
            "delivery",
            "done",
            SQL("s.state = 'completed' AND s.category = 'delivery'"),
            SQL("COALESCE(s.date_end, s.date_start)"),
        ),
        Rule(
            "procedure_done",
            "done",
            SQL("s.state = 'completed' AND s.category != 'delivery'"),
            SQL("COALESCE(s.date_end, s.date_start)"),
        ),
    ),
    "hcrm.medication": (
        Rule(
            "medication_new", "new", SQL("s.state != 'cancelled'"), SQL("s.date_start")
        ),
    ),
    "hcrm.observation": (
        Rule(
            "result_abnormal",
            "abnormal",
            SQL(
                "s.state IN ('final', 'amended')"
                " AND s.interpretation IN ('low', 'high', 'critical', 'abnormal')"
            ),
            SQL("s.date"),
        ),
    ),
}


class HcrmFeedRecordEvents(models.AbstractModel):
    """Log what happened, in the statement's own transaction, once per key."""

    _name = "hcrm.feed.record.events"
    _description = "Feed Event Writer"

    @api.model
    @tools.ormcache()
    def _kind_ids(self) -> dict[str, int]:
        kinds = self.env["hcrm.event.kind"].sudo().with_context(active_test=False)
        return {kind.code: kind.id for kind in kinds.search([])}

    @api.model
    def _write_stage(self, page: PageState, model: str, columns: list[str]) -> None:
        """Events of the staged rows that are new or changed."""
        kinds = self._kind_ids()
        rules = [rule for rule in RULES.get(model, ()) if rule.kind in kinds]
        if not rules or "partner_id" not in columns:
            return
        name = model.rpartition(".")[2]
        self.env.cr.execute(
            SQL(
                "INSERT INTO hcrm_event (partner_id, company_id, kind_id, date_occurred,"
                " date_learnt, origin, res_model, res_id, key, is_backfill)"
                " SELECT partner_id, company_id, kind_id, COALESCE(at, %s::timestamp),"
                " %s::timestamp, 'feed', %s, id, key, %s FROM (%s) e"
                " ON CONFLICT (key) DO NOTHING",
                page.now,
                page.now,
                model,
                page.is_backfill,
                SQL(" UNION ALL ").join(
                    self._branch(rule, name, kinds) for rule in rules
                ),
            )
        )

    def _branch(self, rule: Rule, name: str, kinds: dict[str, int]) -> SQL:
        return SQL(
            "SELECT s.partner_id, s.company_id, %s AS kind_id, %s AS at, s.id,"
            " %s || s.id || %s AS key FROM %s s"
            " WHERE (s.is_new OR s.is_changed) AND %s",
            kinds[rule.kind],
            rule.when,
            f"{name}:",
            f":{rule.suffix}",
            SQL.identifier(STAGE),
            rule.condition,
        )

    @api.model
    def _write_people(self, page: PageState, rows: list[tuple]) -> None:
        """Events of people: rows (partner, company, kind code, key, date or None)."""
        kinds = self._kind_ids()
        rows = [row for row in rows if row[2] in kinds]
        if not rows:
            return
        self.env.cr.execute(
            "INSERT INTO hcrm_event (partner_id, company_id, kind_id, date_occurred,"
            " date_learnt, origin, res_model, res_id, key, is_backfill)"
            " SELECT p, c, k, COALESCE(at, %(now)s::timestamp), %(now)s::timestamp, 'feed',"
            " 'res.partner', p, key, %(backfill)s"
            " FROM unnest(%(p)s::int[], %(c)s::int[], %(k)s::int[], %(key)s::text[],"
            " %(at)s::timestamp[]) AS v(p, c, k, key, at)"
            " ON CONFLICT (key) DO NOTHING",
            {
                "now": page.now,
                "backfill": page.is_backfill,
                "p": [row[0] for row in rows],
                "c": [row[1] for row in rows],
                "k": [kinds[row[2]] for row in rows],
                "key": [row[3] for row in rows],
                "at": [row[4] for row in rows],
            },
        )
