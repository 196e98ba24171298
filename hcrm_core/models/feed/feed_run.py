from odoo import fields, models


class HcrmFeedRun(models.Model):
    """One pass over a source: a chain of jobs, one page each."""

    _name = "hcrm.feed.run"
    _description = "Feed Run"
    _order = "id desc"

    source_id = fields.Many2one(
        "hcrm.feed.source", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="source_id.company_id", store=True)
    state = fields.Selection(
        [
            ("queued", "Queued"),
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        required=True,
        default="queued",
        index=True,
    )
    is_backfill = fields.Boolean("First Load", readonly=True)
    date_start = fields.Datetime(readonly=True)
    date_end = fields.Datetime(readonly=True)
    cursor = fields.Json(readonly=True, help="Where the next page starts.")
    page_count = fields.Integer("Pages", readonly=True)
    bytes_done = fields.Float(readonly=True, digits=(16, 0))
    bytes_total = fields.Float(readonly=True, digits=(16, 0))
    count_read = fields.Integer("Read", readonly=True)
    count_new = fields.Integer("New", readonly=True)
    count_changed = fields.Integer("Changed", readonly=True)
    count_unchanged = fields.Integer("Unchanged", readonly=True)
    count_waiting = fields.Integer("Waiting", readonly=True)
    count_quarantined = fields.Integer("Quarantined", readonly=True)
    writer_path = fields.Selection(
        [("sql", "Set-based"), ("orm", "Record batches")], readonly=True
    )
    writer_reason = fields.Char(readonly=True, help="Why people were written this way.")
    message = fields.Char(readonly=True, help="What went wrong, in words.")
