from odoo import fields, models


class HcrmRecordMixin(models.AbstractModel):
    """A fact mirrored from the HIS: written by the feed alone, read by all.

    Lean on purpose: no chatter, no log columns. Times are UTC; ``tz_offset`` is
    the source's own offset in minutes.
    """

    _name = "hcrm.record.mixin"
    _inherit = ["hcrm.person.mixin"]
    _description = "HIS Fact"
    _order = "id desc"

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", "Legal Entity", required=True)
    encounter_id = fields.Many2one(
        "hcrm.encounter", "Visit", index="btree_not_null", ondelete="set null"
    )
    source_state = fields.Char(
        readonly=True, help="State as the HIS wrote it, where it was not understood."
    )
    tz_offset = fields.Integer("UTC Offset", help="Minutes, as the source gave it.")
