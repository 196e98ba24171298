from odoo.tests import HttpCase, tagged

from .common import HcrmWorld


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageContactUi(HcrmWorld, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()

    def test_contact_tour(self):
        """The card says why nothing may be sent; consent and a reported death are a
        few clicks (R5, R12, F100)."""
        person = self._make_person("林晓", phone="13900001111")
        self.start_tour(
            f"/odoo/hcrm-card/{person.id}", "hcrm_contact_tour", login="agent"
        )
        self.assertEqual(person.hcrm_consent_ids.decision, "granted")
        self.assertEqual(person.hcrm_report_ids.kind, "deceased")

    def test_sheet_over_the_api(self):
        """Integrators read and record consent; the answer says why (R5)."""
        person = self._make_person("林晓", phone="13900001111")
        env = self._as("integrator")
        Partner = env["res.partner"]
        row = Partner.hcrm_set_consent(
            person.id, "marketing", "granted", source="web", key="form:1"
        )
        again = Partner.hcrm_set_consent(
            person.id, "marketing", "granted", source="web", key="form:1"
        )
        self.assertEqual(row, again)
        self.assertEqual(Partner.hcrm_get_consents(person.id)[0]["decision"], "granted")
        answer = Partner.hcrm_may_contact(person.id, "research", "sms")
        self.assertEqual(
            (answer["verdict"], answer["reason"]), ("refuse", "no_consent")
        )
        self.assertIn("did not agree", answer["sentence"])

    def test_sheet_query_count(self):
        """The sheet costs the same with 2 and with 50 messages."""
        counts = []
        for size in (2, 50):
            person = self._make_person("林晓", phone=f"1390000{size:04d}")
            self.env["hcrm.message"]._queue(
                [
                    {
                        "partner_id": person.id,
                        "company_id": self.company_a.id,
                        "channel": "sms",
                        "purpose": "care",
                    }
                ]
                * size
            )
            env = self._as("agent")
            env["res.partner"].hcrm_get_contact(person.id)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            env["res.partner"].hcrm_get_contact(person.id)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_matrix(self):
        """Adult with a mobile number: care may go by text and call, not by e-mail."""
        person = self._make_person("林晓", phone="13900001111")
        sheet = self._as("agent")["res.partner"].hcrm_get_contact(person.id)
        codes = [channel["code"] for channel in sheet["channels"]]
        self.assertEqual(codes, ["sms", "call", "email", "wechat"])
        care = {
            c: x["reason"]
            for c, x in zip(codes, sheet["rows"][0]["cells"], strict=True)
        }
        self.assertIn(care["sms"], ("ok", "window"))
        self.assertIn(care["call"], ("ok", "window"))
        self.assertEqual(care["email"], "no_address")
