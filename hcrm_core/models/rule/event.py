from odoo import fields, models


class HcrmEvent(models.Model):
    """Append-only log: what happened to a person, and when we learnt it.

    Written in the transaction that changes the fact; ``key`` makes it happen
    once. Rows: about 20 per patient-year; kept 3 years; facts survive.
    """

    _name = "hcrm.event"
    _inherit = ["hcrm.person.mixin"]
    _description = "Event"
    _log_access = False
    _order = "date_occurred desc, id desc"
    _rec_name = "key"

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True)
    kind_id = fields.Many2one("hcrm.event.kind", required=True, ondelete="restrict")
    date_occurred = fields.Datetime(required=True)
    date_learnt = fields.Datetime(required=True)
    origin = fields.Selection(
        [
            ("feed", "HIS"),
            ("user", "Staff"),
            ("portal", "Patient"),
            ("system", "System"),
        ],
        required=True,
    )
    res_model = fields.Char()
    res_id = fields.Many2oneReference(model_field="res_model")
    key = fields.Char(required=True)
    is_backfill = fields.Boolean(
        help="History: from the first load, or learnt too late. Starts no outreach."
    )

    _key_uniq = models.Constraint("UNIQUE(key)", "This event is recorded already.")
    _partner_idx = models.Index("(partner_id, date_occurred DESC)")
    # the planner asks for one kind, of the last two days
    _learnt_idx = models.Index("(kind_id, date_learnt)")
