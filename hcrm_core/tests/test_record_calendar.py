from datetime import datetime, timedelta

from odoo.tests import tagged, warmup

from .common import HcrmCommon

NINE = datetime(2026, 3, 9, 1, 0)


@tagged("post_install", "-at_install")
class TestRecordCalendar(HcrmCommon):
    """F22: one calendar of planned touches, and what clashes in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wang = cls._make_person("王芳")
        cls.first = cls._book(cls.wang, 0, 30)

    @classmethod
    def _book(cls, person, start, minutes=None, department=None, **vals):
        """Book ``minutes`` from ``start`` minutes after nine; None: end unknown."""
        begin = NINE + timedelta(minutes=start)
        end = minutes is not None and begin + timedelta(minutes=minutes)
        return cls._add_appointment(
            person, department, date_start=begin, date_end=end, **vals
        )

    def _clashes(self, role="front_desk"):
        """Return what clashes for the role; filter and flag must agree."""
        Appointment = self._as(role)["hcrm.appointment"]
        self.env.flush_all()
        self.env.invalidate_all()
        found = Appointment.search([("is_clash", "=", True)])
        others = Appointment.search([("is_clash", "=", False)])
        self.assertEqual(found | others, Appointment.search([]))
        self.assertEqual((found | others).filtered("is_clash"), found)
        return found.sudo(False).with_env(self.env)

    def test_overlap_is_flagged_on_both(self):
        """F22: two departments book the same quarter of an hour."""
        other = self._book(self.wang, 15, 30, self.surgery)
        self.assertEqual(self._clashes(), self.first | other)

    def test_one_after_the_other_is_no_clash(self):
        self._book(self.wang, 30, 30)
        self._book(self.wang, -30, 30)
        self.assertFalse(self._clashes())

    def test_unknown_end(self):
        """Only the start can meet: at the same time or within another's."""
        self._book(self.wang, 30)
        self.assertFalse(self._clashes())
        inside = self._book(self.wang, 10)
        self.assertEqual(self._clashes(), self.first | inside)
        self.first.unlink()
        same = self._book(self.wang, 10)
        self.assertEqual(self._clashes(), inside | same)

    def test_only_live_ones_of_the_same_person(self):
        for state in ("cancelled", "noshow", "fulfilled", "waitlist"):
            self._book(self.wang, 0, 30, state=state)
        self._book(self._make_person("李梅"), 0, 30)
        self.assertFalse(self._clashes())
        for state in ("proposed", "pending", "arrived", "checked_in"):
            other = self._book(self.wang, 0, 30, state=state)
            self.assertEqual(self._clashes(), self.first | other, state)
            other.unlink()

    def test_what_the_user_may_not_see_is_not_told(self):
        """R3: a booking at another entity does not show through a clash."""
        hidden = self._book(self.wang, 0, 30, self.gynae)
        self.assertFalse(self._clashes("front_desk"))
        self.assertEqual(self._clashes("agent_ab"), self.first | hidden)

    def test_calendar_shows_what_has_no_end(self):
        """F22: the page of a day has each touch of it, and none of another day."""
        open_end = self._book(self.wang, 60)
        self._book(self.wang, -24 * 60, 30)
        self._book(self.wang, 24 * 60)
        Appointment = self._as("front_desk")["hcrm.appointment"]
        found = Appointment.search(
            [
                ("date_start", "<=", "2026-03-09 15:59:59"),
                ("date_stop", ">=", "2026-03-08 16:00:00"),
            ]
        )
        self.assertEqual(found.ids, (self.first | open_end).ids)
        self.assertEqual(open_end.date_stop, open_end.date_start)

    def test_calendar_names_the_person(self):
        self._book(self.wang, 0, 30)
        Appointment = self._as("front_desk")["hcrm.appointment"]
        named = Appointment.with_context(hcrm_name_person=True)
        self.assertEqual(named.browse(self.first.id).display_name, "王芳 (clash)")
        arch = Appointment.get_view(view_type="calendar")["arch"]
        self.assertIn("is_clash", arch)
        action = Appointment.browse(self.first.id).action_open_clashes()
        self.assertEqual(len(Appointment.search(action["domain"])), 2)

    @warmup
    def test_cost_does_not_grow(self):
        """F22: as many queries for 2 appointments as for 50."""
        few = self.first | self._book(self.wang, 0, 30)
        many = self._make_person("李梅")
        many = self.env["hcrm.appointment"].browse(
            self._book(many, minute, 5).id for minute in range(50)
        )
        Appointment = self._as("front_desk")["hcrm.appointment"].with_context(
            hcrm_name_person=True
        )
        specification = {
            "display_name": {},
            "is_clash": {},
            "partner_id": {"fields": {"display_name": {}}},
        }
        counts = []
        for booked in (few, few, many):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            rows = Appointment.browse(booked.ids).web_read(specification)
            counts.append(self.env.cr.sql_log_count - before)
            self.assertTrue(all(row["is_clash"] for row in rows))
        self.assertEqual(counts[1], counts[2])
