from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import HcrmCommon


@tagged("post_install", "-at_install", "hcrm_desk")
# 00:30 of 10 March in Shanghai
@freeze_time("2026-03-09 16:30:00")
class TestDeskFront(HcrmCommon):
    """R22: the front desk's arrivals of today, and what one click does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk = cls._as("front_desk")["hcrm.desk"]
        cls.wang = cls._make_person(
            "王伟",
            phone="13900001234",
            mrn="M0005678",
            hcrm_gender="male",
            hcrm_birthdate="1980-05-01",
            alert="Wheelchair",
        )

    def _book(self, hour, person=None, day=10, **vals):
        """Book at a wall-clock hour of a day in March, Shanghai time."""
        start = datetime(2026, 3, day, hour) - timedelta(hours=8)
        return self._add_appointment(person or self.wang, date_start=start, **vals)

    def _row_ids(self, **kwargs):
        return [row["id"] for row in self.desk.get_front_desk(**kwargs)["rows"]]

    # ------------------------------------------------------------------
    # READ
    # ------------------------------------------------------------------

    def test_today_is_the_hospitals_day(self):
        """At 16:30 UTC it is the next day in Shanghai already."""
        self._book(23, day=9)
        first, last = self._book(0), self._book(23)
        self._book(0, day=11)
        desk = self.desk.get_front_desk()
        self.assertEqual([row["id"] for row in desk["rows"]], (first + last).ids)
        self.assertEqual([row["time"] for row in desk["rows"]], ["00:00", "23:00"])
        self.assertEqual((desk["day"], desk["now"]), ("2026-03-10", "00:30"))
        self.assertTrue(desk["rows"][0]["is_late"])
        self.assertFalse(desk["rows"][1]["is_late"])

    def test_row_tells_who_it_is(self):
        """R13: name, sex, age, last four of phone and number, last visit."""
        self.wang.hcrm_file_ids.date_last_visit = "2026-03-02"
        self._book(9, practitioner_id=self.practitioner.id)
        row = self.desk.get_front_desk()["rows"][0]
        person = row["person"]
        self.assertEqual(person["name"], "王伟")
        self.assertEqual((person["sex"], person["age"]), ("Male", "45 y"))
        self.assertEqual((person["phone_tail"], person["mrn_tail"]), ("1234", "5678"))
        self.assertEqual(person["last_visit"], "03/02/2026")
        self.assertEqual(person["alert"], "Wheelchair")
        self.assertEqual(row["department"], "Cardiology")
        self.assertEqual(row["practitioner"], "Dr Wen")

    def test_line_without_wrong_and_old_numbers(self):
        """The tail shown is of a number somebody still answers."""
        self.wang.hcrm_contact_point_ids.is_wrong = True
        self._add_phone(self.wang, "13900002222", use="old")
        self._add_phone(self.wang, "13900003333", rank=3)
        line = self.wang.with_env(self.desk.env)._hcrm_desk_lines(self.company_a)
        self.assertEqual(line[self.wang.id]["phone_tail"], "3333")

    def test_sensitive_department_is_neutral(self):
        """R8: the label of a sensitive department tells nothing at the desk."""
        self._book(9, department=self.psych)
        self.env.flush_all()
        self.env.invalidate_all()  # read with the desk's rights, not the test's
        row = self.desk.get_front_desk()["rows"][0]
        self.assertEqual(row["department"], "Clinic 3")

    def test_campus_switch(self):
        """Usual campus by default; a booking without site counts by department."""
        main = self._book(9) + self._book(10, campus_id=False)
        east = self._book(9, department=self.surgery)
        self.assertEqual(self._row_ids(), [main[0].id, east.id, main[1].id])
        self.users["front_desk"].hcrm_campus_id = self.campus_east
        self.assertEqual(self._row_ids(), east.ids)
        self.assertEqual(self._row_ids(campus_id=self.campus_main.id), main.ids)
        self.assertEqual(len(self._row_ids(campus_id=False)), 3)

    def test_counts_agree_with_lists(self):
        """Each count is the length of the list behind it."""
        for hour, state in enumerate(
            ("booked", "pending", "arrived", "fulfilled", "cancelled", "noshow"), 1
        ):
            self._book(hour, state=state)
            self._book(hour, state=state, date_greeted="2026-03-09 16:10:00")
        self._book(8, state="proposed")
        counts = self.desk.get_front_desk()["counts"]
        for state, count in counts.items():
            desk = self.desk.get_front_desk(state=state)
            self.assertEqual(len(desk["rows"]), count, state)
            self.assertEqual(desk["total"], count)
            if state != "all":
                self.assertEqual({row["state"] for row in desk["rows"]}, {state})
        self.assertEqual(
            counts, {"all": 12, "expected": 2, "arrived": 6, "done": 2, "off": 2}
        )

    def test_greeted_on_another_day_than_booked(self):
        """Who comes on the wrong day stands in the list of the day they came."""
        late = self._book(9, day=9, date_greeted="2026-03-09 16:20:00")
        self.assertEqual(self._row_ids(), late.ids)

    def test_limit_and_more(self):
        for hour in range(5):
            self._book(hour)
        desk = self.desk.get_front_desk(limit=2)
        self.assertEqual((len(desk["rows"]), desk["total"]), (2, 5))

    def test_unknown_state_is_refused(self):
        with self.assertRaisesRegex(UserError, "choose another"):
            self.desk.get_front_desk(state="lost")

    def test_data_age(self):
        """Every desk says how old its data is: the last run read to the end."""
        self.assertEqual(self.desk.get_front_desk()["as_of"], [])
        source = self.env["hcrm.feed.source"].create(
            {"name": "HIS", "company_id": self.company_a.id}
        )
        self.env["hcrm.feed.run"].create(
            [
                {"source_id": source.id, "state": state, "date_end": moment}
                for state, moment in (
                    ("done", "2026-03-09 16:12:00"),
                    ("done", "2026-03-08 16:12:00"),
                    ("failed", "2026-03-09 16:20:00"),
                )
            ]
        )
        expected = [{"source": "HIS", "at": "00:12", "is_old": False}]
        self.assertEqual(self.desk.get_front_desk()["as_of"], expected)

    def test_cost_is_constant(self):
        """The same number of queries for 2 and for 50 arrivals."""
        counts = []
        for size in (2, 50):
            people = [
                self._make_person(f"李{size}{n}", phone=f"139{size:02}{n:06}")
                for n in range(size)
            ]
            for person in people:
                self._book(9, person)
            counts.append(self._count_queries(self.desk.get_front_desk))
        self.assertEqual(*counts)

    def _count_queries(self, method, *args):
        self.env.flush_all()
        self.env.invalidate_all()
        method(*args)  # groups, languages and labels are cached by now
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        method(*args)
        return self.env.cr.sql_log_count - before

    # ------------------------------------------------------------------
    # ACCESS
    # ------------------------------------------------------------------

    def test_other_entity_sees_nothing(self):
        """R3: an arrival at A is none of B's, also by the API."""
        appointment = self._book(9)
        desk_b = self._as("agent_b")["hcrm.desk"]
        self.assertEqual(desk_b.get_front_desk()["rows"], [])
        self.assertEqual(
            desk_b.get_front_desk(campus_id=self.campus_main.id)["rows"], []
        )
        with (
            self.assertRaises(AccessError),
            mute_logger("odoo.addons.base.models.ir_rule"),
        ):
            desk_b.greet(appointment.id)

    def test_roles_that_may_not_greet(self):
        appointment = self._book(9)
        for role in ("doctor", "marketing", "centre_head"):
            desk = self._as(role)["hcrm.desk"]
            self.assertFalse(desk.get_front_desk()["can_write"], role)
            with self.assertRaises(AccessError):
                desk.greet(appointment.id)

    # ------------------------------------------------------------------
    # ONE CLICK
    # ------------------------------------------------------------------

    def test_greet_keeps_the_first_and_undo_takes_back(self):
        """R22: one click says "arrived"; the HIS's state is not touched."""
        appointment = self._book(9)
        row = self.desk.greet(appointment.id)
        self.assertEqual((row["state"], row["greeted"]), ("arrived", "00:30"))
        self.assertEqual(row["greeted_by"], "Test front_desk")
        with freeze_time("2026-03-09 16:40:00"):
            self._as("agent")["hcrm.desk"].greet(appointment.id)
        self.assertRecordValues(
            appointment,
            [
                {
                    "state": "booked",
                    "date_greeted": datetime(2026, 3, 9, 16, 30),
                    "greeted_by_id": self.users["front_desk"].id,
                }
            ],
        )
        with freeze_time("2026-03-09 16:41:00"):
            row = self.desk.undo_greet(appointment.id)
        self.assertEqual((row["state"], row["greeted"]), ("expected", ""))
        events = self.env["hcrm.event"].search(
            [("partner_id", "=", self.wang.id)], order="id"
        )
        self.assertEqual(
            events.kind_id.mapped("code"), ["desk_arrived", "desk_arrival_undone"]
        )

    def test_greet_of_a_deleted_booking_says_what_to_do(self):
        appointment = self._book(9)
        appointment_id = appointment.id
        appointment.unlink()
        with self.assertRaisesRegex(UserError, "refresh the list"):
            self.desk.greet(appointment_id)


@tagged("post_install", "-at_install", "hcrm_desk")
@freeze_time("2026-03-09 16:30:00")
class TestDeskSearch(HcrmCommon):
    """R22, R13: one box finds the right one of 14 namesakes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Partner = cls._as("front_desk")["res.partner"]
        cls.namesakes = [
            cls._make_person(
                "王伟",
                phone=f"1390000{n:04}",
                mrn=f"W{n:05}",
                hcrm_gender="male",
                hcrm_birthdate=f"{1950 + n}-01-31",
            )
            for n in range(14)
        ]

    def test_all_namesakes_and_what_tells_them_apart(self):
        found = self.Partner.hcrm_desk_search("王伟")
        self.assertEqual(
            {line["id"] for line in found["people"]}, {p.id for p in self.namesakes}
        )
        self.assertFalse(found["has_more"])
        marks = {
            (line["birth_year"], line["phone_tail"], line["mrn_tail"])
            for line in found["people"]
        }
        self.assertEqual(len(marks), 14)

    def test_name_and_year_of_birth(self):
        """One word more finds the one."""
        found = self.Partner.hcrm_desk_search("王伟 1957")
        self.assertEqual(
            [line["id"] for line in found["people"]], self.namesakes[7].ids
        )

    def test_booked_today_stands_first_and_last_department(self):
        person = self.namesakes[5]
        self._add_appointment(person, date_start=datetime(2026, 3, 10, 1, 30))
        self._add_encounter(person, self.surgery, date_start="2025-01-01 01:00:00")
        self._add_encounter(person, self.psych, date_start="2026-01-01 01:00:00")
        line = self.Partner.hcrm_desk_search("王伟")["people"][0]
        self.assertEqual((line["id"], line["today"]), (person.id, "09:30"))
        self.assertEqual(line["last_department"], "Clinic 3")

    def test_more_than_shown(self):
        found = self.Partner.hcrm_desk_search("王伟", limit=5)
        self.assertEqual((len(found["people"]), found["has_more"]), (5, True))

    def test_blank_and_nobody(self):
        for text in ("", "   ", None, "没有这个人"):
            self.assertEqual(self.Partner.hcrm_desk_search(text)["people"], [])

    def test_other_entity_finds_nobody(self):
        """R3: not even a count."""
        found = self._as("agent_b")["res.partner"].hcrm_desk_search("王伟")
        self.assertEqual(found, {"people": [], "has_more": False})

    def test_restricted_person_is_not_found(self):
        """R8: a public person is found by the VIP centre alone, under alias."""
        self._make_person("王伟", confidentiality="public", alias="Guest 7")
        found = self.Partner.hcrm_desk_search("王伟")["people"]
        self.assertEqual(len(found), 14)
        found = self._as("vip_centre")["res.partner"].hcrm_desk_search("王伟")
        restricted = [line for line in found["people"] if line["is_restricted"]]
        self.assertEqual([line["name"] for line in restricted], ["Guest 7"])

    def test_cost_is_constant(self):
        self._make_person("欧阳雪", phone="13900009999", mrn="Y1")
        counts = []
        for text, size in (("欧阳雪", 1), ("王伟", 14)):
            for _warm in range(2):
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                found = self.Partner.hcrm_desk_search(text)
                count = self.env.cr.sql_log_count - before
            self.assertEqual(len(found["people"]), size)
            counts.append(count)
        self.assertEqual(*counts)
