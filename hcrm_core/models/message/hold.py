from odoo import api, fields, models
from odoo.tools import SQL

from .purposes import CHANNELS

# what each kind of hold stops; care is never stopped by a complaint (R20)
STOPPED = {
    "complaint": ("marketing", "survey", "greeting"),
    "dispute": ("marketing", "survey", "research", "service", "greeting"),
    "clinical": ("marketing", "survey", "research", "greeting"),
    "crisis": ("marketing", "survey", "research", "greeting"),
    "request": ("marketing", "survey", "research", "service", "greeting"),
}


class HcrmHold(models.Model):
    """Something because of which a person is left alone for a while (R20).

    Other rooms and addons add holds of their own without rows here: they extend
    ``_hcrm_hold_sql``.
    """

    _name = "hcrm.hold"
    _inherit = ["hcrm.person.mixin"]
    _description = "Contact Hold"
    _order = "date_start desc, id desc"
    _rec_name = "kind"

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
    )
    kind = fields.Selection(
        [
            ("complaint", "Complaint open"),
            ("dispute", "Legal dispute"),
            ("clinical", "Clinical reason"),
            ("crisis", "Crisis"),
            ("request", "The person asked for it"),
        ],
        required=True,
    )
    stops = fields.Char(
        compute="_compute_stops",
        store=True,
        help="Purposes it stops, comma-separated; greeting means automatic greetings.",
    )
    channel = fields.Selection(CHANNELS, help="Empty: every channel.")
    reason = fields.Char(required=True)
    handler_id = fields.Many2one(
        "res.users",
        ondelete="set null",
        index="btree_not_null",
        help="Calls go through this colleague while the hold lasts.",
    )
    date_start = fields.Datetime(required=True, default=fields.Datetime.now)
    date_end = fields.Datetime("Until", help="Empty: until it is ended.")

    _partner_idx = models.Index("(partner_id, company_id)")
    _check_period = models.Constraint(
        "CHECK(date_end IS NULL OR date_end >= date_start)",
        "A hold ends after it starts.",
    )

    @api.depends("kind")
    def _compute_stops(self):
        for hold in self:
            hold.stops = ",".join(STOPPED.get(hold.kind, ()))

    def action_end(self):
        """The reason is gone: contacts go on."""
        self.check_access("write")
        self.date_end = fields.Datetime.now()

    @api.model
    def _hcrm_hold_sql(self) -> list[SQL]:
        """Branches of SELECT partner_id, company_id, stops (text, comma-separated),
        channel, reason, date_start, date_end. Other addons append their own; each
        must have an index on the person."""
        self.flush_model()
        return [
            SQL(
                "SELECT partner_id, company_id, stops, channel, reason, date_start,"
                " date_end FROM hcrm_hold"
            )
        ]
