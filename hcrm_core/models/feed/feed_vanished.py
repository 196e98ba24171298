from odoo import api, fields, models


class HcrmFeedVanished(models.Model):
    """A record that is not at the source any more, for a person to look at.

    Written when the brake stops a reconciliation. Rows: at most
    ``feed_reconcile.SHOWN`` per run; removed with the next reconciliation.
    """

    _name = "hcrm.feed.vanished"
    _inherit = ["hcrm.person.mixin"]
    _description = "Record Missing at the Source"
    _log_access = False
    _order = "run_id desc, res_type, ext_id"
    _rec_name = "ext_id"

    run_id = fields.Many2one(
        "hcrm.feed.run", required=True, index=True, ondelete="cascade"
    )
    source_id = fields.Many2one(related="run_id.source_id")
    company_id = fields.Many2one(related="run_id.company_id")
    res_type = fields.Char("Type", required=True)
    ext_id = fields.Char("External ID", required=True)
    partner_id = fields.Many2one(
        "res.partner", "Person", index="btree_not_null", ondelete="cascade"
    )
    date_read = fields.Datetime(
        "Last Change", help="Stamp of the source, where it gives one."
    )

    @api.model
    def _hcrm_merge_plan(self):
        """A record of the HIS, not of the card."""
        return []

    @api.depends("res_type", "ext_id")
    def _compute_display_name(self):
        for record in self:
            record.display_name = f"{record.res_type}/{record.ext_id}"
