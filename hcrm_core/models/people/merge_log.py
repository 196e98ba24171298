from odoo import api, fields, models


class HcrmMergeLog(models.Model):
    """What one step of joining two cards did, so that it can be undone.

    Rows: one per record that changed its person, a few dozen per joined card; kept
    as long as both cards. Append-only.
    """

    _name = "hcrm.merge.log"
    _inherit = ["hcrm.person.mixin"]
    _description = "Merge Log"
    _log_access = False
    _order = "id desc"
    _rec_name = "res_model"
    _person_fields = ("old_id", "new_id")

    old_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    new_id = fields.Many2one(
        "res.partner", required=True, index=True, ondelete="cascade"
    )
    origin = fields.Selection(
        [("feed", "HIS"), ("user", "Staff")], required=True, default="feed"
    )
    action = fields.Selection(
        [("moved", "Moved"), ("deleted", "Deleted as double")], required=True
    )
    res_model = fields.Char(required=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True)
    field_name = fields.Char("Field", required=True)
    old_values = fields.Json(help="The whole row, where it was deleted.")
    date = fields.Datetime(required=True)
    date_undone = fields.Datetime()

    _old_idx = models.Index("(old_id, res_model) WHERE date_undone IS NULL")

    @api.model
    def _hcrm_merge_plan(self):
        """It tells of both cards."""
        return []
