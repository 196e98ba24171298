from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCase

from .common import HcrmCommon


@tagged("post_install", "-at_install", "hcrm_core_security")
class TestGuardBreakGlass(HcrmCommon, MailCase):
    """R8: break-glass needs a reason and tells the privacy officer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls._make_person(
            "Gao Secret", mrn="S-1234", confidentiality="sensitive", alias="Guest 9"
        )
        cls._add_story(cls.person)
        cls._make_person("Other House", cls.company_b, mrn="B-1")

    def _open(self, role, number, reason="collapsed at the desk"):
        wizard = self._as(role)["hcrm.break.glass"].create(
            {"person_number": number, "reason": reason}
        )
        return wizard.action_open()

    def _tries(self):
        return self.env["hcrm.access.log"].search([("kind", "=", "break_glass")])

    def test_the_glass_is_broken(self):
        env = self._as("doctor")
        seen = self.person.with_env(env)
        self.assertFalse(env["res.partner"].search([("id", "=", self.person.id)]))
        with self.mock_mail_gateway():
            action = self._open("doctor", "s-1234", "collapsed on ward 3")
        self.assertEqual(action["context"]["active_id"], self.person.id)
        self.assertEqual(action["target"], "main")
        self.assertTrue(seen._filtered_access("read"))
        self.assertTrue(env["hcrm.condition"].search([("partner_id", "=", seen.id)]))
        grant = self.person.hcrm_access_ids
        self.assertRecordValues(
            grant,
            [
                {
                    "kind": "break_glass",
                    "user_id": env.uid,
                    "reason": "collapsed on ward 3",
                }
            ],
        )
        self.assertEqual((grant.date_end - grant.date_start).total_seconds(), 4 * 3600)
        log = self._tries()
        self.assertRecordValues(
            log,
            [{"user_id": env.uid, "reason": "collapsed on ward 3", "query": "…1234"}],
        )
        self.assertEqual(log.person_ids, self.person.ids)
        officer = self.users["privacy_officer"]
        mail = self._new_mails.filtered(
            lambda mail: officer.partner_id in mail.recipient_ids
        )
        self.assertEqual(len(mail), 1)
        for text in ("Gao", "Guest 9", "S-1234", "ward 3"):
            self.assertNotIn(text, f"{mail.subject} {mail.body_html}")
        self.assertIn("Test doctor", mail.body_html)

    def test_the_grant_ends(self):
        self.env["ir.config_parameter"].set_param("hcrm_core.break_glass_hours", "1")
        self._open("front_desk", "S-1234")
        grant = self.person.hcrm_access_ids
        self.assertEqual((grant.date_end - grant.date_start).total_seconds(), 3600)
        grant.write({"date_start": "2026-01-01", "date_end": fields.Datetime.now()})
        env = self._as("front_desk")
        self.assertFalse(env["res.partner"].search([("id", "=", self.person.id)]))

    def test_a_miss_is_an_ordinary_miss(self):
        """Part of a number, a wrong one and another hospital's tell the same."""
        answers = {
            self._open("nurse", number)["params"]["message"].replace(number, "X")
            for number in ("S-123", "B-1", "404")
        }
        self.assertEqual(len(answers), 1)
        self.assertFalse(self.person.hcrm_access_ids)
        self.assertEqual(self._tries().mapped("person_count"), [0, 0, 0])

    def test_numbers_are_not_tried_out(self):
        for number in range(5):
            self._open("nurse", str(number))
        with self.assertRaisesRegex(UserError, "within an hour"):
            self._open("nurse", "S-1234")
        self.assertFalse(self.person.hcrm_access_ids)
        self._open("doctor", "S-1234")

    def test_a_reason_is_needed(self):
        with self.assertRaisesRegex(UserError, "in a few words"):
            self._open("nurse", "S-1234", "x  ")

    def test_an_open_file_needs_no_grant(self):
        person = self._make_person("Plain", mrn="P-1")
        action = self._open("front_desk", "P-1")
        self.assertEqual(action["context"]["active_id"], person.id)
        self.assertFalse(person.hcrm_access_ids)

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_clinical_roles_and_front_desk_only(self):
        for role in ("marketing", "agent", "manager", "integrator", "centre_head"):
            with self.assertRaises(AccessError):
                self._open(role, "S-1234")
