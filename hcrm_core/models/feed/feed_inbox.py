from odoo import fields, models


class HcrmFeedInbox(models.Model):
    """A record that could not be written yet: it waits, or it is quarantined.

    What was written is not kept here (its hash is, in the identity). ``waiting``
    records are taken up again when the record they wait for arrives; ``partial``
    ones are written already and mended then.
    """

    _name = "hcrm.feed.inbox"
    _description = "Feed Inbox"
    _order = "id desc"
    _rec_name = "ext_id"

    source_id = fields.Many2one("hcrm.feed.source", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="source_id.company_id", store=True, index=True)
    run_id = fields.Many2one(
        "hcrm.feed.run", ondelete="set null", index="btree_not_null"
    )
    res_type = fields.Char(required=True)
    ext_id = fields.Char("External ID", required=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting for another record"),
            ("partial", "Written, a link is missing"),
            ("quarantine", "Quarantined"),
            ("dropped", "Dropped by a clerk"),
        ],
        required=True,
    )
    payload = fields.Text(groups="hcrm_core.group_feed_clerk")
    updated_at = fields.Datetime()
    reason_code = fields.Char(index=True)
    reason = fields.Char(help="What is wrong and what to do, in words.")
    wait_type = fields.Char("Waits for Type")
    wait_ext_id = fields.Char("Waits for ID")
    wait_keys = fields.Json(help="All records it waits for, as Type/id.")
    content_hash = fields.Binary(attachment=False)
    attempt_count = fields.Integer("Attempts", default=1)
    date_first = fields.Datetime(required=True, default=fields.Datetime.now)
    date_last = fields.Datetime(required=True, default=fields.Datetime.now)

    _uniq = models.Constraint(
        "UNIQUE(source_id, res_type, ext_id)", "A record is in the inbox once."
    )
    # taken up again when the parent arrives
    _wait_idx = models.Index(
        "USING gin (wait_keys) WHERE state IN ('waiting', 'partial')"
    )
