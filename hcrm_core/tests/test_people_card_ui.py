from datetime import datetime, timedelta

from odoo.tests import HttpCase, tagged

from .common import HcrmWorld


class CardUiCase(HcrmWorld, HttpCase):
    """A patient with three pages of visits, seen in the browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls.patient = cls._make_person("Wang Fang", phone="13900000001", mrn="M1")
        cls._add_relation(cls.patient, cls._make_person("Li Ming"), "child")
        cls._add_story(cls.patient)
        cls._add_appointment(cls.patient, date_start=datetime(2099, 1, 1))
        for index in range(90):
            start = datetime(2026, 3, 1) - timedelta(days=index)
            cls._add_encounter(cls.patient, date_start=start, number=f"V{index}")
        for index in range(3):
            cls._add_observation(
                cls.patient,
                value=130 + index,
                date=datetime(2026, 2, 1 + index),
                ref_low=90,
                ref_high=140,
            )


@tagged("post_install", "-at_install")
class TestPeopleCardUi(CardUiCase):
    def test_card_on_a_desktop(self):
        """F15, F12: from the form to the card, filters, endless scroll, health tab."""
        self.start_tour(
            f"/odoo/res.partner/{self.patient.id}", "hcrm_card_desktop", login="nurse"
        )

    def test_card_survives_a_reload(self):
        """The address names the person."""
        self.browser_js(
            f"/odoo/hcrm-card/{self.patient.id}",
            "console.log('test successful')",
            "document.querySelector('.o_hcrm_card_name')?.innerText === 'Wang Fang'"
            " && document.querySelector('.o_hcrm_card_item')"
            f" && location.pathname === '/odoo/hcrm-card/{self.patient.id}'",
            login="front_desk",
        )


@tagged("post_install", "-at_install")
class TestPeopleCardPhone(CardUiCase):
    browser_size = "390x844"
    touch_enabled = True

    def test_card_on_a_phone(self):
        """F79: one column, name and tabs in sight, nothing wider than the screen."""
        self.start_tour(
            f"/odoo/hcrm-card/{self.patient.id}", "hcrm_card_phone", login="centre_head"
        )
