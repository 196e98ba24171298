"""Organisations, locations and practitioners: few, so written by the ORM."""

from __future__ import annotations

from odoo import api, models

from .page_state import Item, PageState, Result, Target


class HcrmFeedPlaceWriter(models.AbstractModel):
    """Match by company and code, create what is missing, write what differs.

    Companies are matched by their HIS code and never created. What we keep no
    record of (a ward, an insurer) becomes an identity with a label alone.
    """

    _name = "hcrm.feed.place.writer"
    _description = "Feed Writer of Organisations and Places"

    @api.model
    def _write_items(self, page: PageState, res_type: str, items: list[Item]) -> Result:
        """Write a batch; sets model, id, entity and label on the items."""
        if res_type == "Organization":
            self._match_companies(page, items)
        vals_of: dict[str, list[tuple[Item, dict]]] = {}
        for item in items:
            model, vals = getattr(self, f"_vals_{res_type.lower()}")(page, item)
            item.res_model = model
            if model and model != "res.company":
                vals_of.setdefault(model, []).append((item, vals))
        result = Result()
        for item in items:
            if item.identity_id is None:
                result.new.add(item.record.ext_id)
        for model, pairs in vals_of.items():
            self._upsert(page, model, pairs, result)
        return result

    # ------------------------------------------------------------------
    # values by type
    # ------------------------------------------------------------------

    def _match_companies(self, page: PageState, items: list[Item]) -> None:
        codes = [
            i.mapped.values["code"]
            for i in items
            if i.mapped.values["kind"] == "entity"
        ]
        companies = self.env["res.company"].sudo()
        found = companies.search([("hcrm_code", "in", codes)]) if codes else companies
        by_code = {company.hcrm_code: company.id for company in found}
        for item in items:
            values = item.mapped.values
            company_id = (
                by_code.get(values["code"]) if values["kind"] == "entity" else None
            )
            if company_id:
                item.company_id = item.res_id = company_id
            elif values["kind"] == "entity":
                values["kind"] = "department"

    def _vals_organization(
        self, page: PageState, item: Item
    ) -> tuple[str | None, dict]:
        values = item.mapped.values
        if values["kind"] == "entity":
            return "res.company", {}
        if values["kind"] == "other":
            item.label = values["name"]
            return None, {}
        parent = self._parent(page, item)
        item.company_id = (parent and parent.company_id) or page.source.company_id.id
        vals = self._base_vals(item)
        if parent and parent.res_model == "hcrm.department":
            vals["parent_id"] = parent.res_id
        return "hcrm.department", vals

    def _vals_location(self, page: PageState, item: Item) -> tuple[str | None, dict]:
        values = item.mapped.values
        parent = self._parent(page, item)
        owner = page.known.get(item.mapped.refs.get("_company"))
        item.company_id = (
            (owner and owner.company_id)
            or (parent and parent.company_id)
            or page.source.company_id.id
        )
        if values["kind"] == "campus":
            return "hcrm.campus", self._base_vals(item)
        if parent and parent.res_model == "hcrm.campus":
            item.res_id = parent.res_id
        if values["kind"] in ("ward", "bed"):
            ward = (parent and parent.label) or ""
            item.label = (
                f"{ward} / {values['name']}"
                if values["kind"] == "bed"
                else values["name"]
            )
        elif parent:
            item.label = parent.label
        # a place within a campus stands for it: identity of the campus, with a label
        return ("hcrm.campus" if item.res_id else None), {}

    def _vals_practitioner(self, page: PageState, item: Item) -> tuple[str, dict]:
        # the entity of the department, else that of the source: see feed_links
        vals = self._base_vals(item)
        if "department_id" in item.links:
            vals["department_id"] = item.links["department_id"]
        vals["title"] = item.mapped.values["title"] or False
        if "date_left" in item.mapped.values:
            vals["date_left"] = item.mapped.values["date_left"] or False
        return "hcrm.practitioner", vals

    def _base_vals(self, item: Item) -> dict:
        values = item.mapped.values
        return {
            "name": values["name"],
            "code": values["code"] or False,
            "active": values["active"],
            "company_id": item.company_id,
        }

    def _parent(self, page: PageState, item: Item) -> Target | None:
        return page.known.get(item.mapped.refs.get("_parent"))

    # ------------------------------------------------------------------
    # upsert
    # ------------------------------------------------------------------

    def _upsert(
        self,
        page: PageState,
        model: str,
        pairs: list[tuple[Item, dict]],
        result: Result,
    ) -> None:
        """Write existing records where they differ; create the others in one call.

        Names are written in the language of the source's hospital, so that what
        was translated into others stays.
        """
        pairs = [pair for pair in pairs if pair[1]]
        lang = page.source.company_id.partner_id.lang or None
        Model = self.env[model].sudo().with_context(active_test=False, lang=lang)
        existing = self._existing(Model, pairs)
        to_create: dict[tuple, tuple[list[Item], dict]] = {}
        for item, vals in pairs:
            key = (vals["company_id"], vals["code"] or f"#{item.record.ext_id}")
            record = existing.get(item.res_id) or existing.get(key)
            if record:
                item.res_id = record.id
                self._write_changed(record, vals, item, result)
            else:
                to_create.setdefault(key, ([], vals))[0].append(item)
        created = Model.create([vals for _items, vals in to_create.values()])
        for record, (items, _vals) in zip(created, to_create.values(), strict=True):
            for item in items:
                item.res_id = record.id

    def _existing(self, Model, pairs: list[tuple[Item, dict]]) -> dict:
        ids = [item.res_id for item, _vals in pairs if item.res_id]
        codes = [vals["code"] for _item, vals in pairs if vals["code"]]
        companies = list({vals["company_id"] for _item, vals in pairs})
        records = Model.browse(ids).exists() | Model.search(
            [("company_id", "in", companies), ("code", "in", codes)]
        )
        found = {}
        for record in records:
            found[record.id] = record
            found.setdefault((record.company_id.id, record.code), record)
        return found

    def _write_changed(self, record, vals: dict, item: Item, result: Result) -> None:
        differing = {
            name: value
            for name, value in vals.items()
            if record._fields[name].convert_to_write(record[name], record) != value
            and not (
                name == "date_left" and str(record[name] or "") == str(value or "")
            )
        }
        if differing:
            record.write(differing)
            if item.identity_id:
                result.changed.add(item.record.ext_id)
