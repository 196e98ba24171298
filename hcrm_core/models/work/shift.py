from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

# whoever has a shift within these days works by the roster
ROSTERED_DAYS = 14


class HcrmShift(models.Model):
    """Who is on duty when: the roster (R16). A person off shift holds nothing.

    Rows: one per colleague and working day; kept 2 years.
    """

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
    campus_id = fields.Many2one(
        "hcrm.campus", ondelete="set null", domain="[('company_id', '=', company_id)]"
    )
    group_id = fields.Many2one(
        "res.groups",
        "Team",
        ondelete="set null",
        help="The role they work in on this shift; empty: all of theirs.",
    )
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

    @api.constrains("user_id", "date_start", "date_end", "state")
    def _check_overlap(self):
        """Nobody works two shifts at once."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT a.id FROM hcrm_shift a JOIN hcrm_shift b"
                " ON b.user_id = a.user_id AND b.id != a.id AND b.state = 'planned'"
                " AND b.date_start < a.date_end AND b.date_end > a.date_start"
                " WHERE a.id = ANY(%s) AND a.state = 'planned' LIMIT 1",
                self.ids,
            )
        )
        if rows:
            shift = self.browse(rows[0][0])
            raise UserError(
                self.env._(
                    "%s has another shift at that time. Change one of the two.",
                    shift.user_id.name,
                )
            )

    # ------------------------------------------------------------------
    # who is on duty
    # ------------------------------------------------------------------

    @api.model
    def _running(self, company, group=None, now=None):
        """Shifts of an entity that run now, of the members of a role."""
        now = now or fields.Datetime.now()
        # sudo: who is on duty is known in the house
        shifts = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "planned"),
                ("date_start", "<=", now),
                ("date_end", ">", now),
                ("user_id.active", "=", True),
            ]
        )
        if not group:
            return shifts
        return shifts.filtered(
            lambda shift: (
                group in shift.user_id.all_group_ids
                and shift.group_id in (group, group.browse())
            )
        )

    @api.model
    def _on_duty(self, company, group, now=None):
        """Users of a role who are on duty at an entity now."""
        return self._running(company, group, now).user_id

    @api.model
    def _off_duty(self, users, now=None):
        """Those of the users who work by the roster and have no shift running."""
        now = now or fields.Datetime.now()
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT u.id FROM unnest(%(users)s::int[]) u(id)
                    WHERE EXISTS (SELECT FROM hcrm_shift s WHERE s.user_id = u.id
                          AND s.date_end > %(now)s::timestamp - %(days)s * interval '1 day'
                          AND s.date_start < %(now)s::timestamp + %(days)s * interval '1 day')
                      AND NOT EXISTS (SELECT FROM hcrm_shift s WHERE s.user_id = u.id
                          AND s.state = 'planned' AND s.date_start <= %(now)s
                          AND s.date_end > %(now)s)""",
                users=users.ids,
                now=now,
                days=ROSTERED_DAYS,
            )
        )
        return self.env["res.users"].browse([row[0] for row in rows])

    # ------------------------------------------------------------------
    # the roster changes
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        shifts = super().create(vals_list)
        shifts._on_roster_changed()
        return shifts

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"user_id", "date_start", "date_end", "state", "campus_id"}:
            self._on_roster_changed()
        return result

    def _on_roster_changed(self):
        """Called with the shifts that are new or were changed; other rooms and addons
        extend it, e.g. to text the colleagues."""

    @api.model
    def _get_roster_text(self, user, first, last):
        """The shifts of a colleague from ``first`` to ``last`` (days), as a text."""
        Roster = self.env["hcrm.roster"]
        shifts = Roster._shifts_between(user.company_id, first, last).filtered(
            lambda shift: shift.user_id == user and shift.state == "planned"
        )
        tz = user.company_id.hcrm_tz
        return "\n".join(
            self.env._(
                "%(day)s %(from)s-%(until)s %(campus)s",
                **{
                    "day": format_date(self.env, Roster._day_of(shift, tz)),
                    "from": Roster._hour(shift.date_start, tz),
                    "until": Roster._hour(shift.date_end, tz),
                    "campus": shift.campus_id.name or "",
                },
            ).strip()
            for shift in shifts
        )

    def action_absent(self):
        """Ill, or gone: open work is dealt again at once (R16)."""
        self.check_access("write")
        self.state = "absent"
        now = fields.Datetime.now()
        running = self.filtered(lambda s: s.date_start <= now < s.date_end)
        self.env["hcrm.task"]._deal_again(
            self._off_duty(running.user_id), self.env._("Absent")
        )

    def action_present(self):
        """Back again, or marked by mistake."""
        self.check_access("write")
        self.state = "planned"

    @api.model
    def _cron_deal(self):
        """Every minute: who is off shift holds nothing; what nobody has is dealt.

        Applies to users who work by the roster; others keep their tasks.
        """
        now = fields.Datetime.now()
        self.flush_model()
        self.env["hcrm.handover"]._expire(now)
        self.env.cr.execute(
            "SELECT DISTINCT user_id FROM hcrm_shift WHERE date_end > %s",
            [now - timedelta(days=ROSTERED_DAYS)],
        )
        rostered = self.env["res.users"].browse([r[0] for r in self.env.cr.fetchall()])
        Task = self.env["hcrm.task"]
        off = self._off_duty(rostered, now)
        if off:
            Task._deal_again(off, self.env._("Off shift"))
        unowned = Task.sudo().search(
            [
                ("user_id", "=", False),
                ("state", "=", "open"),
                ("group_id", "in", self._groups_on_duty(now).ids),
            ],
            limit=1000,
        )
        Task._deal(unowned)

    @api.model
    def _groups_on_duty(self, now):
        """Roles of who is on duty anywhere: work of others is not even looked at."""
        shifts = self.sudo().search(
            [
                ("state", "=", "planned"),
                ("date_start", "<=", now),
                ("date_end", ">", now),
                # shifts are not longer: lets the index bound the search
                ("date_start", ">", now - timedelta(days=2)),
            ]
        )
        return shifts.user_id.all_group_ids
