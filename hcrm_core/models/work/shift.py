from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class HcrmShift(models.Model):
    """Who is on duty when: the roster (R16). A person off shift holds nothing."""

    _name = "hcrm.shift"
    _description = "Shift"
    _order = "date_start, user_id"
    _rec_name = "user_id"

    user_id = fields.Many2one(
        "res.users", "Who", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
    )
    campus_id = fields.Many2one("hcrm.campus", ondelete="set null")
    date_start = fields.Datetime("From", required=True)
    date_end = fields.Datetime("Until", required=True)
    state = fields.Selection(
        [("planned", "Planned"), ("absent", "Absent")], required=True, default="planned"
    )
    is_handed_over = fields.Boolean("Handed Over", readonly=True)
    note = fields.Text("Hand-over Note", help="What whoever takes over must know.")

    _check_period = models.Constraint(
        "CHECK(date_end > date_start)", "A shift ends after it starts."
    )
    # who is on duty now
    _now_idx = models.Index("(company_id, date_start, date_end)")

    @api.model
    def _on_duty(self, company, group, now=None):
        """Users of a role who are on duty at an entity now."""
        now = now or fields.Datetime.now()
        shifts = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "planned"),
                ("date_start", "<=", now),
                ("date_end", ">", now),
            ]
        )
        users = shifts.user_id.filtered("active")
        return (
            users.filtered(lambda user: group in user.all_group_ids) if group else users
        )

    def action_absent(self):
        """Ill, or gone: open work is dealt again at once (R16)."""
        self.check_access("write")
        self.state = "absent"
        now = fields.Datetime.now()
        running = self.filtered(lambda s: s.date_start <= now < s.date_end)
        self.env["hcrm.task"]._deal_again(running.user_id)

    def action_hand_over(self):
        """End my shift: what is open goes to whoever is on duty, with the note."""
        self.ensure_one()
        if self.user_id != self.env.user and not self.has_access("write"):
            raise UserError(self.env._("Only your own shift can be handed over."))
        # sudo: one's own shift ends now, whoever keeps the roster
        me = self.sudo()
        me.write({"date_end": fields.Datetime.now(), "is_handed_over": True})
        self.env["hcrm.task"]._deal_again(self.user_id)

    @api.model
    def _cron_deal(self):
        """Every minute: who is off shift holds nothing; what nobody has is dealt.

        Applies to users who have shifts at all; others keep their tasks.
        """
        now = fields.Datetime.now()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """SELECT DISTINCT t.user_id FROM hcrm_task t
                    WHERE t.state = 'open' AND t.user_id IS NOT NULL
                      AND EXISTS (SELECT FROM hcrm_shift s WHERE s.user_id = t.user_id
                                  AND s.date_end > %(now)s::timestamp - interval '1 day'
                                  AND s.date_start < %(now)s)
                      AND NOT EXISTS (SELECT FROM hcrm_shift s
                                  WHERE s.user_id = t.user_id AND s.state = 'planned'
                                  AND s.date_start <= %(now)s AND s.date_end > %(now)s)""",
                now=now,
            )
        )
        off = self.env["res.users"].browse([row[0] for row in self.env.cr.fetchall()])
        Task = self.env["hcrm.task"]
        if off:
            Task._deal_again(off)
        unowned = Task.sudo().search(
            [
                ("user_id", "=", False),
                ("state", "=", "open"),
                ("group_id", "!=", False),
            ],
            limit=1000,
        )
        Task._deal(unowned)
