from datetime import date

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ..tools.identity_numbers import check_digit
from .common import HcrmCommon


def make_ric(first17):
    return first17 + check_digit(first17)


@tagged("post_install", "-at_install")
class TestPeopleRegistration(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ric = make_ric("71000019800512002")
        cls.wang = cls._make_person(
            "王芳",
            phone="13912345678",
            mrn="MR0001",
            hcrm_gender="female",
            hcrm_birthdate=date(1980, 5, 12),
        )
        cls._add_identifier(cls.wang, "ric", cls.ric)
        cls.desk = cls._as("front_desk")

    def _register(self, role="integrator", **vals):
        return self._as(role)["res.partner"].hcrm_register(vals)

    def _codes(self, answer):
        return [warning["code"] for warning in answer["warnings"]]

    # ------------------------------------------------------------------
    # API
    # ------------------------------------------------------------------

    def test_nine_fields_by_the_api(self):
        """F10, F11: all nine, and who opened the file, when and where."""
        ric = make_ric("71000019750103001")
        answer = self._register(
            name="李　明",
            age=40,
            identity_number=ric.lower(),
            occupation="Teacher",
            street="Nanjing Road 1",
            city="Shanghai",
            phone="139 8765 4321",
            whose="spouse",
            email="li@x.example",
            history="Hypertension since 2010",
            needs="Single room",
            mrn="MR-0077",
            touchpoint="admission",
            campus_code="main",
        )
        self.assertTrue(answer["created"], answer)
        person = self.env["res.partner"].browse(answer["id"])
        self.assertRecordValues(
            person,
            [
                {
                    "name": "李明",
                    "hcrm_gender": "male",
                    "hcrm_birthdate": date(1975, 1, 3),
                    "hcrm_birthdate_precision": "day",
                    "street": "Nanjing Road 1",
                    "city": "Shanghai",
                    "phone": "+8613987654321",
                    "hcrm_status": "current",
                }
            ],
        )
        file = person.hcrm_file_ids
        self.assertEqual(file.opened_touchpoint, "admission")
        self.assertEqual(file.opened_by_id, self.users["integrator"])
        self.assertEqual(file.campus_id, self.campus_main)
        self.assertEqual(file.class_id.code, "inpatient")
        self.assertEqual(
            set(person.hcrm_identifier_ids.mapped("value_norm")), {ric, "MR0077"}
        )
        self.assertEqual(person.hcrm_contact_point_ids[0].whose, "spouse")
        profile = person.hcrm_profile_ids
        self.assertEqual(
            (profile.occupation, profile.needs, profile.history),
            ("Teacher", "Single room", "Hypertension since 2010"),
        )
        found = self.desk["res.partner"].search([("display_name", "ilike", "0077")])
        self.assertFalse(found)
        found = self.desk["res.partner"].search([("display_name", "ilike", "MR0077")])
        self.assertEqual(found.ids, person.ids)

    def test_bad_numbers_are_refused_with_words(self):
        """F10, R1"""
        bad = self.ric[:-1] + ("0" if self.ric[-1] != "0" else "1")
        with self.assertRaisesRegex(ValidationError, "last character"):
            self._register(name="李明", identity_number=bad)
        with self.assertRaisesRegex(UserError, "year-month-day"):
            self._register(name="李明", birthdate="12/05/1980")
        with self.assertRaisesRegex(UserError, "future"):
            self._register(name="李明", birthdate="2990-01-01")
        with self.assertRaisesRegex(UserError, "does not know nmae"):
            self._register(nmae="李明")
        with self.assertRaisesRegex(UserError, "Enter the name"):
            self._register(phone="13912345678")
        for key in ("class_code", "campus_code", "touchpoint", "identity_type"):
            with self.assertRaisesRegex(UserError, "nonsense"):
                self._register(
                    name="李明", identity_number="A1", **{key: "nonsense"}
                ) if (key == "identity_type") else self._register(
                    name="李明", **{key: "nonsense"}
                )

    def test_the_same_number_opens_the_same_card(self):
        answer = self._register(name="王方", identity_number=self.ric)
        self.assertEqual(answer["id"], self.wang.id)
        self.assertFalse(answer["created"])
        self.assertIn("same_number", self._codes(answer))
        answer = self._register(name="王芳", mrn="mr 0001")
        self.assertEqual(answer["id"], self.wang.id)

    def test_possible_duplicates_come_first(self):
        for vals in (
            {"name": "王芳", "birthdate": "1980-05-12"},
            {"name": "王芳", "age": fields.Date.today().year - 1980},
            {"name": "李红", "phone": "13912345678"},
            {"name": "王芳"},
        ):
            answer = self._register(**vals)
            self.assertFalse(answer["id"], vals)
            self.assertEqual([row["id"] for row in answer["candidates"]], self.wang.ids)
            self.assertEqual(answer["candidates"][0]["phone_tail"], "5678")
        answer = self._register(
            name="王芳", birthdate="1950-01-01", phone="13700000001"
        )
        self.assertTrue(answer["created"])
        answer = self._register(name="王芳", is_another_person=True)
        self.assertTrue(answer["created"])
        self.assertEqual(answer["candidates"][0]["id"], self.wang.id)

    def test_sex_speaks_against_one_person(self):
        """R21: husband and wife on one number are not proposed."""
        answer = self._register(name="李刚", phone="13912345678", gender="male")
        self.assertTrue(answer["created"])

    def test_placeholders_and_junk_are_told(self):
        """R13, R14"""
        answer = self._register(name="王芳之女", phone="10086")
        self.assertTrue(answer["created"])
        self.assertEqual(self._codes(answer), ["placeholder_name", "junk_phone"])
        self.assertFalse(self.env["res.partner"].browse(answer["id"]).phone)

    def test_only_who_registers(self):
        for role in ("user", "doctor", "marketing"):
            with self.assertRaises(AccessError):
                self._register(role, name="李明")

    # ------------------------------------------------------------------
    # TWO ENTITIES (R3)
    # ------------------------------------------------------------------

    def test_known_in_the_group_consent_needed(self):
        """R3: no name, phone, diagnosis or visit; after consent the same card."""
        self._add_story(self.wang)
        answer = self._register("agent_b", name="某人甲", identity_number=self.ric)
        self.assertEqual(
            answer,
            {
                "id": False,
                "created": False,
                "warnings": [
                    {
                        "code": "known_in_group",
                        "message": answer["warnings"][0]["message"],
                    }
                ],
                "candidates": [],
            },
        )
        for secret in ("王芳", "5678", "1980", str(self.wang.id), "MR0001", "Hypert"):
            self.assertNotIn(secret, answer["warnings"][0]["message"])
        env_b = self._as("agent_b")
        self.assertFalse(env_b["res.partner"].search([("id", "=", self.wang.id)]))
        self.assertFalse(env_b["res.partner"].hcrm_find_by_phone("13912345678"))
        with self.assertRaises(AccessError):
            self.wang.with_env(env_b).read(["name"])

        answer = self._register(
            "agent_b",
            name="王芳",
            identity_number=self.ric,
            phone="13600001111",
            consent=True,
        )
        self.assertEqual((answer["id"], answer["created"]), (self.wang.id, False))
        self.env.invalidate_all()
        person = self.wang.with_env(env_b)
        self.assertEqual(person.hcrm_file_ids.company_id, self.company_b)
        self.assertEqual(person.hcrm_contact_point_ids.mapped("value"), ["13600001111"])
        self.assertEqual(person.hcrm_phone_tail, "1111")
        self.assertEqual(self.wang.with_env(self.desk).hcrm_phone_tail, "5678")
        self.assertFalse(person.hcrm_last_visit)
        self.assertFalse(person.hcrm_mrn)

    def test_a_restricted_person_is_never_told(self):
        """R8: registered as a new card; the pair waits for the privacy officer."""
        self.wang.hcrm_file_ids.confidentiality = "sensitive"
        for role in ("agent_b", "front_desk"):
            answer = self._register(
                role, name="王芳", identity_number=self.ric, phone="13912345678"
            )
            self.assertTrue(answer["created"], role)
            self.assertFalse(answer["candidates"])
            self.assertFalse(answer["warnings"])

    # ------------------------------------------------------------------
    # WIZARD
    # ------------------------------------------------------------------

    def _form(self, **context):
        return Form(self.desk["hcrm.registration"].with_context(**context))

    def test_touchpoints_of_the_desk(self):
        """F11: check-up, clinic, admission; the class follows, the card opens."""
        for index, (touchpoint, code) in enumerate(
            (
                ("checkup", "healthy"),
                ("clinic", "outpatient"),
                ("admission", "inpatient"),
            )
        ):
            form = self._form(default_touchpoint=touchpoint)
            form.name = f"赵{'甲乙丙'[index]}"
            action = form.save().action_register()
            person = self.env["res.partner"].browse(action["context"]["active_id"])
            self.assertEqual(action["tag"], "hcrm_core.card")
            self.assertEqual(person.hcrm_file_ids.opened_touchpoint, touchpoint)
            self.assertEqual(person.hcrm_file_ids.class_id.code, code)
            self.assertEqual(person.hcrm_file_ids.campus_id, self.campus_main)

    def test_the_number_fills_birth_date_and_sex(self):
        form = self._form()
        form.name = "李明"
        form.id_number = make_ric("71000019750103001")
        self.assertEqual(form.birthdate, date(1975, 1, 3))
        self.assertEqual(form.gender, "male")
        self.assertFalse(form.candidate_ids[:])

    def test_duplicates_while_typing(self):
        """F11: listed beside the form by name, by phone, by number."""
        form = self._form()
        form.name = "王芳"
        self.assertEqual(form.candidate_ids.ids, self.wang.ids)
        form.birthdate = date(1930, 1, 1)
        self.assertEqual(form.candidate_ids.ids, [])
        form.birthdate = False
        form.name = "李红"
        self.assertEqual(form.candidate_ids.ids, [])
        form.phone = "9013912345678"
        self.assertEqual(form.candidate_ids.ids, self.wang.ids)
        form.phone = False
        form.id_number = self.ric
        self.assertEqual(form.candidate_ids.ids, self.wang.ids)
        self.assertIn("already", form.notice)

    def test_the_desk_decides_on_duplicates(self):
        form = self._form()
        form.name = "王芳"
        wizard = form.save()
        with self.assertRaisesRegex(UserError, "may be the same"):
            wizard.action_register()
        wizard.is_another_person = True
        action = wizard.action_register()
        self.assertNotEqual(action["context"]["active_id"], self.wang.id)

    def test_consent_at_the_desk(self):
        """R3"""
        env_b = self._as("agent_b")
        form = Form(env_b["hcrm.registration"])
        form.name = "王芳"
        form.id_number = self.ric
        self.assertTrue(form.is_known_in_group)
        self.assertEqual(form.candidate_ids.ids, [])
        self.assertNotIn("5678", form.notice)
        wizard = form.save()
        with self.assertRaisesRegex(UserError, "consent"):
            wizard.action_register()
        wizard.consent = True
        action = wizard.action_register()
        self.assertEqual(action["context"]["active_id"], self.wang.id)

    def test_cost_does_not_grow_with_namesakes(self):
        for index in range(3):
            self._make_person("李丽", phone=f"1370000000{index}")
        counts = []
        for size in (3, 3, 5):
            while self.desk["res.partner"].search_count([("name", "=", "李丽")]) < size:
                self._make_person("李丽")
            self.env.flush_all()
            self.desk.invalidate_all()
            before = self.cr.sql_log_count
            answer = self._register("front_desk", name="李丽")
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(len(answer["candidates"]), size)
        self.assertEqual(counts[1], counts[2])
