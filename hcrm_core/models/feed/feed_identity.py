from odoo import fields, models


class HcrmFeedIdentity(models.Model):
    """Which record of ours a record of the source became, and its content hash.

    Rows: one per record of the source; kept as long as the record. A deleted
    record keeps its identity as a tombstone, so that an older version that
    arrives late does not bring it back.
    """

    _name = "hcrm.feed.identity"
    _description = "Feed Identity"
    _log_access = False
    _rec_name = "ext_id"

    source_id = fields.Many2one("hcrm.feed.source", required=True, ondelete="restrict")
    res_type = fields.Char(
        "Type", required=True, help="Type at the source, e.g. Patient."
    )
    ext_id = fields.Char("External ID", required=True)
    res_model = fields.Char("Model")
    res_id = fields.Many2oneReference("Record", model_field="res_model")
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        ondelete="set null",
        help="Entity it belongs to; facts that refer to it take it over.",
    )
    label = fields.Char(
        help="Name of what becomes only text here: a ward and bed, an insurer."
    )
    content_hash = fields.Binary(attachment=False)
    updated_at = fields.Datetime(help="Stamp of the source, where it gives one.")
    state = fields.Selection(
        [("live", "Live"), ("gone", "Gone at source"), ("redirected", "Redirected")],
        required=True,
        default="live",
    )
    old_card_id = fields.Many2one(
        "res.partner",
        "Own Card",
        ondelete="set null",
        index="btree_not_null",
        help="Card it had before the source merged it into another record.",
    )
    missing_count = fields.Integer(
        help="Reconciliations in a row that did not find it at the source."
    )

    _uniq = models.UniqueIndex(
        "(source_id, res_type, ext_id) INCLUDE (res_id)",
        "A record of a source is known once.",
    )
    # from a card back to its sources; merge
    _record_idx = models.Index("(res_id, res_model)")
    # the few that a reconciliation has doubts about
    _missing_idx = models.Index("(source_id, res_type) WHERE missing_count > 0")
