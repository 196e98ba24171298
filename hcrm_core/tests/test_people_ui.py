import json
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import HcrmWorld


@tagged("post_install", "-at_install")
class TestPeopleUi(HcrmWorld, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls.wang = cls._make_person(
            "王芳",
            phone="13912345678",
            mrn="MR0001",
            hcrm_gender="female",
            hcrm_birthdate="1980-05-12",
            is_vip=True,
        )
        cls.li = cls._make_person("李明", phone="13700000001")

    def test_people_search_tour(self):
        """R13, F14: found by initials in list, cards and form; the ribbon of a VIP."""
        self.start_tour("/odoo/people", "hcrm_people_search", login="front_desk")

    def test_registration_tour(self):
        """F11: registered at admission after a look at possible duplicates."""
        self.start_tour("/odoo/people", "hcrm_registration", login="front_desk")
        person = self.env["res.partner"].search([("name", "=", "赵云")])
        self.assertEqual(person.hcrm_file_ids.opened_touchpoint, "admission")
        self.assertEqual(person.hcrm_file_ids.opened_by_id.login, "front_desk")
        self.assertEqual(person.phone, "+8613987654321")

    def test_record_lists_tour(self):
        """F12, F13: who has penicillin allergy."""
        self._add_encounter(self.wang)
        self._add_allergy(self.wang, reaction="Rash")
        self.start_tour(
            "/odoo/action-hcrm_core.hcrm_allergy_action",
            "hcrm_record_lists",
            login="nurse",
        )

    def test_register_and_find_by_phone_over_json2(self):
        """F1, F10, R3, R14: an integrator's calls; another entity learns nothing."""
        answer = self._call(
            "integrator",
            "hcrm_register",
            vals={"name": "钱多", "phone": "13600002222", "touchpoint": "checkup"},
        )
        self.assertTrue(answer["created"])
        (row,) = self._call("integrator", "hcrm_find_by_phone", number="9013600002222")
        self.assertEqual(
            (row["id"], row["class"]), (answer["id"], "Healthy or sub-healthy")
        )
        self._add_identifier(self.wang, "ppn", "EA1234567")
        answer = self._call(
            "agent_b",
            "hcrm_register",
            vals={
                "name": "王芳",
                "identity_type": "PPN",
                "identity_number": "EA1234567",
            },
        )
        self.assertFalse(answer["id"])
        self.assertEqual(answer["candidates"], [])
        self.assertEqual(answer["warnings"][0]["code"], "known_in_group")

    def _call(self, role, method, **arguments):
        """Call a method of res.partner as an external system does."""
        user = self.users[role]
        end = fields.Datetime.now() + timedelta(hours=1)
        key = self.env["res.users.apikeys"].with_user(user)._generate("rpc", "t", end)
        response = self.url_open(
            f"/json/2/res.partner/{method}",
            data=json.dumps(arguments),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
            },
        )
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()
