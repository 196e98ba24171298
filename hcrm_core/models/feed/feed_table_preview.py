from odoo import api, fields, models

from ...feed_adapters.base import AdapterError, adapter_for
from ...feed_adapters.table_rows import Column, fold

ROWS = 8


class HcrmFeedTablePreview(models.TransientModel):
    """The first rows of a table beside what becomes of them."""

    _name = "hcrm.feed.table.preview"
    _description = "Preview of a Feed Table"

    table_id = fields.Many2one("hcrm.feed.table", required=True, ondelete="cascade")
    # read from the HIS when it is looked at; nothing of the patients is kept
    rows_html = fields.Html("Rows", compute="_compute_rows_html", sanitize=False)

    @api.depends("table_id")
    @api.depends_context("lang", "tz")
    def _compute_rows_html(self):
        for preview in self:
            preview.table_id.check_access("write")
            preview.rows_html = preview._rows()

    def _rows(self):
        table = self.table_id
        Mapping = self.env["hcrm.feed.mapping"]
        config = table.source_id._config("preview")
        try:
            found = adapter_for("table", config).preview(table.name, ROWS)
        except AdapterError as error:
            error.values.setdefault("table", table.name)
            return Mapping._source_problem(error)
        records = [record for _rows, record in found]
        written = (
            "" if table.parent_id else Mapping._preview_tables(table.source_id, records)
        )
        return self.env["ir.qweb"]._render(
            "hcrm_core.feed_table_preview",
            {
                "records": [self._record(rows, record) for rows, record in found],
                "written": written,
                "is_empty": not found,
            },
        )

    def _record(self, rows: list[dict], record) -> dict:
        """What the template shows of one record: its lines and problems."""
        Reason = self.env["hcrm.feed.reason"]
        row = rows[0]
        return {
            "ext_id": record.ext_id,
            "row_count": len(rows),
            "lines": [self._line(line, row) for line in self._mapped()],
            "problem": record.problem and Reason._sentence(record, record.problem),
        }

    def _mapped(self) -> list[Column]:
        table = self.table_id
        return [
            Column(line._spec(), table.res_type)
            for line in table.column_ids
            if line.target
        ]

    def _line(self, column: Column, row: dict) -> dict:
        raw = row.get(fold(column.label)) if column.column else column.label
        value, problem = None, ""
        try:
            value = column.value(row)
            before = column.plain_value(row)
        except Exception as error:  # a problem of the value, told beside it
            if not hasattr(error, "code"):
                raise
            problem = self.env["hcrm.feed.reason"]._value_sentence(error)
        else:
            if before is not None and not column.knows(before):
                problem = self.env._("%s is not in the list of codes", before)
        return {
            "column": column.label,
            "raw": "" if raw is None else raw,
            "target": column.target,
            "value": "" if value is None else value,
            "problem": problem,
        }
