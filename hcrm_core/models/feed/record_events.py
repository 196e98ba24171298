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
    its versions arrive in; a later state implies the earlier ones. ``when`` is what
    the source tells of the moment. Where it tells nothing (or a moment that has not
    come yet), the moment we saw the state counts; for the past of a first load
    ``planned`` stands in.
    """

    kind: str
    suffix: str
    condition: SQL
    when: SQL
    planned: SQL


_BEGUN = SQL("s.state IN ('arrived', 'in_progress', 'onleave', 'finished')")
_OWN = SQL("NOT s.is_part")
_UNTOLD = SQL("NULL::timestamp")
RULES = {
    "hcrm.encounter": (
        Rule(
            "visit_started",
            "started",
            SQL("%s AND %s AND s.kind != 'inpatient'", _OWN, _BEGUN),
            SQL("s.date_start"),
            SQL("s.date_start"),
        ),
        Rule(
            "admitted",
            "started",
            SQL("%s AND %s AND s.kind = 'inpatient'", _OWN, _BEGUN),
            SQL("s.date_start"),
            SQL("s.date_start"),
        ),
        Rule(
            "visit_finished",
            "finished",
            SQL("%s AND s.state = 'finished' AND s.kind != 'inpatient'", _OWN),
            SQL("s.date_end"),
            SQL("s.date_start"),
        ),
        Rule(
            "discharged",
            "finished",
            SQL("%s AND s.state = 'finished' AND s.kind = 'inpatient'", _OWN),
            SQL("s.date_end"),
            SQL("s.date_start"),
        ),
        Rule(
            "visit_cancelled",
            "cancelled",
            SQL("s.state = 'cancelled'"),
            _UNTOLD,
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
            SQL("s.date_booked"),
            SQL("s.date_start"),
        ),
        Rule(
            "appointment_arrived",
            "arrived",
            SQL("s.state IN ('arrived', 'checked_in', 'fulfilled')"),
            _UNTOLD,
            SQL("s.date_start"),
        ),
        Rule(
            "appointment_fulfilled",
            "fulfilled",
            SQL("s.state = 'fulfilled'"),
            _UNTOLD,
            SQL("s.date_start"),
        ),
        Rule(
            "appointment_cancelled",
            "cancelled",
            SQL("s.state = 'cancelled'"),
            _UNTOLD,
            SQL("s.date_start"),
        ),
        Rule(
            "appointment_noshow",
            "noshow",
            SQL("s.state = 'noshow'"),
            _UNTOLD,
            SQL("s.date_start"),
        ),
    ),
    "hcrm.condition": (
        Rule(
            "diagnosis_new",
            "new",
            SQL("s.source_state IS DISTINCT FROM 'entered-in-error'"),
            SQL("COALESCE(s.date_recorded, s.date_onset)"),
            _UNTOLD,
        ),
    ),
    "hcrm.allergy": (
        Rule(
            "allergy_new",
            "new",
            SQL("s.source_state IS DISTINCT FROM 'entered-in-error'"),
            SQL("s.date_recorded"),
            _UNTOLD,
        ),
    ),
    "hcrm.procedure": (
        Rule(
            "delivery",
            "done",
            SQL("s.state = 'completed' AND s.category = 'delivery'"),
            SQL("COALESCE(s.date_end, s.date_start)"),
            _UNTOLD,
        ),
        Rule(
            "procedure_done",
            "done",
            SQL("s.state = 'completed' AND s.category != 'delivery'"),
            SQL("COALESCE(s.date_end, s.date_start)"),
            _UNTOLD,
        ),
    ),
    "hcrm.medication": (
        Rule(
            "medication_new",
            "new",
            SQL("s.state != 'cancelled'"),
            SQL("s.date_start"),
            _UNTOLD,
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
            _UNTOLD,
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
                " SELECT partner_id, company_id, kind_id, at, %s::timestamp, 'feed', %s,"
                " id, key, %s FROM (%s) e ON CONFLICT (key) DO NOTHING",
                page.now,
                model,
                self._is_old_news(page),
                SQL(" UNION ALL ").join(
                    self._branch(page, rule, name, kinds) for rule in rules
                ),
            )
        )

    def _is_old_news(self, page: PageState) -> SQL:
        """Whether an event at ``at`` is history: it is told, and starts nothing.

        A first load brings the past; later loads do so as well where the source adds
        what it had left out, or corrects what is long over.
        """
        return SQL(
            "%s OR at < %s::timestamp - make_interval(days => %s)",
            page.is_backfill,
            page.now,
            page.source.news_days,
        )

    def _branch(self, page: PageState, rule: Rule, name: str, kinds: dict) -> SQL:
        seen = SQL("s.seen_at")
        if page.is_backfill:
            seen = SQL("LEAST(%s, s.seen_at)", rule.planned)
        return SQL(
            "SELECT s.partner_id, s.company_id, %s AS kind_id,"
            " CASE WHEN %s <= %s::timestamp THEN %s ELSE %s END AS at, s.id,"
            " %s || s.id || %s AS key FROM %s s"
            " WHERE (s.is_new OR s.is_changed) AND %s",
            kinds[rule.kind],
            rule.when,
            page.now,
            rule.when,
            seen,
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
            SQL(
                "INSERT INTO hcrm_event (partner_id, company_id, kind_id, date_occurred,"
                " date_learnt, origin, res_model, res_id, key, is_backfill)"
                " SELECT p, c, k, at, %s::timestamp, 'feed', 'res.partner', p, key, %s"
                " FROM (SELECT p, c, k, key, COALESCE(at, %s::timestamp) AS at"
                " FROM unnest(%s::int[], %s::int[], %s::int[], %s::text[],"
                " %s::timestamp[]) AS v(p, c, k, key, at)) e"
                " ON CONFLICT (key) DO NOTHING",
                page.now,
                self._is_old_news(page),
                page.now,
                [row[0] for row in rows],
                [row[1] for row in rows],
                [kinds[row[2]] for row in rows],
                [row[3] for row in rows],
                [row[4] for row in rows],
            )
        )
