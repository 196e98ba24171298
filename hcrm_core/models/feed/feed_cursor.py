from datetime import datetime

from odoo import api, fields, models


class HcrmFeedCursor(models.Model):
    """How far a source has been read, per type: where the next delta run starts.

    Raised in the transaction of the page that was read. Rows: one per source and
    type, kept as long as the source.
    """

    _name = "hcrm.feed.cursor"
    _description = "Feed Cursor"
    _log_access = False
    _rec_name = "res_type"
    _order = "source_id, res_type"

    source_id = fields.Many2one("hcrm.feed.source", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="source_id.company_id")
    res_type = fields.Char("Type", required=True)
    stamp = fields.Datetime(
        "Read Up To", required=True, help="Newest change at the source that is here."
    )
    date_read = fields.Datetime("Last Read", required=True)

    _uniq = models.UniqueIndex(
        "(source_id, res_type)", "A type of a source has one cursor."
    )

    @api.model
    def _raise(self, source, watermarks: dict[str, datetime]) -> None:
        """Move cursors forward, never back and never into the future.

        A stamp of a HIS whose clock runs ahead would hide everything that changes
        until then; ours is the limit.
        """
        if not watermarks:
            return
        self.env.cr.execute(
            """
            INSERT INTO hcrm_feed_cursor AS c (source_id, res_type, stamp, date_read)
            SELECT %s, v.res_type, LEAST(v.stamp, n.now), n.now
              FROM unnest(%s::text[], %s::timestamp[]) AS v(res_type, stamp),
                   (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now) n
          ORDER BY v.res_type
       ON CONFLICT (source_id, res_type) DO UPDATE
               SET stamp = GREATEST(c.stamp, EXCLUDED.stamp),
                   date_read = EXCLUDED.date_read
            """,
            (source.id, list(watermarks), list(watermarks.values())),
        )
        self.invalidate_model(flush=False)
