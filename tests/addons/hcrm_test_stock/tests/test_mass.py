from unittest.mock import patch

from odoo.tests import freeze_time, tagged

from odoo.addons.hcrm_core.tests.test_message_stock import (
    EVENING,
    MORNING,
    StockCommon,
)
from odoo.addons.mail.tests.common import MailCase


class Answer:
    """What Twilio says to a text it takes."""

    ok = True

    def json(self):
        return {"sid": "SM1"}


@tagged("post_install", "-at_install", "hcrm_module_set")
@freeze_time(MORNING)
class TestStockMass(StockCommon, MailCase):
    """Mass texts and mails: judged one by one, and every trace closes (D1, C1-C4)."""

    def _mailing(self, people, kind):
        return self.env["mailing.mailing"].create(
            {
                "subject": "Spring offer",
                "mailing_type": kind,
                "body_plaintext": "Spring offer",
                "body_html": "<p>Spring offer</p>",
                "mailing_model_id": self.env.ref("base.model_res_partner").id,
                "mailing_domain": repr([("id", "in", people.ids)]),
                "sms_force_send": True,
            }
        )

    def _people(self):
        people = self.env["res.partner"]
        for told in ("consent=marketing", "", "reported=deceased consent=marketing"):
            person = self._person(told)
            person.write(
                {"phone": f"+86{self.number}", "email": f"p{self.counter}@example.com"}
            )
            people |= person
        return people

    def _traces(self, mailing):
        self.env.invalidate_all()
        return [
            (trace.trace_status, trace.failure_reason or "")
            for trace in mailing.mailing_trace_ids.sorted("res_id")
        ]

    def test_mass_texts(self):
        """One of three may get it; the traces of the others say why not."""
        mailing = self._mailing(self._people(), "sms")
        with self.mockSMSGateway():
            mailing.action_send_sms()
        agreed, asked_never, dead = self._traces(mailing)
        self.assertEqual(len(self._sms), 1)
        self.assertEqual(agreed[0], "pending")
        self.assertEqual(asked_never[0], "cancel")
        self.assertIn("did not agree", asked_never[1])
        self.assertIn("died", dead[1])
        self.assertEqual(mailing.state, "done")

    def test_mass_texts_wait(self):
        """At night the trace stays open, until the text went in the morning."""
        person = self._people()[0]
        mailing = self._mailing(person, "sms")
        with freeze_time(EVENING), self.mockSMSGateway():
            mailing.action_send_sms()
        self.assertEqual(self._traces(mailing), [("outgoing", "")])
        with freeze_time("2026-03-12 01:00:00"), self.mockSMSGateway():
            self.env["sms.sms"]._process_queue()
        self.assertEqual(self._traces(mailing), [("pending", "")])

    def test_mass_mails(self):
        """The same for mails."""
        mailing = self._mailing(self._people(), "mail")
        mailing.state = "in_queue"
        with self.mock_mail_gateway():
            mailing.action_send_mail()
            self.env["mail.mail"].search([("state", "=", "outgoing")]).send()
        agreed, asked_never, dead = self._traces(mailing)
        self.assertEqual(agreed[0], "sent")
        self.assertEqual((asked_never[0], dead[0]), ("cancel", "cancel"))
        self.assertIn("did not agree", asked_never[1])
        self.assertEqual(len(self._mails), 1)

    def test_twilio(self):
        """Behind the gate Twilio stays as it is, for the company that uses it."""
        self.company_a.sudo().write(
            {
                "sms_provider": "twilio",
                "sms_twilio_account_sid": "AC" + "1" * 32,
                "sms_twilio_auth_token": "2" * 32,
            }
        )
        dead = self._text(self._person("reported=deceased"), "care")
        alive = self._text(self._person(), "care")
        with (
            freeze_time(MORNING),
            patch(
                "odoo.addons.sms_twilio.tools.sms_api.SmsApiTwilio"
                "._sms_twilio_send_request",
                return_value=Answer(),
            ) as post,
        ):
            (dead | alive).send()
            self.assertEqual(post.call_count, 1)
            self.assertEqual((dead.state, alive.state), ("canceled", "pending"))
            message = self._hand_over()
        self.assertEqual(message.state, "accepted")
        row = self.env["sms.sms"].search([("hcrm_message_id", "=", message.id)])
        self.assertEqual(row.record_company_id, self.company_a)

    def _hand_over(self):
        """The outbox through the same account (gateway kind ``odoo``)."""
        self.env["hcrm.gateway"].create(
            {
                "name": "Odoo",
                "company_id": self.company_a.id,
                "kind": "odoo",
                "rate": 0,
            }
        )
        Message = self.env["hcrm.message"]
        message = Message._queue(
            [
                {
                    "partner_id": self._person().id,
                    "company_id": self.company_a.id,
                    "purpose": "care",
                    "channel": "sms",
                    "body": "Bring your papers",
                }
            ]
        )
        Message._hand_over(Message._claim())
        self.env.invalidate_all()
        return message
