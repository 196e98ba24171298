from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.hcrm_core.tools.day_notice import read_notice

from .common import HcrmCommon

NOTICE = """国务院办公厅关于2026年部分节假日安排的通知
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
"""


@tagged("post_install", "-at_install", "hcrm_core_work")
class TestWorkDay(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Day = cls.env["hcrm.day"]

    def _assert_2026(self):
        works = self.Day._work_map(self.company_a, date(2026, 2, 1), date(2026, 10, 31))
        self.assertTrue(works[date(2026, 2, 14)])
        for day in range(15, 24):
            self.assertFalse(works[date(2026, 2, day)], day)
        self.assertFalse(works[date(2026, 10, 4)])
        self.assertTrue(works[date(2026, 10, 10)])
        self.assertTrue(works[date(2026, 3, 11)])
        self.assertFalse(works[date(2026, 3, 14)])

    def test_library_year(self):
        """2026 from the holiday library, make-up workdays included (R10)."""
        self.Day._fill_year(self.company_a, 2026)
        self._assert_2026()
        before = self.Day.search_count([])
        self.Day._fill_year(self.company_a, 2026)
        self.assertEqual(self.Day.search_count([]), before)

    def test_unannounced_year_is_provisional(self):
        """A year whose notice is not out is marked so (R10)."""
        days = self.Day._fill_year(self.company_a, 2031)
        self.assertTrue(all(days.mapped("is_provisional")))

    def test_notice_replaces_the_library(self):
        """The pasted notice counts; what a person entered stays (R10)."""
        self.Day._fill_year(self.company_a, 2026)
        own = self.Day.create(
            {
                "company_id": self.company_a.id,
                "date": date(2026, 1, 3),
                "name": "Open for check-ups",
                "kind": "special",
            }
        )
        wizard = self.env["hcrm.day.notice"].create(
            {"company_ids": self.company_a.ids, "text": NOTICE}
        )
        self.assertIn("2026-02-14 春节: work", wizard.preview)
        wizard.action_apply()
        self._assert_2026()
        self.assertTrue(own.exists())
        self.assertTrue(self.Day._is_workday(self.company_a, date(2026, 1, 3)))
        wizard.text = "hello"
        with self.assertRaises(UserError):
            wizard.action_apply()

    def test_department_before_campus_before_entity(self):
        """The nearest calendar counts."""
        vals = {"company_id": self.company_a.id, "date": date(2026, 3, 14), "name": "x"}
        self.Day.create({**vals, "campus_id": self.campus_main.id, "kind": "special"})
        self.Day.create({**vals, "department_id": self.cardio.id, "kind": "holiday"})
        ask = self.Day._is_workday
        day = date(2026, 3, 14)
        self.assertFalse(ask(self.company_a, day))
        self.assertTrue(ask(self.company_a, day, self.campus_main))
        self.assertFalse(ask(self.company_a, day, self.campus_main, self.cardio))

    def test_add_workdays(self):
        """Deadlines in working days pass over holidays and use make-up days."""
        self.Day._fill_year(self.company_a, 2026)
        add = self.Day._add_workdays
        self.assertEqual(add(self.company_a, date(2026, 2, 13), 1), date(2026, 2, 14))
        self.assertEqual(add(self.company_a, date(2026, 2, 13), 2), date(2026, 2, 24))
        self.assertEqual(add(self.company_a, date(2026, 2, 24), -2), date(2026, 2, 13))
        self.assertEqual(add(self.company_a, date(2026, 2, 18), 0), date(2026, 2, 24))

    def test_changes_are_told_once(self):
        """Whatever hangs on the calendar hears once which days changed (R10)."""
        told = []
        self.patch(
            type(self.Day), "_on_days_changed",
            lambda _self, company, dates: told.append((company, dates)),
        )  # fmt: skip
        tell = self.Day._tell_changes
        tell()
        told.clear()
        self.Day._fill_year(self.company_a, 2026)
        tell()
        [(company, dates)] = told
        self.assertEqual(company, self.company_a)
        self.assertIn(date(2026, 2, 14), dates)
        told.clear()
        row = self.Day.search(
            [("company_id", "=", self.company_a.id), ("date", "=", date(2026, 2, 14))]
        )
        row.date = date(2026, 2, 28)
        tell()
        self.assertEqual(told[0][1], [date(2026, 2, 14), date(2026, 2, 28)])

    def test_year_page(self):
        """R10: a year at a glance as the calendar has it, changed by a click."""
        self.Day._fill_year(self.company_a, 2026)
        page = self._as("manager")["hcrm.day.page"]
        year = page.get_year(2026)
        days = {day["date"]: day for month in year["months"] for day in month["days"]}
        self.assertEqual(len(days), 365)
        self.assertEqual(
            (days["2026-02-14"]["is_work"], days["2026-02-14"]["kind"]),
            (True, "makeup"),
        )
        self.assertFalse(days["2026-10-04"]["is_work"])
        self.assertTrue(days["2026-10-10"]["is_work"])
        # 1 January 2026 is a Thursday
        self.assertEqual(year["months"][0]["blank"], 3)
        page.set_day("2026-12-13", "", "Nanjing Memorial", is_memorial=True)
        self.assertFalse(self.Day._is_workday(self.company_a, date(2026, 12, 13)))
        page.set_day("2026-12-13", "special", "Check-ups")
        self.assertTrue(self.Day._is_workday(self.company_a, date(2026, 12, 13)))
        page.set_day("2026-12-13", "")
        self.assertFalse(self.Day._is_workday(self.company_a, date(2026, 12, 13)))
        with self.assertRaises(AccessError):
            self._as("agent")["hcrm.day.page"].set_day("2026-12-13", "special")

    def test_notice_tool(self):
        """Single days, ranges over a month's end, impossible dates."""
        days = read_notice("国庆节：9月30日至10月2日放假。2月30日上班。", 2026)
        self.assertEqual(
            [(d.day, d.is_work) for d in days],
            [
                (date(2026, 9, 30), False),
                (date(2026, 10, 1), False),
                (date(2026, 10, 2), False),
            ],
        )
