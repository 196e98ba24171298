from odoo import api, fields, models
from odoo.tools import SQL

from .purposes import CHANNELS, PURPOSES


class HcrmMessagePolicy(models.Model):
    """When and how often a purpose may reach people; the most specific row counts."""

    _name = "hcrm.message.policy"
    _description = "Message Policy"
    _order = "company_id, purpose, channel"
    _rec_name = "purpose"

    company_id = fields.Many2one(
        "res.company", "Legal Entity", help="Empty: every hospital of the group."
    )
    purpose = fields.Selection(PURPOSES, required=True)
    channel = fields.Selection(CHANNELS, help="Empty: every channel.")
    hour_from = fields.Float("From", default=8, required=True)
    hour_to = fields.Float("Until", default=21, required=True)
    workdays_only = fields.Boolean(
        help="By the day calendar, make-up workdays included."
    )
    basis = fields.Selection(
        [
            ("opt_in", "Only who agreed"),
            ("opt_out", "Unless the person objected"),
        ],
        required=True,
        default="opt_out",
    )
    cap_day = fields.Integer("A Day", help="Per person over all channels; 0: no limit.")
    cap_week = fields.Integer("In 7 Days")
    cap_month = fields.Integer("In 30 Days")

    _uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0), purpose, COALESCE(channel, ''))",
        "There is a policy for this already.",
    )
    _check_hours = models.Constraint(
        "CHECK(hour_from >= 0 AND hour_from < hour_to AND hour_to <= 24)",
        "The window opens before it closes, between 0 and 24.",
    )
    _check_caps = models.Constraint(
        "CHECK(cap_day >= 0 AND cap_week >= 0 AND cap_month >= 0)",
        "A limit is 0 (none) or more.",
    )

    @api.model
    def _best_sql(self, request: SQL) -> SQL:
        """Lateral pick of the policy of a request ``r``: company before group, channel
        before all channels."""
        self.flush_model()
        return SQL(
            "(SELECT * FROM hcrm_message_policy p WHERE p.purpose = %(r)s.purpose"
            " AND (p.company_id IS NULL OR p.company_id = %(r)s.company_id)"
            " AND (p.channel IS NULL OR p.channel = %(r)s.channel)"
            " ORDER BY p.company_id NULLS LAST, p.channel NULLS LAST LIMIT 1)",
            r=request,
        )
