from odoo import api, fields, models

# what "stop everything" stops; care and security go on unless asked for
STOPPED = "marketing,survey,research,service"


class HcrmMessageStop(models.Model):
    """Stop everything now: for one campaign or for the hospital (R24)."""

    _name = "hcrm.message.stop"
    _description = "Message Stop"
    _order = "id desc"
    _rec_name = "reason"

    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
    )
    topic = fields.Char(
        "Campaign", help="Only messages of this campaign; empty: the whole hospital."
    )
    stops_care = fields.Boolean(
        "Care Too", help="Stops reminders and follow-up as well: only in an emergency."
    )
    stops = fields.Char(compute="_compute_stops", store=True)
    reason = fields.Char(required=True)
    user_id = fields.Many2one(
        "res.users", "Stopped By", readonly=True, default=lambda self: self.env.user
    )
    date_end = fields.Datetime("Lifted", readonly=True)
    ended_by_id = fields.Many2one("res.users", "Lifted By", readonly=True)

    # every message looks here: only the few that stand
    _active_idx = models.Index("(company_id) WHERE date_end IS NULL")

    @api.depends("stops_care")
    def _compute_stops(self):
        for stop in self:
            stop.stops = STOPPED + (",care" if stop.stops_care else "")

    @api.model_create_multi
    def create(self, vals_list):
        """A stop takes what is queued or claimed back at once."""
        stops = super().create(vals_list)
        stops.flush_recordset()
        self.env["hcrm.message"]._take_back(stops)
        return stops

    def action_lift(self):
        """Messages may go again; what was refused meanwhile stays refused."""
        self.check_access("write")
        self.write({"date_end": fields.Datetime.now(), "ended_by_id": self.env.uid})
