from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import HcrmCommon


@tagged("post_install", "-at_install", "hcrm_desk")
class TestDeskContact(HcrmCommon):
    """R22: correct a phone (asks whose) and add a proxy, from the row of an arrival."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users["front_desk"].hcrm_campus_id = cls.campus_main
        cls.desk = cls._as("front_desk")["hcrm.desk.contact"]
        cls.person = cls._make_person("王伟", phone="13900001234")
        cls.mother = cls._make_person("李红", phone="13900007777", hcrm_gender="female")
        cls.point = cls.person.hcrm_contact_point_ids

    def _phones(self):
        self.env.invalidate_all()
        return [
            (point.value, point.whose, point.use, point.is_wrong)
            for point in self.person.hcrm_contact_point_ids.sorted("rank")
        ]

    # ------------------------------------------------------------------
    # PHONE
    # ------------------------------------------------------------------

    def test_wrong_number_is_replaced_and_kept_as_wrong(self):
        contact = self.desk.correct_phone(
            self.person.id, "13900007777", "mother", self.point.id, "wrong"
        )
        self.assertEqual(
            self._phones(),
            [
                ("13900007777", "mother", "mobile", False),
                ("13900001234", "self", "mobile", True),
            ],
        )
        self.assertEqual(
            [(phone["value"], phone["is_wrong"]) for phone in contact["phones"]],
            [("13900007777", False), ("13900001234", True)],
        )
        # the desk, the partner and the search follow at once
        self.assertEqual(contact["person"]["phone_tail"], "7777")
        self.assertEqual(self.person.phone, "+8613900007777")
        found = self.desk.env["res.partner"].hcrm_desk_search("13900007777")
        self.assertIn(self.person.id, [line["id"] for line in found["people"]])

    def test_number_given_up(self):
        self.desk.correct_phone(
            self.person.id, "13900008888", "self", self.point.id, "old"
        )
        self.assertEqual(
            self._phones(),
            [
                ("13900008888", "self", "mobile", False),
                ("13900001234", "self", "old", False),
            ],
        )

    def test_one_more_number_stands_first(self):
        self.desk.correct_phone(self.person.id, "61234567", "spouse")
        self.assertEqual(
            self._phones(),
            [
                ("61234567", "spouse", "home", False),
                ("13900001234", "self", "mobile", False),
            ],
        )

    def test_wrong_number_that_is_right_after_all(self):
        """Typing a known number again takes the mark back; no second row."""
        self.point.is_wrong = True
        self.desk.correct_phone(self.person.id, "139 0000 1234", "self", self.point.id)
        self.assertEqual(
            [row[1:] for row in self._phones()], [("self", "mobile", False)]
        )

    def test_whose_is_always_asked(self):
        for whose in ("", False, "neighbour"):
            with self.assertRaisesRegex(UserError, "whose number"):
                self.desk.correct_phone(self.person.id, "13900008888", whose)

    def test_number_of_nobody_is_refused(self):
        """R14: service numbers and the hospital's own reach no patient."""
        self.campus_main.own_numbers = "021-6123"
        for value in ("95588", "12345", "61230000", "***"):
            self.assertTrue(self.desk.preview_phone(self.person.id, value)["is_junk"])
            with self.assertRaisesRegex(UserError, "nobody in particular"):
                self.desk.correct_phone(self.person.id, value, "self")

    def test_preview_reads_and_names_others(self):
        """R14: the area code of the campus, and whose card has the number too."""
        preview = self.desk.preview_phone(self.person.id, "61234567转8012")
        self.assertEqual(
            (preview["number"], preview["extension"]), ("02161234567", "8012")
        )
        self.assertTrue(preview["is_read"])
        preview = self.desk.preview_phone(self.person.id, "139-0000-7777")
        self.assertEqual([line["name"] for line in preview["others"]], ["李红"])

    def test_number_of_a_restricted_person_names_nobody(self):
        """R8: not even that somebody has the number."""
        self._make_person(
            "刘德华", phone="13900009999", confidentiality="public", alias="Guest 7"
        )
        preview = self.desk.preview_phone(self.person.id, "13900009999")
        self.assertEqual(preview["others"], [])

    # ------------------------------------------------------------------
    # RELATIVE
    # ------------------------------------------------------------------

    def test_known_relative_as_proxy(self):
        """R4: a proxy has a scope and an end."""
        self.desk.add_relative(
            self.person.id,
            {
                "relative_id": self.mother.id,
                "kind": "mother",
                "is_proxy": True,
                "proxy_scope": "results",
                "date_end": "2099-12-31",
            },
        )
        relation = self.env["hcrm.person.relation"].search(
            [("partner_id", "=", self.person.id)]
        )
        self.assertRecordValues(
            relation,
            [
                {
                    "relative_id": self.mother.id,
                    "company_id": self.company_a.id,
                    "kind": "mother",
                    "is_proxy": True,
                    "proxy_scope": "results",
                }
            ],
        )
        # told again: the same relation, now without the right to decide
        contact = self.desk.add_relative(
            self.person.id,
            {"relative_id": self.mother.id, "kind": "mother", "is_proxy": False},
        )
        self.assertEqual(len(contact["relatives"]), 1)
        self.assertRecordValues(relation, [{"is_proxy": False, "proxy_scope": False}])

    def test_new_relative_becomes_a_person(self):
        """F2: a companion is a person of class family, found by name and phone."""
        contact = self.desk.add_relative(
            self.person.id, {"name": "陈明", "phone": "13900006666", "kind": "spouse"}
        )
        relative = self.env["res.partner"].browse(contact["relatives"][0]["id"])
        self.assertEqual(relative.hcrm_file_ids.class_id.code, "family")
        self.assertEqual(relative.hcrm_metrics_id.id, relative.id)
        for text in ("陈明", "cm", "13900006666"):
            found = self.desk.env["res.partner"].hcrm_desk_search(text)
            self.assertIn(relative.id, [line["id"] for line in found["people"]], text)

    def test_who_must_not_be_told_decides_nothing(self):
        for right in ("is_proxy", "is_guardian"):
            with self.assertRaisesRegex(UserError, "one of the two"):
                self.desk.add_relative(
                    self.person.id,
                    {
                        "relative_id": self.mother.id,
                        "kind": "mother",
                        "must_not_know": True,
                        right: True,
                    },
                )

    def test_incomplete_relatives_say_what_is_missing(self):
        with self.assertRaisesRegex(UserError, "what the relative is"):
            self.desk.add_relative(self.person.id, {"relative_id": self.mother.id})
        with self.assertRaisesRegex(UserError, "name of somebody new"):
            self.desk.add_relative(self.person.id, {"kind": "mother", "name": " "})

    # ------------------------------------------------------------------
    # ACCESS
    # ------------------------------------------------------------------

    def test_hidden_person_and_none_look_the_same(self):
        """R8, R3: the refusal does not tell whether there is somebody."""
        star = self._make_person("刘德华", confidentiality="public", alias="Guest 7")
        messages = set()
        for env, partner_id in (
            (self._as("front_desk"), star.id),
            (self._as("front_desk"), 2**30),
            (self._as("agent_b"), self.person.id),
        ):
            with (
                mute_logger("odoo.addons.base.models.ir_rule"),
                self.assertRaises(AccessError) as caught,
            ):
                env["hcrm.desk.contact"].get_contact(partner_id)
            messages.add(str(caught.exception))
        self.assertEqual(len(messages), 1)

    def test_roles_without_the_right_to_register_write_nothing(self):
        desk = self._as("doctor")["hcrm.desk.contact"]
        with (
            mute_logger("odoo.addons.base.models.ir_model"),
            self.assertRaises(AccessError),
        ):
            desk.correct_phone(self.person.id, "13900008888", "self")
        with (
            mute_logger("odoo.addons.base.models.ir_model"),
            self.assertRaises(AccessError),
        ):
            desk.add_relative(
                self.person.id, {"relative_id": self.mother.id, "kind": "mother"}
            )
