import json
from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import SQL, mute_logger

from .common import HcrmCommon, HcrmWorld


class PrivacyWorld(HcrmWorld):
    @classmethod
    def _setup_privacy(cls):
        cls.noon = datetime.combine(
            fields.Date.today() - timedelta(days=1), datetime.min.time()
        ) + timedelta(hours=4)  # 12:00 in Shanghai, yesterday
        cls.plain = cls._make_person("Zhang Wei")
        cls.star = cls._make_person(
            "Liu Star", confidentiality="public", alias="Guest 7"
        )
        cls.colleague = cls._make_person(
            "Chen Nurse", confidentiality="staff", alias="Guest 8"
        )

    @classmethod
    def _log(cls, role, people, kind="card", hours=0, **vals):
        """Append a reading as the request would have."""
        row = {
            "date": cls.noon + timedelta(hours=hours),
            "user_id": cls.users[role].id,
            "company_id": cls.company_a.id,
            "kind": kind,
            "person_ids": json.dumps(people.ids),
            "person_count": len(people),
            "has_relation": True,
            "model_names": "res.partner",
            **vals,
        }
        cls.env.cr.execute(
            SQL(
                "INSERT INTO hcrm_access_log (%s) VALUES (%s)",
                SQL(", ").join(map(SQL.identifier, row)),
                SQL(", ").join(SQL("%s", value) for value in row.values()),
            )
        )


@tagged("post_install", "-at_install", "hcrm_core_security")
class TestGuardPrivacyDesk(PrivacyWorld, HcrmCommon):
    """R22: what the privacy officer works through."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_privacy()

    def _desk(self, **kwargs):
        desk = self._as("privacy_officer")["hcrm.privacy.desk"].get_desk(**kwargs)
        return {found["code"]: found["rows"] for found in desk["lists"]}

    def _who(self, rows):
        return sorted((row["user"], row["person"], row["times"]) for row in rows)

    def test_restricted_files_under_alias(self):
        self._log("nurse", self.star)
        self._log("nurse", self.star, hours=1)
        self._log("doctor", self.plain)
        self._log("doctor", self.star + self.plain, "read")
        self.assertEqual(
            self._who(self._desk()["restricted"]), [("Test nurse", "Guest 7", 2)]
        )

    def test_openings_without_care_relation(self):
        self._log("nurse", self.plain, has_relation=False)
        self._log("doctor", self.plain)
        self.assertEqual(
            self._who(self._desk()["no_relation"]), [("Test nurse", "Zhang Wei", 1)]
        )

    def test_family_and_colleagues(self):
        family = self._make_person("王小明")
        patient = self._make_person("王大")
        neighbour = self._make_person("Li", street="Long Street 5", city="Town")
        self.users["nurse"].partner_id.write(
            {"name": "王护士", "street": "long street 5", "city": "Town"}
        )
        self._log("nurse", family, has_relation=False)
        self._log("nurse", patient)
        self._log("nurse", neighbour)
        self._log("doctor", self.colleague)
        self.assertEqual(
            self._who(self._desk()["near"]),
            [
                ("Test doctor", "Guest 8", 1),
                ("王护士", "Li", 1),
                ("王护士", "王小明", 1),
            ],
        )

    def test_many_files_and_off_shift(self):
        self.env["ir.config_parameter"].set_param("hcrm_core.many_cards_per_hour", "2")
        for person in (self.plain, self.star, self.colleague):
            self._log("nurse", person)
            self._log("agent", person, hours=person.id % 3)
        self._log("doctor", self.plain, hours=10)  # 22:00
        rows = self._desk()["many"]
        self.assertIn(("Test nurse", "", 3), self._who(rows))
        self.assertIn(("Test doctor", "", 1), self._who(rows))

    def test_exports(self):
        self._log("marketing", self.plain + self.star, "export")
        self._log("marketing", self.plain, "export")
        self.assertEqual(
            self._who(self._desk()["exports"]), [("Test marketing", "", 3)]
        )

    def test_other_hospitals_and_older_days_are_not_listed(self):
        self._log("nurse", self.star, company_id=self.company_b.id)
        self._log("nurse", self.star, hours=-24 * 20)
        self.assertFalse(self._desk()["restricted"])
        self.assertTrue(self._desk(days=30)["restricted"])

    def test_ask_answer_explain(self):
        self._log("nurse", self.colleague, has_relation=False)
        [row] = self._desk()["restricted"]
        key = (row["topic"], row["user_id"], row["day"], row["partner_id"])
        desk = self._as("privacy_officer")["hcrm.privacy.desk"]
        self.assertEqual(desk.ask(*key), "asked")
        self.assertEqual(desk.ask(*key), "asked", "asking twice is one question")
        activity = self.env["mail.activity"].search(
            [("res_model", "=", "hcrm.access.question")]
        )
        self.assertEqual(activity.user_id, self.users["nurse"])
        question = self._as("nurse")["hcrm.access.question"].search([])
        question.answer = "She asked me to."
        self.assertFalse(activity.exists().active)
        [row] = self._desk()["restricted"]
        self.assertEqual(
            (row["state"], row["answer"]), ("answered", "She asked me to.")
        )
        self.assertEqual(desk.explain(*key), "explained")
        self.assertFalse(self._desk()["restricted"])
        self.assertFalse(self._desk()["no_relation"], "one answer for all lists")

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_readers_answer_their_own_and_change_nothing_else(self):
        self._log("nurse", self.star)
        [row] = self._desk()["restricted"]
        key = (row["topic"], row["user_id"], row["day"], row["partner_id"])
        self._as("privacy_officer")["hcrm.privacy.desk"].ask(*key)
        question = self.env["hcrm.access.question"].search([])
        with self.assertRaises(AccessError):
            question.with_env(self._as("nurse")).state = "explained"
        with self.assertRaises(AccessError):
            question.with_env(self._as("doctor")).answer = "me"
        for role in ("nurse", "manager", "integrator"):
            with self.assertRaises(AccessError):
                self._as(role)["hcrm.privacy.desk"].explain(*key)
            with self.assertRaises(AccessError):
                self._as(role)["hcrm.privacy.desk"].get_desk()

    def test_the_cost_does_not_grow(self):
        def count(people):
            for person in people:
                self._log("nurse", person, has_relation=False)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(len(self._desk()["no_relation"]), len(people))
            return self.env.cr.sql_log_count - before

        people = self.plain.browse()
        for number in range(50):
            people += self._make_person(f"Person {number}")
        count(people[:2])  # warm caches of rules and groups
        self.env.cr.execute("DELETE FROM hcrm_access_log")
        few = count(people[:2])
        self.env.cr.execute("DELETE FROM hcrm_access_log")
        self.assertEqual(count(people), few)

    def test_the_desk_is_the_officers_first_page(self):
        action = self._as("privacy_officer")["hcrm.desk"].get_home_action()
        self.assertEqual(action["tag"], "hcrm_core.desk_privacy")


class PrivacyUiCase(PrivacyWorld, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls._setup_privacy()
        cls._log("nurse", cls.star, reason="curious", kind="break_glass")
        cls._log("doctor", cls.plain, has_relation=False)
        cls._log("marketing", cls.plain + cls.star, "export")


@tagged("post_install", "-at_install", "hcrm_desk_ui")
class TestPrivacyDeskUi(PrivacyUiCase):
    def test_privacy_desk_tour(self):
        """R22: lists, ask the reader why, mark as explained."""
        self.start_tour("/odoo", "hcrm_desk_privacy_tour", login="privacy_officer")
        self.assertRecordValues(
            self.env["hcrm.access.question"].search([], order="id"),
            [
                {"state": "asked", "user_id": self.users["nurse"].id},
                {"state": "explained", "user_id": self.users["doctor"].id},
            ],
        )

    def test_break_glass_tour(self):
        """R8: from the menu to the card of a hidden person."""
        self._add_identifier(self.star, "mr", "S-77")
        self.start_tour("/odoo", "hcrm_break_glass_tour", login="front_desk")
        self.assertEqual(self.star.hcrm_access_ids.user_id, self.users["front_desk"])


@tagged("post_install", "-at_install", "hcrm_desk_ui")
class TestPrivacyDeskMobileUi(PrivacyUiCase):
    browser_size = "390x844"
    touch_enabled = True

    def test_privacy_desk_at_390_px(self):
        """F79: one column on a phone."""
        self.start_tour(
            "/odoo", "hcrm_desk_privacy_mobile_tour", login="privacy_officer"
        )
