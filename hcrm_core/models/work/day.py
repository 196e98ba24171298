from datetime import date, timedelta

import holidays

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# further than this no deadline is counted
HORIZON_DAYS = 400


class HcrmDay(models.Model):
    """The day calendar: days that are not what their weekday says (R10).

    Deadlines in working days, sending windows, clinic days and shifts all read
    this one calendar. A department's day goes before its campus's, that before
    the entity's; days without a row follow the weekday. Rows: about 30 per
    entity and year; kept.
    """

    _name = "hcrm.day"
    _description = "Calendar Day"
    _order = "date, company_id, campus_id, department_id"

    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    campus_id = fields.Many2one(
        "hcrm.campus", ondelete="cascade", domain="[('company_id', '=', company_id)]"
    )
    department_id = fields.Many2one(
        "hcrm.department",
        ondelete="cascade",
        domain="[('company_id', '=', company_id)]",
    )
    date = fields.Date(required=True)
    name = fields.Char(required=True)
    kind = fields.Selection(
        [
            ("holiday", "Day off"),
            ("makeup", "Make-up workday"),
            ("normal", "As its weekday"),
            ("special", "Special opening"),
        ],
        required=True,
        default="holiday",
    )
    is_work = fields.Boolean("People Work", compute="_compute_is_work", store=True)
    is_memorial = fields.Boolean(
        "Memorial Day", help="No greetings and no marketing on this day."
    )
    is_provisional = fields.Boolean(
        "Not Announced Yet",
        help="The official notice for this year is not out; the day may still move.",
    )
    origin = fields.Selection(
        [
            ("library", "Holiday library"),
            ("notice", "Official notice"),
            ("user", "By hand"),
        ],
        required=True,
        default="user",
        readonly=True,
    )

    _uniq = models.UniqueIndex(
        "(company_id, date, COALESCE(campus_id, 0), COALESCE(department_id, 0))",
        "This day is in the calendar already.",
    )

    @api.depends("kind", "date")
    def _compute_is_work(self):
        for day in self:
            weekday = bool(day.date) and day.date.weekday() < 5
            day.is_work = weekday if day.kind == "normal" else day.kind != "holiday"

    @api.depends("date", "name")
    def _compute_display_name(self):
        for day in self:
            day.display_name = f"{day.date} {day.name}"

    # ------------------------------------------------------------------
    # what follows the calendar
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        days = super().create(vals_list)
        days._changed()
        return days

    def write(self, vals):
        moves = vals.keys() & {
            "date", "kind", "company_id", "campus_id", "department_id", "is_memorial",
        }  # fmt: skip
        if moves:
            self._changed()  # the day it was
        result = super().write(vals)
        if moves:
            self._changed()
        return result

    def unlink(self):
        self._changed()
        return super().unlink()

    def _changed(self):
        """Remember which days changed; what hangs on them is told once, at the end of
        the transaction, so that a year that is filled moves nothing 30 times."""
        changed = self.env.cr.precommit.data.setdefault("hcrm_core.days", {})
        if not changed:
            self.env.cr.precommit.add(self.env["hcrm.day"].sudo()._tell_changes)
        for day in self:
            changed.setdefault(day.company_id.id, set()).add(day.date)

    @api.model
    def _tell_changes(self):
        """Tell what changed since the last time; tests call it in place of a commit."""
        changed = self.env.cr.precommit.data.pop("hcrm_core.days", {})
        for company_id, dates in changed.items():
            company = self.env["res.company"].browse(company_id)
            self._on_days_changed(company, sorted(dates))

    @api.model
    def _on_days_changed(self, company, dates):
        """Seam: days of an entity became work or holiday; planned actions, windows and
        clinic days that hang on them are moved by whoever extends this.

        :param dates: the days that are new, gone or different, sorted
        """

    # ------------------------------------------------------------------
    # asking the calendar
    # ------------------------------------------------------------------

    @api.model
    def _work_map(self, company, first: date, last: date, campus=None, department=None):
        """Whether people work, for every day from ``first`` to ``last``: {date: bool}."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT d.day::date, COALESCE(c.is_work, extract(isodow FROM d.day) < 6)
                     FROM generate_series(%(first)s::date, %(last)s::date, '1 day') d(day)
                LEFT JOIN LATERAL (
                          SELECT is_work FROM hcrm_day c
                           WHERE c.company_id = %(company)s AND c.date = d.day
                             AND (c.campus_id IS NULL OR c.campus_id = %(campus)s)
                             AND (c.department_id IS NULL
                                  OR c.department_id = %(department)s)
                        ORDER BY c.department_id NULLS LAST, c.campus_id NULLS LAST
                           LIMIT 1) c ON true""",
                first=first,
                last=last,
                company=company.id,
                campus=campus.id if campus else None,
                department=department.id if department else None,
            )
        )
        return dict(rows)

    @api.model
    def _is_workday(self, company, day: date, campus=None, department=None) -> bool:
        """Whether people work on ``day``."""
        return self._work_map(company, day, day, campus, department)[day]

    @api.model
    def _add_workdays(
        self, company, day: date, count: int, campus=None, department=None
    ):
        """The ``count``-th working day after ``day``; before it where negative.

        With 0 the day itself if people work then, else the next working day.
        """
        step = timedelta(days=-1 if count < 0 else 1)
        reach = timedelta(days=min(abs(count) * 2 + 40, HORIZON_DAYS))
        first, last = (day - reach, day) if count < 0 else (day, day + reach)
        works = self._work_map(company, first, last, campus, department)
        left = abs(count)
        if not left:
            while not works.get(day, True):
                day += step
            return day
        while left:
            day += step
            left -= works.get(day, day.weekday() < 5)
        return day

    # ------------------------------------------------------------------
    # filling the calendar
    # ------------------------------------------------------------------

    @api.model
    def _fill_year(self, company, year: int):
        """Put a year's public holidays and make-up workdays into the calendar.

        What somebody pasted or entered by hand is not touched.
        """
        country = company.country_id.code or "CN"
        try:
            found = holidays.country_holidays(
                country, years=[year], language="zh_CN" if country == "CN" else None
            )
        except NotImplementedError as error:
            raise UserError(
                self.env._(
                    "No public holidays are known for %s. Enter them by hand.",
                    company.country_id.name,
                )
            ) from error
        announced = getattr(found, "special_public_holidays", {})
        days = [(day, name, "holiday") for day, name in found.items()]
        days += [
            (day, self.env._("Make-up workday"), "makeup")
            for day in getattr(found, "weekend_workdays", ())
            if day.year == year
        ]
        is_provisional = bool(announced) and year > max(announced)
        return self._put(company, days, "library", is_provisional)

    @api.model
    def _put(self, company, days, origin: str, is_provisional=False):
        """Write days of an entity; ``days`` are (date, name, kind).

        The library never replaces what came from the notice or from a person; the
        notice replaces the library.
        """
        dates = [day for day, _name, _kind in days]
        old = self.search(
            [
                ("company_id", "=", company.id),
                ("date", "in", dates),
                ("campus_id", "=", False),
                ("department_id", "=", False),
            ]
        )
        stay = {
            day.date
            for day in old
            if day.origin == "user" or (origin == "library" and day.origin == "notice")
        }
        old.filtered(lambda day: day.date not in stay).unlink()
        return self.create(
            [
                {
                    "company_id": company.id,
                    "date": day,
                    "name": name,
                    "kind": kind,
                    "origin": origin,
                    "is_provisional": is_provisional,
                }
                for day, name, kind in days
                if day not in stay
            ]
        )

    @api.model
    def _cron_fill(self):
        """Keep this year and the next in the calendar of every entity."""
        year = fields.Date.today().year
        for company in self.env["res.company"].search([("country_id", "!=", False)]):
            for wanted in (year, year + 1):
                first, last = date(wanted, 1, 1), date(wanted, 12, 31)
                known = self.search_count(
                    [
                        ("company_id", "=", company.id),
                        ("date", ">=", first),
                        ("date", "<=", last),
                        ("origin", "in", ("library", "notice")),
                        ("is_provisional", "=", False),
                    ],
                    limit=1,
                )
                if not known:
                    self._fill_year(company, wanted)
