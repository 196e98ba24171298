from odoo import api, fields, models

from ...feed_adapters.base import AdapterError
from ...feed_adapters.canonical import WRITE_ORDER, Record

PREVIEW_PER_TYPE = 20


class HcrmFeedPreview(models.TransientModel):
    """The first records of a source as they would be written."""

    _name = "hcrm.feed.preview"
    _description = "Preview of a Feed Source"

    source_id = fields.Many2one("hcrm.feed.source", required=True, ondelete="cascade")
    # read from the source when it is looked at; nothing of the patients is kept
    tables_html = fields.Html("Records", compute="_compute_tables_html", sanitize=False)

    @api.depends("source_id")
    @api.depends_context("lang", "tz")
    def _compute_tables_html(self):
        Mapping = self.env["hcrm.feed.mapping"]
        for preview in self:
            source = preview.source_id
            try:
                records = source._sample(PREVIEW_PER_TYPE)
            except AdapterError as error:
                preview.tables_html = Mapping._source_problem(error)
            else:
                preview.tables_html = Mapping._preview_tables(source, records)


class HcrmFeedSource(models.Model):
    _inherit = "hcrm.feed.source"

    def action_preview(self):
        """Show up to 20 records of each type as mapped; nothing is written."""
        self.ensure_one()
        self.check_access("write")
        preview = self.env["hcrm.feed.preview"].create({"source_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview: %s", self.name),
            "res_model": preview._name,
            "res_id": preview.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _sample(self, limit: int) -> list[Record]:
        """Up to ``limit`` records of each type.

        An adapter that reads all types in one go has a ``sample`` of its own; others
        are asked type by type.
        """
        adapter = self._adapter("preview")
        try:
            adapter.prepare()
            if hasattr(adapter, "sample"):
                return adapter.sample(limit)
            records = []
            only = adapter.config.only_types
            for res_type in WRITE_ORDER:
                if not only or res_type in only:
                    adapter.config.only_types = frozenset([res_type])
                    page = next(adapter.pages(None, limit), None)
                    records += page.records[:limit] if page else []
            return records
        finally:
            adapter.cleanup()
