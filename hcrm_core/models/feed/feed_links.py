"""References of a batch to records of ours, one look-up per type."""

from __future__ import annotations

from odoo import api, models

from .page_state import Item, PageState, Target

# what a column may point at
MODEL_OF = {
    "partner_id": "res.partner",
    "relative_id": "res.partner",
    "_survivor": "res.partner",
    "encounter_id": "hcrm.encounter",
    "practitioner_id": "hcrm.practitioner",
    "department_id": "hcrm.department",
    "campus_id": "hcrm.campus",
    "_claim": "hcrm.charge",
}
# without these a record cannot be written at all
REQUIRED = ("partner_id", "relative_id", "_claim", "_parent", "_survivor")
# where the legal entity of a record comes from, best first
_COMPANY_FROM = ("_company", "department_id", "encounter_id", "campus_id", "partner_id")


class HcrmFeedLinks(models.AbstractModel):
    """Look up what records refer to, and the legal entity that follows from it."""

    _name = "hcrm.feed.links"
    _description = "Feed References"

    @api.model
    def _resolve(
        self, page: PageState, items: list[Item]
    ) -> tuple[list[Item], list[Item]]:
        """(items that can be written, items that must wait)."""
        self._look_up(
            page, {ref for item in items for ref in item.mapped.refs.values()}
        )
        ready, waiting = [], []
        for item in items:
            (ready if self._link(page, item) else waiting).append(item)
        return ready, waiting

    def _look_up(self, page: PageState, refs: set[tuple[str, str]]) -> None:
        """Fill ``page.known`` with one query per type of what is not known yet."""
        wanted: dict[str, list[str]] = {}
        for ref in refs:
            if ref not in page.known:
                wanted.setdefault(ref[0], []).append(ref[1])
        for res_type, ext_ids in sorted(wanted.items()):
            self.env.cr.execute(
                "SELECT ext_id, res_model, res_id, company_id, label"
                " FROM hcrm_feed_identity"
                " WHERE source_id = %s AND res_type = %s AND ext_id = ANY(%s)",
                (page.source.id, res_type, ext_ids),
            )
            for ext_id, *target in self.env.cr.fetchall():
                page.known[res_type, ext_id] = Target(*target)

    def _link(self, page: PageState, item: Item) -> bool:
        """Set links, entity and what is missing; False where it cannot be written."""
        item.links, item.missing = {}, []
        companies: dict[str, int | None] = {}
        ok = True
        for column, ref in item.mapped.refs.items():
            target = page.known.get(ref)
            if target is None:
                item.missing.append(ref)
                ok = ok and column not in REQUIRED
                continue
            companies[column] = target.company_id
            if column == "campus_id" and target.label:
                self._place(item, target.label)
            elif column == "_payor" and target.label:
                item.mapped.values["payor"] = target.label
            expected = MODEL_OF.get(column)
            if expected and target.res_model == expected:
                item.links[column] = target.res_id
            elif expected and column in REQUIRED:
                ok = False
                item.missing.append(ref)
        item.company_id = self._entity(page, item, companies)
        return ok

    def _entity(self, page: PageState, item: Item, companies: dict) -> int:
        """The legal entity of a record.

        While what would tell it is missing, the person's own entity stands in: no
        other hospital may learn of the person by it, and mending moves the fact.
        """
        for column in _COMPANY_FROM:
            if companies.get(column):
                return companies[column]
            if column in item.mapped.refs and column not in companies:
                break
        return companies.get("partner_id") or page.source.company_id.id

    def _place(self, item: Item, label: str) -> None:
        """Ward and bed of a place that the visit names only by reference."""
        ward, _slash, bed = label.partition(" / ")
        item.mapped.values["ward"] = item.mapped.values.get("ward") or ward or None
        item.mapped.values["bed"] = item.mapped.values.get("bed") or bed or None
