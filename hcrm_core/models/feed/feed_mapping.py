"""Records and what becomes of them, as tables for a person."""

from __future__ import annotations

import json

from markupsafe import Markup

from odoo import api, models

from ...feed_adapters.base import AdapterError
from ...feed_adapters.canonical import Problem, Record
from ...feed_adapters.fhir_explain import HIDDEN, PATHS, Line, explain


class HcrmFeedMapping(models.AbstractModel):
    """Shows the mapping; it writes nothing and looks up no person."""

    _name = "hcrm.feed.mapping"
    _description = "Feed Mapping"

    @api.model
    def _inbox_table(self, row) -> Markup | bool:
        """What of a held-back record becomes which field, as HTML."""
        try:
            data = json.loads(row.payload or "")
        except ValueError:
            return False
        if not isinstance(data, dict):
            return False
        record = Record(row.res_type, row.ext_id, data)
        explained = explain(
            record, self.env["hcrm.feed.code"]._context_of(row.source_id)
        )
        known = self._known(row.source_id, [x.ref for x in explained.lines if x.ref])
        zone = row.source_id.company_id.hcrm_tz
        if row.reason_code == "write_failed" and row.reason_values:
            problem = Problem(row.reason_code, row.reason_values)
            explained.problems.append(problem)
        return self.env["ir.qweb"]._render(
            "hcrm_core.feed_mapping_table",
            {
                "lines": [self._line(record, x, known, zone) for x in explained.lines],
                "problems": [self._sentence(record, x) for x in explained.problems],
                "unused": explained.unused,
            },
        )

    @api.model
    def _preview_tables(self, source, records: list[Record]) -> Markup:
        """Canonical values of some records by type, before anything is written."""
        context = self.env["hcrm.feed.code"]._context_of(source)
        zone = source.company_id.hcrm_tz
        by_type: dict[str, list[Record]] = {}
        for record in records:
            by_type.setdefault(record.type, []).append(record)
        order = [*PATHS, *(name for name in by_type if name not in PATHS)]
        tables = [
            self._preview_table(name, by_type[name], context, zone)
            for name in order
            if name in by_type
        ]
        return self.env["ir.qweb"]._render(
            "hcrm_core.feed_preview_tables", {"tables": tables}
        )

    @api.model
    def _source_problem(self, error: AdapterError) -> Markup:
        """Why a source could not be read, as HTML."""
        sentence = self.env["hcrm.feed.reason"]._source_sentence(
            error.code, error.values
        )
        return Markup('<div class="alert alert-danger">%s</div>') % sentence

    def _preview_table(self, res_type, records, context, zone) -> dict:
        rows = []
        columns: list[str] = []
        for record in records:
            explained = explain(record, context)
            lines = [x for x in explained.lines if x.column not in HIDDEN]
            cells = {x.column: self._words(record, x, zone) for x in lines}
            problems = [x.problem for x in lines if x.problem] + explained.problems
            rows.append(
                {
                    "ext_id": record.ext_id,
                    "cells": cells,
                    "problems": [self._sentence(record, x) for x in problems],
                }
            )
            columns += [name for name in cells if cells[name] and name not in columns]
        ordered = [name for name, _path in PATHS.get(res_type, ()) if name in columns]
        Words = self.env["hcrm.feed.words"]
        return {
            "type": res_type,
            "label": Words._type_label(res_type),
            "is_used": res_type in PATHS or any(row["problems"] for row in rows),
            "columns": [(name, Words._field_label(res_type, name)) for name in ordered],
            "rows": rows,
        }

    def _line(self, record: Record, line: Line, known: set, zone: str) -> dict:
        Words = self.env["hcrm.feed.words"]
        words = self._words(record, line, zone)
        if line.ref and not line.problem:
            words = (
                self.env._("known here")
                if line.ref in known
                else self.env._("not here yet")
            )
        return {
            "label": Words._field_label(record.type, line.column),
            "path": line.path,
            "said": line.said,
            "words": words,
            "problem": self._sentence(record, line.problem) if line.problem else "",
            "unknown": self.env._("%s is not understood", line.unknown)
            if line.unknown
            else "",
            "is_missing": bool(line.ref) and line.ref not in known,
        }

    def _words(self, record: Record, line: Line, zone: str) -> str:
        if line.problem:
            return ""
        if line.ref:
            return "/".join(line.ref)
        Words = self.env["hcrm.feed.words"]
        return Words._value_words(record.type, line.column, line.value, zone)

    def _sentence(self, record: Record, problem: Problem) -> str:
        return self.env["hcrm.feed.reason"]._sentence(record, problem)

    def _known(self, source, refs: list[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of these records of the source are here."""
        if not refs:
            return set()
        # sudo: that a record is known tells nothing about it
        rows = (
            self.env["hcrm.feed.identity"]
            .sudo()
            .search_fetch(
                [
                    ("source_id", "=", source.id),
                    ("res_type", "in", [ref[0] for ref in refs]),
                    ("ext_id", "in", [ref[1] for ref in refs]),
                ],
                ["res_type", "ext_id"],
            )
        )
        return {(row.res_type, row.ext_id) for row in rows}
