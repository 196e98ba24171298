from calendar import monthrange
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...tools.desk_times import local_day

YEARS = range(2000, 2101)


class HcrmDayPage(models.AbstractModel):
    """The day calendar as a page: a year at a glance, every day clickable (R10)."""

    _name = "hcrm.day.page"
    _description = "Day Calendar Page"

    @api.model
    @api.readonly
    def get_year(self, year=None, campus_id=None):
        """Return twelve months of days: whether people work, and why where the weekday
        does not say it.

        :param campus_id: as this campus has it; by default as the entity has it
        """
        Day = self.env["hcrm.day"]
        Day.check_access("read")
        company = self.env.company
        today = local_day(fields.Datetime.now(), company.hcrm_tz)
        year = self._year(year or today.year)
        campuses = self.env["hcrm.campus"].search([("company_id", "=", company.id)])
        campus = campuses.filtered(lambda c: c.id == int(campus_id or 0))
        first, last = date(year, 1, 1), date(year, 12, 31)
        works = Day._work_map(company, first, last, campus)
        rows = Day.search(
            [
                ("company_id", "=", company.id),
                ("date", ">=", first),
                ("date", "<=", last),
                ("campus_id", "in", [False, campus.id]),
                ("department_id", "=", False),
            ],
            # the campus's own day goes before the entity's
            order="campus_id desc",
        )
        named = {row.date: row for row in rows}
        return {
            "company": company.name,
            "year": year,
            "campus_id": campus.id or 0,
            "campuses": [{"id": c.id, "name": c.name} for c in campuses],
            "can_write": Day.has_access("write"),
            "is_provisional": any(rows.mapped("is_provisional")),
            "origins": self._origins(rows),
            "counts": {
                "work": sum(works.values()),
                "off": sum(not work for work in works.values()),
            },
            "weekdays": [
                # 2024-01-01 was a Monday
                format_date(self.env, date(2024, 1, n), date_format="EEEEE")
                for n in range(1, 8)
            ],
            "months": [
                self._month(year, month, works, named, today) for month in range(1, 13)
            ],
        }

    def _year(self, year):
        if int(year) not in YEARS:
            raise UserError(self.env._("The calendar reaches from 2000 to 2100."))
        return int(year)

    def _origins(self, rows):
        labels = dict(rows._fields["origin"]._description_selection(self.env))
        return [labels[origin] for origin in labels if origin in rows.mapped("origin")]

    def _month(self, year, month, works, named, today):
        first = date(year, month, 1)
        days = [first + timedelta(days=n) for n in range(monthrange(year, month)[1])]
        return {
            "month": month,
            # letters of a date pattern, "LLLL" is the month's name
            "label": format_date(self.env, first, date_format="LLLL"),
            "blank": first.weekday(),
            "days": [self._day(day, works[day], named.get(day), today) for day in days],
        }

    def _day(self, day, is_work, row, today):
        return {
            "id": row.id if row else False,
            "date": fields.Date.to_string(day),
            "day": day.day,
            "is_work": is_work,
            "kind": row.kind if row else "",
            "name": row.name if row else "",
            "is_memorial": bool(row and row.is_memorial),
            "is_provisional": bool(row and row.is_provisional),
            "is_today": day == today,
        }

    @api.model
    def set_day(self, day, kind, name="", campus_id=None, is_memorial=False):
        """Make a day a holiday, a workday, a special opening, or what its weekday says.

        ``kind`` "" takes what somebody said about the day away.
        """
        Day = self.env["hcrm.day"]
        company = self.env.company
        campus = int(campus_id or 0) or False
        row = Day.search(
            [
                ("company_id", "=", company.id),
                ("date", "=", day),
                ("campus_id", "=", campus),
                ("department_id", "=", False),
            ]
        )
        if not kind and not is_memorial:
            row.unlink()
            return True
        labels = dict(Day._fields["kind"]._description_selection(self.env))
        kind = kind or "normal"
        vals = {
            "kind": kind,
            "name": (name or "").strip() or labels[kind],
            "is_memorial": bool(is_memorial),
            "is_provisional": False,
            "origin": "user",
        }
        if row:
            row.write(vals)
        else:
            Day.create(
                {**vals, "company_id": company.id, "campus_id": campus, "date": day}
            )
        return True

    @api.model
    def fill(self, year):
        """Put the public holidays of a year into the calendar; return how many."""
        self.env["hcrm.day"].check_access("create")
        return len(self.env["hcrm.day"]._fill_year(self.env.company, self._year(year)))
