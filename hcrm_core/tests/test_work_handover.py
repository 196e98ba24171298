from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .test_work_desk import NOW, WorkCase


@tagged("post_install", "-at_install", "hcrm_core_work")
@freeze_time(NOW)
class TestWorkHandover(WorkCase):
    """R16: open promises are handed over with a note and accepted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shift = cls._shift("agent")
        cls._shift("second")
        cls.mine = cls._as("agent")["hcrm.desk.work"]
        cls.hers = cls._as("second")["hcrm.desk.work"]

    def test_offer_lists_promises_and_is_accepted(self):
        tasks = self._task("agent", promise="A call before noon") | self._task("agent")
        told = self.mine.get_handover()
        self.assertEqual((told["count"], len(told["promises"])), (2, 1))
        self.assertIn(self.second.id, [user["id"] for user in told["users"]])
        self.mine.offer_handover(self.second.id, "She waits for the result")
        # not accepted yet: it is still mine
        self.assertEqual(tasks.user_id, self.users["agent"])
        [offer] = self.hers.get_desk()["offers"]
        self.assertEqual(offer["promises"], ["林晓: A call before noon"])
        self.assertEqual(self.hers.accept_handover(offer["id"]), 2)
        self.assertEqual(tasks.user_id, self.second)
        self.assertTrue(self.shift.is_handed_over)
        self.assertEqual(self.shift.date_end, fields.Datetime.now())
        row = self.hers.get_desk()["rows"][0]
        self.assertEqual(row["note"], "She waits for the result")
        self.assertEqual(row["note_by"], "Test agent")

    def test_only_who_is_asked_answers_and_once(self):
        self._task("agent")
        self.mine.offer_handover(self.second.id, "Note")
        [offer] = self.mine.get_desk()["offers"]
        with self.assertRaises(UserError):
            self.mine.accept_handover(offer["id"])
        self.hers.decline_handover(offer["id"], "I have 30 myself")
        with self.assertRaisesRegex(UserError, "already"):
            self.hers.accept_handover(offer["id"])

    def test_note_and_duty(self):
        with self.assertRaisesRegex(UserError, "know"):
            self.mine.offer_handover(self.second.id, " ")
        self.env["hcrm.shift"].search([("user_id", "=", self.second.id)]).date_end = (
            fields.Datetime.now() - timedelta(minutes=1)
        )
        with self.assertRaisesRegex(UserError, "duty"):
            self.mine.offer_handover(self.second.id, "Note")

    def test_not_accepted_in_time_is_dealt(self):
        """Nobody accepts before the shift ends: the work is dealt all the same, and
        the supervisor reads that it was not accepted."""
        task = self._task("agent")
        self.mine.offer_handover(self.second.id, "Note")
        self.shift.date_end = fields.Datetime.now() - timedelta(seconds=1)
        self.env["hcrm.shift"]._cron_deal()
        self.assertEqual(task.user_id, self.second)
        desk = self._as("manager")["hcrm.desk.supervisor"].get_desk()
        self.assertEqual(desk["handovers"][0]["state"], "Not accepted in time")

    def test_a_person_off_shift_holds_nothing(self):
        """Given to somebody after their shift, a minute later it is somebody else's;
        who never works by the roster keeps theirs."""
        ended = fields.Datetime.now() - timedelta(days=5)
        self.shift.write({"date_start": ended - timedelta(hours=8), "date_end": ended})
        task = self._task("agent")
        kept = self._task("agent_ab")
        self.env["hcrm.shift"]._cron_deal()
        self.assertEqual(task.user_id, self.second)
        self.assertEqual(kept.user_id, self.users["agent_ab"])

    # ------------------------------------------------------------------
    # DEALING
    # ------------------------------------------------------------------

    def test_campus_department_and_restriction(self):
        """Who is on duty at the campus and knows the department comes first; a
        restricted person goes only to who may see them."""
        self.shift.campus_id = self.campus_main
        task = self._task(campus_id=self.campus_main.id)
        east = self._task(campus_id=self.campus_east.id)
        self.env["hcrm.shift"].search(
            [("user_id", "=", self.second.id)]
        ).campus_id = self.campus_east
        star = self._make_person("Star", confidentiality="public", alias="Guest")
        closed = self._task(person=star)
        self.env["hcrm.shift"]._cron_deal()
        self.assertEqual(task.user_id, self.users["agent"])
        self.assertEqual(east.user_id, self.second)
        self.assertFalse(closed.user_id)
        self._grant(star, "second")
        self.env["hcrm.shift"]._cron_deal()
        self.assertEqual(closed.user_id, self.second)

    def test_called_back_tomorrow_is_not_tonights(self):
        task = self._task(date_from=datetime(2026, 3, 11, 2))
        self.env["hcrm.shift"]._cron_deal()
        self.assertFalse(task.user_id)


@tagged("post_install", "-at_install", "hcrm_core_work")
@freeze_time(NOW)
class TestWorkRoster(WorkCase):
    """R16: the week of a team."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.roster = cls._as("manager")["hcrm.roster"]

    def _plan(self, user="agent", day="2026-03-11", start="16:00", end="00:00"):
        return self.env["hcrm.shift"].browse(
            self.roster.plan(
                self.users[user].id, day, start, end, 0, self.campus_main.id
            )
        )

    def test_week_as_the_calendar_has_it(self):
        shift = self._plan()
        # midnight is the next day's
        self.assertEqual(shift.date_end, datetime(2026, 3, 11, 16))
        week = self.roster.get_week()
        self.assertEqual(week["monday"], "2026-03-09")
        self.assertEqual(
            [day["is_work"] for day in week["days"]], [True] * 5 + [False] * 2
        )
        [person] = [row for row in week["people"] if row["name"] == "Test agent"]
        self.assertEqual(person["days"]["2026-03-11"][0]["from"], "16:00")
        self.assertEqual(person["days"]["2026-03-11"][0]["campus"], "Main Campus")

    def test_copy_week_keeps_the_hours(self):
        self._plan()
        self._plan(day="2026-03-12")
        self.assertEqual(self.roster.copy_week("2026-03-18"), 2)
        self.assertEqual(self.roster.copy_week("2026-03-18"), 0)
        week = self.roster.get_week("2026-03-18")
        [person] = [row for row in week["people"] if row["name"] == "Test agent"]
        self.assertEqual(sorted(person["days"]), ["2026-03-18", "2026-03-19"])

    def test_two_shifts_at_once_are_refused(self):
        self._plan()
        with self.assertRaisesRegex(UserError, "another shift"):
            self._plan(start="20:00")

    def test_swap_is_asked_and_accepted(self):
        shift, other = self._plan(), self._plan("second", "2026-03-12")
        mine, hers = self._as("agent")["hcrm.roster"], self._as("second")["hcrm.roster"]
        choice = mine.get_swap(shift.id)
        self.assertIn("Test agent_two", [p["name"] for p in choice["people"]])
        mine.ask_swap(shift.id, self.second.id, other.id, "Parents' evening")
        [swap] = hers.get_week()["swaps"]
        with self.assertRaises(UserError):
            mine.answer_swap(swap["id"], True)
        hers.answer_swap(swap["id"], True)
        self.assertEqual(shift.user_id, self.second)
        self.assertEqual(other.user_id, self.users["agent"])
        self.assertEqual((shift | other).mapped("state"), ["planned", "planned"])

    def test_roster_text(self):
        self._plan()
        text = self.env["hcrm.shift"]._get_roster_text(
            self.users["agent"],
            datetime(2026, 3, 9).date(),
            datetime(2026, 3, 15).date(),
        )
        self.assertIn("16:00-00:00 Main Campus", text)

    def test_query_count(self):
        self.roster.get_week()
        counts = []
        for size in (2, 50):
            for n in range(size):
                user = self._make_user(
                    f"agent_{size}_{n}", "hcrm_core.group_agent", self.company_a
                )
                self.users[user.login] = user
                self._plan(user.login)
            counts.append(self._queries(self.roster.get_week))
        self.assertEqual(counts[0], counts[1])
