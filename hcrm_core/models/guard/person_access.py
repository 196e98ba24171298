from odoo import fields, models


class HcrmPersonAccess(models.Model):
    """One user may see one restricted person: as care team, or by break-glass.

    The record rules of people and facts read this table (R8), so a grant works
    at once on every path: lists, search, export, the card and the API.
    """

    _name = "hcrm.person.access"
    _description = "Access to a Restricted Person"
    _order = "id desc"

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, index=True, ondelete="cascade"
    )
    user_id = fields.Many2one("res.users", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    kind = fields.Selection(
        [("care_team", "Care team"), ("break_glass", "Break-glass")],
        required=True,
        default="care_team",
    )
    reason = fields.Char()
    date_start = fields.Datetime(required=True, default=fields.Datetime.now)
    date_end = fields.Datetime(help="Empty: until it is withdrawn.")
