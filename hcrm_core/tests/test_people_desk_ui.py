from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import HcrmWorld


class DeskUiCase(HcrmWorld, HttpCase):
    """14 namesakes, one of whom is booked about now, and a guest under alias."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls.namesakes = [
            cls._make_person(
                "王伟",
                phone=f"1390000{n:04}",
                hcrm_gender="male",
                hcrm_birthdate=f"{1950 + n}-01-31",
            )
            for n in range(14)
        ]
        cls.person = cls.namesakes[7]
        cls.person._hcrm_refresh()
        cls.appointment = cls._add_appointment(
            cls.person, date_start=fields.Datetime.now()
        )
        cls.users["front_desk"].hcrm_campus_id = cls.campus_main


@tagged("post_install", "-at_install", "hcrm_desk_ui")
class TestDeskUi(DeskUiCase):
    def test_front_desk_tour(self):
        """R22: 王伟 among 14, arrived, phone with whose, proxy - without a detour."""
        self.start_tour("/odoo", "hcrm_desk_front_tour", login="front_desk")
        self.assertEqual(self.appointment.greeted_by_id, self.users["front_desk"])
        points = self.person.hcrm_contact_point_ids.sorted("rank")
        self.assertRecordValues(
            points,
            [
                {"number": "+8613900008888", "whose": "mother", "is_wrong": False},
                {"number": "+8613900000007", "whose": "self", "is_wrong": True},
            ],
        )
        relation = self.person.hcrm_relation_ids
        self.assertRecordValues(
            relation, [{"kind": "spouse", "is_proxy": True, "proxy_scope": "booking"}]
        )
        self.assertEqual(relation.relative_id.name, "陈新人")

    def test_vip_centre_tour(self):
        """R22: who greets and the room are written in place, under alias."""
        star = self._make_person(
            "刘德华", confidentiality="public", alias="Guest 7", is_vip=True
        )
        secretary = self._make_person("陈秘书", class_code="family")
        self._add_relation(star, secretary, kind="companion")
        self._add_appointment(star, date_start=fields.Datetime.now())
        self.start_tour("/odoo", "hcrm_desk_vip_tour", login="vip_centre")
        self.assertRecordValues(
            self.env["hcrm.reception"].search([("partner_id", "=", star.id)]),
            [
                {
                    "greeter_id": self.users["vip_centre"].id,
                    "room": "Lounge 2",
                    "companion_id": secretary.id,
                    "state": "greeted",
                }
            ],
        )


@tagged("post_install", "-at_install", "hcrm_desk_ui")
class TestDeskMobileUi(DeskUiCase):
    browser_size = "390x844"
    touch_enabled = True

    def test_front_desk_at_390_px(self):
        """F79: one column and targets for a thumb on a phone."""
        self.start_tour("/odoo", "hcrm_desk_front_mobile_tour", login="front_desk")
