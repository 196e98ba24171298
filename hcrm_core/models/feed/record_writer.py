"""Facts into their tables: staged by COPY, compared and written as sets."""

from __future__ import annotations

from collections.abc import Sequence

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.staging import copy_rows, new_ids, temp_like
from .page_state import Item, PageState, Result

STAGE = "hcrm_fact_stage"
MODEL_OF_TYPE = {
    "Coverage": "hcrm.coverage",
    "Encounter": "hcrm.encounter",
    "Appointment": "hcrm.appointment",
    "AllergyIntolerance": "hcrm.allergy",
    "Condition": "hcrm.condition",
    "Procedure": "hcrm.procedure",
    "Immunization": "hcrm.procedure",
    "MedicationRequest": "hcrm.medication",
    "MedicationStatement": "hcrm.medication",
    "Observation": "hcrm.observation",
    "ChargeItem": "hcrm.charge",
    "Claim": "hcrm.charge",
    "ExplanationOfBenefit": "hcrm.charge",
}
# state of a fact that the source says it deleted or that was entered in error
VOID_STATE = {
    "hcrm.coverage": "cancelled",
    "hcrm.encounter": "cancelled",
    "hcrm.appointment": "cancelled",
    "hcrm.allergy": "inactive",
    "hcrm.condition": "inactive",
    "hcrm.procedure": "not_done",
    "hcrm.medication": "cancelled",
    "hcrm.observation": "cancelled",
    "hcrm.charge": "aborted",
}
_EXTRA = {
    "n": "int",
    "id": "int",
    "is_new": "bool",
    "is_changed": "bool",
    "old_state": "text",
    "old_partner_id": "int",
    "old_company_id": "int",
    "seen_at": "timestamp",
    "is_part": "bool",
}


class HcrmFeedRecordWriter(models.AbstractModel):
    """Write facts of one type as a set.

    Columns come from the mapper's values and the model's fields, so a new field
    needs no SQL here. A row that says nothing new is not rewritten.
    """

    _name = "hcrm.feed.record.writer"
    _description = "Feed Writer of Facts"

    @api.model
    def _write_items(self, page: PageState, res_type: str, items: list[Item]) -> Result:
        """Write a batch of one type; sets model and id on the items."""
        model = MODEL_OF_TYPE[res_type]
        result = Result()
        for item in items:
            item.res_model = model
            if "_claim" in item.links:
                item.res_id = item.links["_claim"]
        if res_type == "Claim":
            self._keep_settled(items)
        if model == "hcrm.encounter":
            self._keep_first_end(items)
        if model == "hcrm.charge":
            self._set_currency(page, items)
        self._give_ids(model, items, result)
        groups: dict[frozenset, list[Item]] = {}
        for item in items:
            groups.setdefault(frozenset(item.mapped.values), []).append(item)
        for group in groups.values():
            self._write_group(page, model, group, result)
        return result

    def _give_ids(self, model: str, items: list[Item], result: Result) -> None:
        """Ids of rows that are new come from the sequence before the insert."""
        fresh = [item for item in items if not item.res_id]
        table = self.env[model]._table
        for item, new_id in zip(
            fresh, new_ids(self.env.cr, table, len(fresh)), strict=True
        ):
            item.res_id = new_id
            result.new.add(item.record.ext_id)

    def _keep_settled(self, items: list[Item]) -> None:
        """Who pays for a claim is the insurer's word once it is known."""
        ids = [item.res_id for item in items if item.res_id]
        if not ids:
            return
        self.env.cr.execute(
            "SELECT res_id FROM hcrm_feed_identity WHERE res_type = 'ExplanationOfBenefit'"
            " AND res_model = 'hcrm.charge' AND res_id = ANY(%s)",
            (ids,),
        )
        settled = {row[0] for row in self.env.cr.fetchall()}
        for item in items:
            if item.res_id in settled:
                values = item.mapped.values
                for name in [name for name in values if name.startswith("amount")]:
                    del values[name]
                values.pop("state")
                values.pop("source_state")

    def _keep_first_end(self, items: list[Item]) -> None:
        """An end that is only when it was first seen does not move when seen again."""
        seen = [item for item in items if item.mapped.values.pop("_end_first_seen")]
        ids = [item.res_id for item in seen if item.res_id]
        if not ids:
            return
        self.env.cr.execute(
            "SELECT id, date_end FROM hcrm_encounter WHERE id = ANY(%s)"
            " AND state = 'finished' AND date_end IS NOT NULL",
            (ids,),
        )
        ends = dict(self.env.cr.fetchall())
        for item in seen:
            values = item.mapped.values
            values["date_end"] = ends.get(item.res_id) or values["date_end"]

    def _set_currency(self, page: PageState, items: list[Item]) -> None:
        if not page.currencies:
            currencies = self.env["res.currency"].sudo().with_context(active_test=False)
            page.currencies.update({c.name: c.id for c in currencies.search([])})
        default = page.source.company_id.currency_id.id
        for item in items:
            code = item.mapped.values.pop("currency", None)
            item.mapped.values["currency_id"] = page.currencies.get(code, default)

    # ------------------------------------------------------------------
    # one set
    # ------------------------------------------------------------------

    def _write_group(
        self, page: PageState, model: str, items: list[Item], result: Result
    ) -> None:
        """Stage rows with the same columns, then insert and update as sets."""
        Model = self.env[model]
        columns = self._columns(Model, items[0])
        table = Model._table
        temp_like(self.env.cr, STAGE, table, columns, _EXTRA)
        self._stage(page, items, columns, result)
        self._compare(table, columns)
        self._insert(table, columns)
        self._update(table, columns)
        self.env["hcrm.rule.execution"]._follow_facts(
            model, SQL("SELECT id FROM %s WHERE is_changed", SQL.identifier(STAGE))
        )
        has_state = "state" in columns
        if has_state:
            self.env["hcrm.feed.record.events"]._write_stage(page, model, columns)
        self._collect(model, items, result)

    def _columns(self, Model, item: Item) -> list[str]:
        """Stored columns the batch brings: values, links, person and entity.

        An optional link that the record does not have is written as empty, so that
        one taken away at the source goes away here.
        """
        values = item.mapped.values
        columns = [name for name in values if name in Model._fields]
        if "_claim" not in item.mapped.refs:
            columns += ["partner_id", "company_id"]
            columns += [
                name
                for name in (
                    "encounter_id",
                    "practitioner_id",
                    "department_id",
                    "campus_id",
                )
                if name in Model._fields
            ]
        return columns

    def _stage(
        self,
        page: PageState,
        items: list[Item],
        columns: Sequence[str],
        result: Result,
    ) -> None:
        now = fields.Datetime.to_datetime(page.now)
        new = result.new
        rows = []
        for n, item in enumerate(items):
            values, links = item.mapped.values, item.links
            # when the source says it changed, else when we see it
            seen_at = min(item.record.updated_at or now, now)
            # also while the whole has not come yet
            is_part = "encounter_id" in item.mapped.refs
            row = [n, item.res_id, item.record.ext_id in new, False, seen_at, is_part]
            for column in columns:
                if column in values:
                    row.append(values[column])
                elif column == "company_id":
                    row.append(item.company_id)
                else:
                    row.append(links.get(column))
            rows.append(row)
        copy_rows(
            self.env.cr,
            STAGE,
            ("n", "id", "is_new", "is_changed", "seen_at", "is_part", *columns),
            rows,
        )

    def _compare(self, table: str, columns: Sequence[str]) -> None:
        """Mark rows that differ and remember what they were."""
        old_state = SQL("t.state") if "state" in columns else SQL("NULL")
        self.env.cr.execute(
            SQL(
                "UPDATE %s s SET is_changed = (%s) IS DISTINCT FROM (%s),"
                " old_state = %s, old_partner_id = t.partner_id,"
                " old_company_id = t.company_id"
                " FROM %s t WHERE t.id = s.id AND NOT s.is_new",
                SQL.identifier(STAGE),
                _list("t", columns),
                _list("s", columns),
                old_state,
                SQL.identifier(table),
            )
        )

    def _insert(self, table: str, columns: Sequence[str]) -> None:
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (id, %s) SELECT id, %s FROM %s s WHERE is_new ORDER BY n",
                SQL.identifier(table),
                SQL(", ").join(SQL.identifier(column) for column in columns),
                _list("s", columns),
                SQL.identifier(STAGE),
            )
        )

    def _update(self, table: str, columns: Sequence[str]) -> None:
        self.env.cr.execute(
            SQL(
                "UPDATE %s t SET %s FROM %s s WHERE t.id = s.id AND s.is_changed",
                SQL.identifier(table),
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(column), SQL.identifier("s", column))
                    for column in columns
                ),
                SQL.identifier(STAGE),
            )
        )

    def _collect(self, model: str, items: list[Item], result: Result) -> None:
        """What changed, and for whom; ids of the batch."""
        self.env.cr.execute(
            SQL(
                "SELECT n, old_partner_id, old_company_id FROM %s WHERE is_changed",
                SQL.identifier(STAGE),
            )
        )
        before = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        is_visit = model == "hcrm.encounter"
        for n, item in enumerate(items):
            ext_id = item.record.ext_id
            result.ids[ext_id] = item.res_id
            if n in before:
                result.changed.add(ext_id)
            elif ext_id not in result.new:
                continue
            if "partner_id" in item.links:
                pair = (item.links["partner_id"], item.company_id)
                result.seen.add(pair)
                if is_visit:
                    result.visited |= {pair, before.get(n, pair)}

    # ------------------------------------------------------------------
    # deletions
    # ------------------------------------------------------------------

    @api.model
    def _void(self, page: PageState, res_type: str, items: list[Item]) -> Result:
        """Records the source deleted: the fact stays, its state says it is void."""
        result = Result()
        model = MODEL_OF_TYPE.get(res_type)
        known = [item for item in items if item.res_id and item.res_model == model]
        if not known or not model:
            return result
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET state = %s, source_state = 'deleted'"
                " WHERE id = ANY(%s) AND source_state IS DISTINCT FROM 'deleted'"
                " RETURNING id, partner_id, company_id",
                SQL.identifier(self.env[model]._table),
                VOID_STATE[model],
                [item.res_id for item in known],
            )
        )
        rows = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        self.env["hcrm.rule.execution"]._follow_facts(
            model, SQL("SELECT unnest(%s::int[])", list(rows))
        )
        for item in known:
            if item.res_id in rows:
                result.changed.add(item.record.ext_id)
                if model == "hcrm.encounter":
                    result.visited.add(rows[item.res_id])
        return result


def _list(alias: str, columns: Sequence[str]) -> SQL:
    return SQL(", ").join(SQL.identifier(alias, column) for column in columns)
