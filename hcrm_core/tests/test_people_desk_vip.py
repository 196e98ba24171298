from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import HcrmCommon


@tagged("post_install", "-at_install", "hcrm_desk")
# 00:30 of 10 March in Shanghai
@freeze_time("2026-03-09 16:30:00")
class TestDeskVip(HcrmCommon):
    """R22, F14: the VIP centre's arrivals of today and tomorrow, under alias."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk = cls._as("vip_centre")["hcrm.reception"]
        cls.star = cls._make_person(
            "刘德华", confidentiality="public", alias="Guest 7", is_vip=True
        )
        cls.member = cls._make_person("王芳", is_vip=True)
        cls.ordinary = cls._make_person("李娜")
        cls.secretary = cls._make_person("陈秘书", class_code="family")

    def _book(self, hour, person=None, day=10, **vals):
        """Book at a wall-clock hour of a day in March, Shanghai time."""
        start = datetime(2026, 3, day, hour) - timedelta(hours=8)
        return self._add_appointment(person or self.star, date_start=start, **vals)

    def _rows(self):
        return [
            row for day in self.desk.get_vip_centre()["days"] for row in day["rows"]
        ]

    def test_today_and_tomorrow_under_alias(self):
        self._book(9, day=9)
        today, tomorrow = self._book(9), self._book(0, self.member, day=11)
        self._book(10, self.ordinary)
        self._book(0, day=12)
        days = self.desk.get_vip_centre()["days"]
        self.assertEqual([day["day"] for day in days], ["2026-03-10", "2026-03-11"])
        self.assertEqual([day["is_today"] for day in days], [True, False])
        self.assertEqual(
            [
                [(row["id"], row["person"]["name"]) for row in day["rows"]]
                for day in days
            ],
            [[(today.id, "Guest 7")], [(tomorrow.id, "王芳")]],
        )

    def test_language_and_diet_of_the_profile(self):
        self.env["hcrm.person.profile"].create(
            {
                "partner_id": self.star.id,
                "company_id": self.company_a.id,
                "spoken_language": "Cantonese",
                "diet": "No pork",
            }
        )
        self._book(9, practitioner_id=self.practitioner.id)
        row = self._rows()[0]
        self.assertEqual((row["language"], row["diet"]), ("Cantonese", "No pork"))
        self.assertEqual(row["practitioner"], "Dr Wen")

    def test_plan_in_place(self):
        """One reception per arrival, however often it is written."""
        appointment = self._book(9)
        greeter = self.users["vip_centre"]
        self.desk.plan(appointment.id, {"greeter_id": greeter.id})
        self.desk.plan(appointment.id, {"room": "Lounge 2"})
        row = self.desk.plan(appointment.id, {"companion_id": self.secretary.id})
        self.assertEqual(
            (row["greeter_id"], row["room"], row["companion_id"]),
            (greeter.id, "Lounge 2", self.secretary.id),
        )
        self.assertEqual(self._rows()[0]["room"], "Lounge 2")
        self.assertEqual(self.desk.get_vip_centre()["rooms"], ["Lounge 2"])
        reception = self.env["hcrm.reception"].search([])
        self.assertRecordValues(
            reception,
            [
                {
                    "partner_id": self.star.id,
                    "company_id": self.company_a.id,
                    "state": "planned",
                }
            ],
        )
        row = self.desk.plan(appointment.id, {"greeter_id": 0})
        self.assertFalse(row["greeter_id"])

    def test_plan_writes_four_things_only(self):
        appointment = self._book(9)
        with self.assertRaisesRegex(UserError, "company_id"):
            self.desk.plan(appointment.id, {"company_id": self.company_b.id})

    def test_greeted_is_an_arrival_too(self):
        appointment = self._book(9)
        row = self.desk.greet(appointment.id)
        self.assertEqual((row["state"], row["greeted"]), ("arrived", "00:30"))
        reception = self.env["hcrm.reception"].search([])
        self.assertEqual(reception.state, "greeted")
        row = self.desk.undo_greet(appointment.id)
        self.assertEqual((row["state"], row["greeted"]), ("expected", ""))
        self.assertEqual(reception.state, "planned")

    def test_companions_without_who_must_not_know(self):
        """R4: whoever must not learn of a visit is not offered as company."""
        other = self._make_person("表弟", class_code="family")
        ended = self._make_person("前妻", class_code="family")
        self._add_relation(self.star, self.secretary, kind="companion")
        self._add_relation(self.star, other, kind="other", must_not_know=True)
        self._add_relation(self.star, ended, kind="spouse", date_end="2026-03-09")
        self._book(9)
        companions = self._rows()[0]["companions"]
        self.assertEqual([c["id"] for c in companions], self.secretary.ids)

    def test_only_the_centre_sees_it(self):
        """Other roles are refused; the privacy officer reads and cannot write."""
        appointment = self._book(9)
        officer = self._as("privacy_officer")["hcrm.reception"]
        self.assertFalse(officer.get_vip_centre()["can_write"])
        for role, method in (
            ("front_desk", lambda desk: desk.get_vip_centre()),
            ("agent", lambda desk: desk.plan(appointment.id, {"room": "1"})),
            ("privacy_officer", lambda desk: desk.plan(appointment.id, {"room": "1"})),
        ):
            with (
                self.subTest(role),
                mute_logger("odoo.addons.base.models.ir_model"),
                self.assertRaises(AccessError),
            ):
                method(self._as(role)["hcrm.reception"])

    def test_cost_is_constant(self):
        counts = []
        for size in (2, 50):
            for n in range(size):
                person = self._make_person(f"李{size}{n}", is_vip=True)
                relative = self._make_person(f"张{size}{n}", class_code="family")
                self._add_relation(person, relative)
                appointment = self._book(9, person)
                self.desk.plan(
                    appointment.id,
                    {"room": "1", "greeter_id": self.users["vip_centre"].id},
                )
            self.env.flush_all()
            for _warm in range(2):  # rules and labels are cached by the second time
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                self.desk.get_vip_centre()
                count = self.env.cr.sql_log_count - before
            counts.append(count)
        self.assertEqual(*counts)


@tagged("post_install", "-at_install", "hcrm_desk")
class TestDeskHome(HcrmCommon):
    """R22: each role lands on its desk; roles without one on the people."""

    def test_home_by_role(self):
        for role, expected in (
            ("front_desk", "hcrm_core.desk_front"),
            ("vip_centre", "hcrm_core.desk_vip"),
            ("doctor", "hcrm_core.desk_work"),
            ("manager", "hcrm_core.desk_supervisor"),
            ("outsourced_agent", "hcrm_core.desk_work"),
            ("head_office", "hcrm_core.desk_none"),
        ):
            with self.subTest(role):
                action = self._as(role)["hcrm.desk"].get_home_action()
                self.assertEqual(action.get("tag") or action["res_model"], expected)
                menu_action = self.env.ref("hcrm_core.hcrm_desk_action")
                run = menu_action.with_env(self._as(role)).sudo(False).run()
                self.assertEqual(run.get("tag") or run["res_model"], expected)

    def test_desk_is_the_first_thing_in_the_app(self):
        menu = self.env.ref("hcrm_core.hcrm_core_menu_root")
        action = self.env.ref("hcrm_core.hcrm_desk_action")
        for role in ("front_desk", "vip_centre", "doctor", "head_office"):
            menus = self._as(role)["ir.ui.menu"].load_web_menus(False)
            self.assertEqual(menus[menu.id]["actionID"], action.id, role)
