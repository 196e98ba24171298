from odoo import fields, models


class HcrmFeedListed(models.Model):
    """An id that the source says it holds, while what exists is compared.

    Rows: one per record of the source during a reconciliation; afterwards only
    the ids that are unknown here stay, until the record arrives.
    """

    _name = "hcrm.feed.listed"
    _description = "Feed Id at the Source"
    _log_access = False
    _rec_name = "ext_id"

    source_id = fields.Many2one("hcrm.feed.source", required=True, ondelete="cascade")
    run_id = fields.Many2one("hcrm.feed.run", required=True, ondelete="cascade")
    res_type = fields.Char(required=True)
    ext_id = fields.Char(required=True)
    is_unknown = fields.Boolean(help="There is no such record here.")
    is_asked = fields.Boolean(
        help="Its whole type was read because of it; that is not done twice."
    )

    _uniq = models.UniqueIndex(
        "(source_id, res_type, ext_id) INCLUDE (run_id)", "An id is listed once."
    )
    _unknown_idx = models.Index("(source_id, res_type) WHERE is_unknown")
