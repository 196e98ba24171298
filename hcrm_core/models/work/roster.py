from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ...tools.desk_times import UTC, day_bounds, local_day, to_local

WEEK = 7
# who is listed without a shift in the week
MAX_PEOPLE = 300
USUAL = [("08:00", "16:00"), ("09:00", "17:00"), ("16:00", "00:00"), ("00:00", "08:00")]


class HcrmRoster(models.AbstractModel):
    """The week of a team: who works when, read and changed on one page (R16)."""

    _name = "hcrm.roster"
    _inherit = ["hcrm.desk.rows"]
    _description = "Roster"

    # ------------------------------------------------------------------
    # READ
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_week(self, day=None, group_id=None, campus_id=None):
        """Return one week: days as the day calendar has them, colleagues, shifts.

        :param day: any day of the week, ``YYYY-MM-DD``; today by default
        :param group_id: only this team
        :param campus_id: only shifts of this campus
        """
        self.env["hcrm.shift"].check_access("read")
        company = self.env.company
        tz = company.hcrm_tz
        now = fields.Datetime.now()
        today = local_day(now, tz)
        monday = self._monday(fields.Date.to_date(day) or today)
        days = [monday + timedelta(days=n) for n in range(WEEK)]
        groups = self._role_groups()
        group = groups.filtered(lambda g: g.id == int(group_id or 0))
        campuses = self.env["hcrm.campus"].search([("company_id", "=", company.id)])
        campus = campuses.filtered(lambda c: c.id == int(campus_id or 0))
        shifts = self._shifts_between(company, monday, days[-1], group, campus)
        people = self._people(company, group or groups) | shifts.user_id.sudo()
        if campus:
            people = people.filtered(
                lambda u: u.hcrm_campus_id == campus or u in shifts.user_id
            )
        return {
            "company": company.name,
            "can_write": self.env["hcrm.shift"].has_access("write"),
            "user_id": self.env.uid,
            "monday": fields.Date.to_string(monday),
            "label": self._week_label(days[0], days[-1]),
            "days": self._days(company, days, today, campus),
            "group_id": group.id or 0,
            "campus_id": campus.id or 0,
            "groups": [{"id": g.id, "name": self._role_label(g)} for g in groups],
            "campuses": [{"id": c.id, "name": c.name} for c in campuses],
            "usual": [list(pair) for pair in USUAL],
            "people": self._people_rows(people, shifts, groups, now),
            "swaps": self._swaps(tz, now),
        }

    def _monday(self, day):
        return day - timedelta(days=day.weekday())

    def _week_label(self, first, last):
        return f"{format_date(self.env, first)} – {format_date(self.env, last)}"

    def _days(self, company, days, today, campus):
        Day = self.env["hcrm.day"]
        works = Day._work_map(company, days[0], days[-1], campus)
        named = {
            row.date: row
            for row in Day.search(
                [
                    ("company_id", "=", company.id),
                    ("date", ">=", days[0]),
                    ("date", "<=", days[-1]),
                    ("campus_id", "in", [False, campus.id]),
                    ("department_id", "=", False),
                ],
                order="campus_id",
            )
        }
        pattern = self.env._("EEE d")  # letters of a date pattern, "EEE d日"
        return [
            {
                "date": fields.Date.to_string(day),
                "label": format_date(self.env, day, date_format=pattern),
                "is_today": day == today,
                "is_work": works[day],
                "name": named[day].name if day in named else "",
            }
            for day in days
        ]

    @api.model
    def _shifts_between(self, company, first, last, group=None, campus=None):
        """Shifts that begin on these days at an entity."""
        start, _end = day_bounds(first, company.hcrm_tz)
        _start, end = day_bounds(last, company.hcrm_tz)
        domain = (
            Domain("company_id", "=", company.id)
            & Domain("date_start", ">=", start)
            & Domain("date_start", "<", end)
        )
        if group:
            domain &= Domain("group_id", "=", group.id) | (
                Domain("group_id", "=", False)
                & Domain("user_id.all_group_ids", "in", group.ids)
            )
        if campus:
            domain &= Domain("campus_id", "in", (campus.id, False))
        return self.env["hcrm.shift"].search(domain)

    def _people(self, company, groups):
        # sudo: who works here is known in the house
        return (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("group_ids", "in", groups.ids),
                    ("company_ids", "in", company.ids),
                    ("share", "=", False),
                ],
                order="name",
                limit=MAX_PEOPLE,
            )
        )

    def _people_rows(self, people, shifts, groups, now):
        tz = self.env.company.hcrm_tz
        by_user = shifts.grouped("user_id")
        rows = []
        for user in people:
            mine = by_user.get(user.with_env(shifts.env), shifts.browse())
            by_day = {}
            for shift in mine:
                day = fields.Date.to_string(self._day_of(shift, tz))
                by_day.setdefault(day, []).append(self._shift_row(shift, tz, now))
            rows.append(
                {
                    "id": user.id,
                    "name": user.name,
                    "role": self._role_label((user.group_ids & groups)[:1]),
                    "is_on_duty": any(
                        s.state == "planned" and s.date_start <= now < s.date_end
                        for s in mine
                    ),
                    "days": by_day,
                }
            )
        return sorted(rows, key=lambda row: (row["role"], row["name"]))

    def _shift_row(self, shift, tz, now):
        return {
            "id": shift.id,
            "from": self._hour(shift.date_start, tz),
            "until": self._hour(shift.date_end, tz),
            "campus": shift.campus_id.name or "",
            "is_absent": shift.state == "absent",
            "is_running": shift.state == "planned"
            and shift.date_start <= now < shift.date_end,
            "is_coming": shift.date_start > now,
            "is_handed_over": shift.is_handed_over,
            "note": shift.note or "",
        }

    def _hour(self, moment, tz):
        return to_local(moment, tz).strftime("%H:%M")

    def _day_of(self, shift, tz):
        return local_day(shift.date_start, tz)

    def _swaps(self, tz, now):
        """Swaps that wait for me, or that I asked for."""
        # sudo: only my own
        swaps = (
            self.env["hcrm.shift.swap"]
            .sudo()
            .search(
                [
                    ("state", "=", "asked"),
                    ("shift_id.date_start", ">", now),
                    "|",
                    ("to_user_id", "=", self.env.uid),
                    ("from_user_id", "=", self.env.uid),
                ]
            )
        )
        return [
            {
                "id": swap.id,
                "from": swap.from_user_id.name,
                "to": swap.to_user_id.name,
                "is_mine": swap.from_user_id.id == self.env.uid,
                "shift": self._shift_label(swap.shift_id, tz),
                "other": self._shift_label(swap.other_shift_id, tz)
                if swap.other_shift_id
                else "",
                "note": swap.note or "",
            }
            for swap in swaps
        ]

    def _shift_label(self, shift, tz):
        return (
            f"{format_date(self.env, self._day_of(shift, tz))}"
            f" {self._hour(shift.date_start, tz)}-{self._hour(shift.date_end, tz)}"
        )

    # ------------------------------------------------------------------
    # CHANGE
    # ------------------------------------------------------------------

    @api.model
    def plan(self, user_id, day, start, end, group_id=None, campus_id=None):
        """Put a colleague on duty; an end before the start is of the next day."""
        self._check_keeper()
        company = self.env.company
        day = fields.Date.to_date(day)
        first, last = (
            self._moment_of(day, start, company),
            self._moment_of(day, end, company),
        )
        if last <= first:
            last = self._moment_of(day + timedelta(days=1), end, company)
        return (
            self.env["hcrm.shift"]
            .create(
                {
                    "user_id": int(user_id),
                    "company_id": company.id,
                    "group_id": int(group_id or 0) or False,
                    "campus_id": int(campus_id or 0) or False,
                    "date_start": first,
                    "date_end": last,
                }
            )
            .id
        )

    def _moment_of(self, day, hour, company):
        try:
            clock = datetime.strptime(hour or "", "%H:%M").time()
        except ValueError as error:
            raise UserError(self.env._("Write the hour as 08:00.")) from error
        local = datetime.combine(day, clock, ZoneInfo(company.hcrm_tz))
        return local.astimezone(UTC).replace(tzinfo=None)

    @api.model
    def remove(self, shift_id):
        """Take a coming shift out of the roster."""
        self._check_keeper()
        shift = self._shift(shift_id)
        if shift.date_start <= fields.Datetime.now():
            raise UserError(
                self.env._("This shift has begun. Mark it as absent instead.")
            )
        shift._on_roster_changed()
        shift.unlink()
        return True

    @api.model
    def set_absent(self, shift_id, is_absent=True):
        """Ill or gone: open work is dealt again at once (R16)."""
        self._check_keeper()
        shift = self._shift(shift_id)
        shift.action_absent() if is_absent else shift.action_present()
        return True

    @api.model
    def copy_week(self, day, group_id=None, campus_id=None):
        """Copy the week before into the week of ``day``; who works then already keeps
        their shifts.

        :return: how many shifts are new
        """
        self._check_keeper()
        company = self.env.company
        tz = company.hcrm_tz
        monday = self._monday(fields.Date.to_date(day))
        groups = self._role_groups()
        group = groups.filtered(lambda g: g.id == int(group_id or 0))
        campus = self.env["hcrm.campus"].browse(int(campus_id or 0)).exists()
        week = timedelta(days=WEEK)
        last = self._shifts_between(
            company, monday - week, monday - timedelta(days=1), group, campus
        )
        there = {
            (shift.user_id.id, self._day_of(shift, tz))
            for shift in self._shifts_between(
                company, monday, monday + timedelta(days=WEEK - 1)
            )
        }
        fresh = []
        for shift in last:
            day = self._day_of(shift, tz) + timedelta(days=WEEK)
            if (shift.user_id.id, day) in there:
                continue
            there.add((shift.user_id.id, day))
            start, end = (
                self._same_hour(moment, company)
                for moment in (shift.date_start, shift.date_end)
            )
            fresh.append(
                {
                    "user_id": shift.user_id.id,
                    "company_id": company.id,
                    "group_id": shift.group_id.id,
                    "campus_id": shift.campus_id.id,
                    "date_start": start,
                    "date_end": end,
                }
            )
        self.env["hcrm.shift"].create(fresh)
        return len(fresh)

    def _same_hour(self, moment, company):
        """The same hour on the wall a week later, whatever the clocks did."""
        local = to_local(moment, company.hcrm_tz) + timedelta(days=WEEK)
        return local.astimezone(UTC).replace(tzinfo=None)

    # ------------------------------------------------------------------
    # SWAP
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_swap(self, shift_id):
        """Return colleagues who may take my shift, with their coming shifts."""
        shift = self._shift(shift_id)
        company = shift.company_id
        tz = company.hcrm_tz
        now = fields.Datetime.now()
        groups = shift.group_id or (
            self._role_groups() & self.env.user.sudo().group_ids
        )
        people = self._people(company, groups) - self.env.user
        coming = self.env["hcrm.shift"].search(
            [
                ("user_id", "in", people.ids),
                ("company_id", "=", company.id),
                ("state", "=", "planned"),
                ("date_start", ">", now),
                ("date_start", "<", now + timedelta(days=21)),
            ]
        )
        by_user = coming.grouped(lambda s: s.user_id.id)
        return {
            "shift": self._shift_label(shift, tz),
            "people": [
                {
                    "id": user.id,
                    "name": user.name,
                    "shifts": [
                        {"id": s.id, "label": self._shift_label(s, tz)}
                        for s in by_user.get(user.id, [])
                    ],
                }
                for user in people
            ],
        }

    @api.model
    def ask_swap(self, shift_id, user_id, other_id=None, note=""):
        other = self._shift(other_id) if other_id else None
        user = self.env["res.users"].sudo().browse(int(user_id or 0)).exists()
        if not user:
            raise UserError(self.env._("Choose a colleague."))
        self.env["hcrm.shift.swap"]._ask(self._shift(shift_id), user, other, note)
        return True

    @api.model
    def answer_swap(self, swap_id, accepts):
        swap = self.env["hcrm.shift.swap"].browse(int(swap_id)).exists()
        if not swap:
            raise UserError(self.env._("This swap is gone; look again."))
        swap._reply(bool(accepts))
        return True

    # ------------------------------------------------------------------
    # TOOLS
    # ------------------------------------------------------------------

    def _shift(self, shift_id):
        shift = self.env["hcrm.shift"].search([("id", "=", int(shift_id or 0))])
        if not shift:
            raise UserError(self.env._("This shift is gone; look again."))
        return shift

    def _check_keeper(self):
        if not self.env["hcrm.shift"].has_access("write"):
            raise AccessError(
                self.env._(
                    "Only managers change the roster. Ask yours, or ask for a swap."
                )
            )
