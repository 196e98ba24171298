from datetime import date, timedelta

from dateutil.relativedelta import relativedelta
from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import HcrmCommon


@tagged("post_install", "-at_install")
class TestPeoplePerson(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.outpatient = cls.env.ref("hcrm_core.person_class_outpatient")
        cls.inpatient = cls.env.ref("hcrm_core.person_class_inpatient")
        cls.healthy = cls.env.ref("hcrm_core.person_class_healthy")
        cls.desk = cls._as("front_desk")

    def test_a_class_makes_a_person(self):
        """F1: out- and inpatients by RPC, with file, metrics and tokens."""
        person, other = self.desk["res.partner"].create(
            [
                {"name": "王芳", "hcrm_class_id": self.outpatient.id},
                {"name": "李明", "hcrm_class_id": self.inpatient.id},
            ]
        )
        file = person.hcrm_file_ids
        self.assertEqual(file.company_id, self.company_a)
        self.assertEqual(file.opened_by_id, self.users["front_desk"])
        self.assertEqual(file.opened_touchpoint, "manual")
        self.assertTrue(file.opened_at)
        self.assertEqual(person.hcrm_metrics_id.id, person.id)
        self.assertEqual(person.hcrm_status, "current")
        self.assertFalse(person.company_id)
        Partner = self.desk["res.partner"]
        self.assertEqual(Partner.search([("display_name", "ilike", "wf")]), person)
        for kind, found in ((self.outpatient, person), (self.inpatient, other)):
            self.assertEqual(Partner.search([("hcrm_class_id", "=", kind.id)]), found)
            self.assertEqual(
                Partner.search([("hcrm_class_id", "ilike", kind.name)]), found
            )
        self.assertIn(
            other, Partner.search([("hcrm_class_id", "!=", self.outpatient.id)])
        )
        person.hcrm_class_id = self.inpatient
        self.assertEqual(file.class_id, self.inpatient)

    def test_a_class_by_the_form(self):
        """F1, F3: the contact form makes a person of whoever gets a class."""
        with Form(self.desk["res.partner"]) as form:
            form.name = "赵云"
            form.hcrm_class_id = self.healthy
        person = form.record
        self.assertEqual(person.hcrm_file_ids.class_id, self.healthy)
        self.assertFalse(person.hcrm_class_id.is_patient)

    def test_the_integrator_is_remembered(self):
        person = self._as("integrator")["res.partner"].create(
            {"name": "王芳", "hcrm_class_id": self.outpatient.id}
        )
        self.assertEqual(person.hcrm_file_ids.opened_touchpoint, "api")

    def test_each_entity_sees_its_own_class(self):
        person = self._make_person("王芳", companies=self.company_a + self.company_b)
        file_b = person.hcrm_file_ids.filtered(lambda f: f.company_id == self.company_b)
        file_b.class_id = self.inpatient
        as_a = person.with_env(self._as("front_desk"))
        as_b = person.with_env(self._as("agent_b"))
        self.assertEqual(as_a.hcrm_class_id, self.outpatient)
        self.assertEqual(as_b.hcrm_class_id, self.inpatient)
        as_ab = person.with_env(self._as("agent_ab", self.company_b, self.company_a))
        self.assertEqual(as_ab.hcrm_class_id, self.inpatient)

    def test_no_parent_no_company(self):
        firm = self.env["res.partner"].create({"name": "Firm", "is_company": True})
        person = self._make_person("王芳")
        with self.assertRaisesRegex(UserError, "stands alone"):
            person.parent_id = firm
        with self.assertRaisesRegex(UserError, "whole group"):
            person.company_id = self.company_a
        with self.assertRaisesRegex(UserError, "stands alone"):
            self.desk["res.partner"].create(
                {"name": "A", "parent_id": firm.id, "hcrm_class_id": self.healthy.id}
            )
        child = self.env["res.partner"].create({"name": "Child", "parent_id": firm.id})
        with self.assertRaisesRegex(ValidationError, "Take it off"):
            child.with_env(self.desk).hcrm_class_id = self.healthy
        self.assertEqual(child.parent_id, firm)

    def test_only_merged_and_erased_are_archived(self):
        person = self._make_person("王芳").with_env(self.desk)
        with self.assertRaisesRegex(UserError, "cannot be archived"):
            person.action_archive()
        person.write({"active": False, "hcrm_status": "merged"})
        self.assertFalse(person.active)
        self.env["res.partner"].create({"name": "Contact"}).action_archive()

    def test_age_and_its_search(self):
        today = fields.Date.context_today(self.env["res.partner"])
        person = self._make_person(
            "王芳", hcrm_birthdate=today - relativedelta(years=40)
        )
        self.assertEqual(person.hcrm_age, 40)
        person.hcrm_birthdate += timedelta(days=1)
        self.assertEqual(person.hcrm_age, 39)
        nobody = self._make_person("李明")
        people = person + nobody
        for operator, value, found in (
            *(("=", 39, True), ("=", 40, False), ("<", 40, True), ("<", 39, False)),
            *(("<=", 39, True), ("<=", 38, False), (">", 38, True), (">", 39, False)),
            *((">=", 39, True), (">=", 40, False), ("in", [1, 39], True)),
        ):
            hits = people.search(
                [("id", "in", people.ids), ("hcrm_age", operator, value)]
            )
            self.assertEqual(
                hits, person if found else hits.browse(), (operator, value)
            )
        person.hcrm_deceased_date = person.hcrm_birthdate + relativedelta(years=20)
        self.assertEqual(person.hcrm_age, 20)
        baby = self._make_person("小宝", hcrm_birthdate=today - relativedelta(months=5))
        self.assertEqual(baby._hcrm_age_label(), "5 months")
        baby.hcrm_birthdate = today - timedelta(days=3)
        self.assertEqual(baby._hcrm_age_label(), "3 days")

    def test_vip_has_an_owner(self):
        """F14: promoted by anybody who registers; somebody looks after a VIP."""
        person = self._make_person("王芳").with_env(self._as("vip_centre"))
        person.hcrm_is_vip = True
        self.assertEqual(person.hcrm_owner_id, self.users["vip_centre"])
        Partner = self._as("vip_centre")["res.partner"]
        self.assertEqual(Partner.search([("hcrm_is_vip", "=", True)]), person)
        self.assertNotIn(person, Partner.search([("hcrm_is_vip", "=", False)]))
        with self.assertRaisesRegex(ValidationError, "dedicated owner"):
            person.hcrm_file_ids.owner_id = False
        person.hcrm_owner_id = self.users["agent"]
        self.assertEqual(person.hcrm_file_ids.owner_id, self.users["agent"])
        self.assertEqual(
            Partner.search([("hcrm_owner_id", "=", self.users["agent"].id)]), person
        )

    def test_classes_of_secrecy_drive_the_person(self):
        """R8: the strictest file counts."""
        person = self._make_person("王芳", companies=self.company_a + self.company_b)
        self.assertFalse(person.hcrm_confidentiality)
        person.hcrm_file_ids[0].confidentiality = "public"
        self.assertEqual(person.hcrm_confidentiality, "public")
        person.hcrm_file_ids[1].confidentiality = "sensitive"
        self.assertEqual(person.hcrm_confidentiality, "sensitive")
        person.hcrm_file_ids.confidentiality = "normal"
        self.assertFalse(person.hcrm_confidentiality)

    def test_first_good_number_stands_on_the_partner(self):
        person = self._make_person("王芳").with_env(self.desk)
        Point = self.desk["hcrm.contact.point"]
        point, _mail = Point.create(
            [
                {"partner_id": person.id, "value": "139 1234 5678"},
                {
                    "partner_id": person.id,
                    "value": " Wang@X.example ",
                    "system": "email",
                },
            ]
        )
        self.assertEqual(point.number, "+8613912345678")
        self.assertEqual(person.phone, "+8613912345678")
        self.assertEqual(person.email.strip().lower(), "wang@x.example")
        point.is_wrong = True
        self.assertFalse(person.phone)
        self.assertFalse(person.hcrm_phone_tail)
        with self.assertRaises(AccessError):
            self._as("user")["hcrm.contact.point"].create(
                {"partner_id": person.id, "value": "1"}
            )

    def test_contact_points_are_read_by_the_campus_plan(self):
        """R14: area code, outside prefix and extension of the campus."""
        person = self._make_person("王芳")
        Point = self.desk["hcrm.contact.point"]
        for value, number, extension in (
            ("61234567", "+862161234567", False),
            ("9013912345678", "+8613912345678", False),
            ("021-51234567-8012", "+862151234567", "8012"),
        ):
            point = Point.create({"partner_id": person.id, "value": value})
            self.assertEqual((point.number, point.extension), (number, extension))
        self.campus_main.own_numbers = "6100"
        point = Point.create({"partner_id": person.id, "value": "61001234"})
        self.assertTrue(point.is_junk)

    def test_bad_identity_numbers_are_refused_with_words(self):
        """F10, R1: typed by the staff; the same number from the feed is kept."""
        person = self._make_person("王芳")
        ric = self.env.ref("hcrm_core.identifier_type_ric")
        vals = {"partner_id": person.id, "type_id": ric.id}
        Identifier = self.desk["hcrm.person.identifier"]
        for value, words in (
            ("710000198805120021", "last character"),
            ("71000019880512", "too short or too long"),
            ("710000198813120020", "birth date"),
        ):
            with self.assertRaisesRegex(ValidationError, words):
                Identifier.create({**vals, "value": value})
        kept = Identifier.sudo().create({**vals, "value": "710000198805120021"})
        self.assertTrue(kept.hint)
        self.assertFalse(kept.is_unique)

    def test_two_people_with_one_number_are_queued(self):
        first, second = self._make_person("王芳"), self._make_person("王方")
        ric = self.env.ref("hcrm_core.identifier_type_ppn")
        one, two = (
            self.desk["hcrm.person.identifier"].create(
                {"partner_id": person.id, "type_id": ric.id, "value": value}
            )
            for person, value in ((first, "EA1234567"), (second, "ea-1234567"))
        )
        self.assertEqual(two.value_norm, "EA1234567")
        self.assertTrue(one.is_unique)
        self.assertFalse(two.is_unique)
        candidate = self.env["hcrm.duplicate.candidate"].search(
            [("left_id", "=", first.id), ("right_id", "=", second.id)]
        )
        self.assertEqual(len(candidate), 1)

    def test_relations_end(self):
        """F2, R4: a guardian or proxy whose end date passed is no longer one."""
        child, mother = self._make_person("小宝"), self._make_person("王芳")
        relation = self._add_relation(child, mother, is_guardian=True)
        self.assertTrue(relation.is_current)
        self.assertEqual(child._hcrm_guardians(), mother)
        self.assertEqual(mother.hcrm_relative_of_ids, relation)
        relation.date_end = date(2020, 1, 1)
        self.assertFalse(relation.is_current)
        self.assertFalse(child._hcrm_guardians())
        Relation = self.env["hcrm.person.relation"]
        self.assertNotIn(relation, Relation.search([("is_current", "=", True)]))
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            relation.write({"date_start": date(2021, 1, 1)})
            self.env.flush_all()

    def test_a_proxy_needs_a_scope(self):
        person, proxy = self._make_person("王芳"), self._make_person("李明")
        relation = self._add_relation(person, proxy, kind="spouse", is_proxy=True)
        self.assertEqual(relation.proxy_scope, "all")

    def test_next_questions(self):
        """F25: at most two of what is missing; completeness rises."""
        person = self._make_person("王芳").with_env(self.desk)
        questions = person._hcrm_next_questions()
        self.assertEqual(len(questions), 2)
        profile = self.desk["hcrm.person.profile"].create({"partner_id": person.id})
        self.assertEqual(profile.completeness, 0)
        profile.write(
            {questions[0]["field"]: self._answer(profile, questions[0]["field"])}
        )
        self.assertGreater(profile.completeness, 0)
        asked = [question["field"] for question in person._hcrm_next_questions()]
        self.assertNotIn(questions[0]["field"], asked)

    def _answer(self, profile, name):
        field = profile._fields[name]
        return field.get_values(self.env)[0] if field.type == "selection" else "x"

    def test_habits_are_kept(self):
        """F24"""
        person = self._make_person("王芳")
        profile = self.desk["hcrm.person.profile"].create(
            {
                "partner_id": person.id,
                "preferred_practitioner_id": self.practitioner.id,
                "preferred_time": "morning",
                "spoken_language": "Cantonese",
                "diet": "Halal",
                "living": "alone",
            }
        )
        self.assertEqual(profile.company_id, self.company_a)
        self.assertEqual(profile.completeness, 45)

    def test_the_psychological_note_is_clinical(self):
        """F23: other groups are refused by RPC."""
        person = self._make_person("王芳")
        profile = self.env["hcrm.person.profile"].create(
            {
                "partner_id": person.id,
                "company_id": self.company_a.id,
                "psych_note": "Fears needles",
            }
        )
        as_desk = profile.with_env(self.desk)
        with self.assertRaises(AccessError):
            as_desk.read(["psych_note"])
        with self.assertRaises(AccessError):
            as_desk.write({"psych_note": "x"})
        with self.assertRaises(AccessError):
            as_desk.search([("psych_note", "ilike", "needles")])

    def test_a_phone_written_on_the_partner_is_kept(self):
        """Other addons and integrators write phone and email, not contact points."""
        person = self.desk["res.partner"].create(
            {
                "name": "王芳",
                "hcrm_class_id": self.outpatient.id,
                "phone": "13912345678",
                "email": "wang@x.example",
            }
        )
        points = person.hcrm_contact_point_ids
        self.assertEqual(
            set(points.mapped("number")), {"+8613912345678", "wang@x.example"}
        )
        person.phone = "139 8765 4321"
        self.assertEqual(person.phone, "+8613987654321")
        person.phone = "13912345678"
        self.assertEqual(len(person.hcrm_contact_point_ids), 3)
