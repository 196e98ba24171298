"""E-mails of the outbox: sent through Odoo's mail server, reports and replies read."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .governor_common import GovernorCommon
from .mail_exchanger import MailExchanger
from .test_message_mail_server import DSN

REPLY = """\
From: {sender}
To: care@hospital.test
Message-Id: <{number}@example.test>
In-Reply-To: <{uuid}@hospital.test>
Content-Type: text/plain; charset=utf-8

{text}
"""


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageMail(GovernorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.exchanger = MailExchanger()
        cls.exchanger.start()
        cls.addClassCleanup(cls.exchanger.stop)
        cls.server = cls.env["ir.mail_server"].create(
            {
                "name": "Relay",
                "smtp_host": "127.0.0.1",
                "smtp_port": cls.exchanger.port,
                "smtp_encryption": "none",
                "from_filter": "hospital.test",
            }
        )
        cls.gateway = cls.env["hcrm.gateway"].create(
            {
                "name": "Mail",
                "company_id": cls.company_a.id,
                "kind": "email",
                "channel": "email",
                "mail_server_id": cls.server.id,
                "email_from": "Hospital A <care@hospital.test>",
                "email_bounce": "bounce@hospital.test",
                "signature": "Hospital A",
                "rate": 0,
            }
        )
        cls.company_a.hcrm_public_url = "https://my.hospital.example/"

    def setUp(self):
        super().setUp()
        cron = type(self.env["ir.cron"])
        self.patch(cron, "_commit_progress", lambda *_args, **_kwargs: float("inf"))
        # Odoo sends nothing while it tests; this server is the test's own
        self.patch(type(self.server), "_disable_send", lambda _self: False)
        self.exchanger.received.clear()
        self.exchanger.moods.clear()
        self.Message = self.env["hcrm.message"]

    def _person(self, told="consent=marketing"):
        person = self._make_situation_person(
            self._tokens(told), fields.Datetime.now() - timedelta(days=1)
        )
        self.point = self.env["hcrm.contact.point"].create(
            {
                "partner_id": person.id,
                "company_id": self.company_a.id,
                "system": "email",
                "value": f"P{person.id}@Example.test",
                "is_verified": True,
            }
        )
        return person

    def _send(self, person=None, purpose="care", **vals):
        """Queue, claim whatever the hour, send."""
        person = person or self._person()
        message = self.Message._queue(
            [
                {
                    "partner_id": person.id,
                    "company_id": self.company_a.id,
                    "purpose": purpose,
                    "channel": "email",
                    "is_urgent": True,
                    "subject": "Your visit",
                    "body": "Bring your papers.",
                    **vals,
                }
            ]
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE hcrm_message SET state = 'claimed', verdict = 'allow', date_judged ="
            " now() AT TIME ZONE 'UTC', date_sent = now() AT TIME ZONE 'UTC', address ="
            " %s WHERE id = %s",
            (f"p{person.id}@example.test", message.id),
        )
        self.env.invalidate_all()
        with self.enter_registry_test_mode():
            self.Message._hand_over(message)
        return message

    def _come_in(self, text):
        self.env["mail.thread"].message_process(False, text)
        self.env["hcrm.message.event"]._apply_batch()

    def _dsn(self, message, action="failed", status="5.1.1"):
        return DSN.format(uuid=message.uuid, action=action, status=status)

    def _content(self):
        return self.exchanger.received[-1][2].decode()

    # ------------------------------------------------------------------
    # out
    # ------------------------------------------------------------------

    def test_sent_through_the_mail_server(self):
        """Accepted, one part, under the bounce address that names the message."""
        message = self._send()
        self.assertEqual((message.state, message.parts), ("accepted", 1))
        sender, recipient, _content = self.exchanger.received[0]
        self.assertEqual(sender, f"bounce+{message.uuid}@hospital.test")
        self.assertEqual(recipient, message.address)
        self.assertIn("From: Hospital A <care@hospital.test>", self._content())
        self.assertIn("Subject: Your visit", self._content())

    def test_outreach_has_its_way_out(self):
        """One click in the header, the page of choices in the words (R5, F105)."""
        self._send(purpose="marketing")
        content = self._content().replace("=\r\n", "").replace("=3D", "=")
        self.assertIn(
            "List-Unsubscribe: <https://my.hospital.example/hcrm/unsubscribe/", content
        )
        self.assertIn("https://my.hospital.example/hcrm/preferences/", content)
        self._send(purpose="care")
        self.assertNotIn("hcrm/preferences", self._content())

    def test_neutral_subject(self):
        """Where others read along, not even the subject names it (R4)."""
        message = self._send()
        message.write({"is_neutral": True, "is_clinical": True})
        self.assertNotIn("visit", self.gateway._subject(message))
        self.assertIn(self.company_a.name, self.gateway._subject(message))

    def test_refused_at_once(self):
        """No such mailbox, said by the server itself: the address is wrong."""
        person = self._person()
        self.exchanger.moods[f"p{person.id}"] = "550 5.1.1 Unknown"
        message = self._send(person)
        self.assertEqual((message.state, message.failure), ("failed", "address"))
        self.assertTrue(self.point.is_wrong)
        self.assertFalse(self.point.is_verified)

    def test_busy_mailbox_is_tried_again(self):
        """Somebody's full mailbox is no outage of ours."""
        person = self._person()
        self.exchanger.moods[f"p{person.id}"] = "452 4.2.2 Full"
        message = self._send(person)
        self.assertEqual((message.state, message.failure), ("queued", "later"))
        self.assertFalse(self.gateway.fail_count)
        self.assertFalse(self.point.is_wrong)

    def test_settings(self):
        """An address that is none, and one that the server will not send for."""
        with self.assertRaises(ValidationError):
            self.gateway.email_from = "nobody"
        self.gateway.email_from = "care@other.test"
        with self.enter_registry_test_mode():
            self.gateway.action_check()
        self.assertIn("care@other.test", self.gateway.health)
        self.gateway.email_from = "care@hospital.test"
        with self.enter_registry_test_mode():
            self.gateway.action_check()
        self.assertIn("250", self.gateway.health)

    # ------------------------------------------------------------------
    # reports
    # ------------------------------------------------------------------

    def test_hard_bounce(self):
        """A report of the mail server fails the message and marks the address."""
        message = self._send()
        self._come_in(self._dsn(message))
        self.assertEqual((message.state, message.failure), ("failed", "address"))
        self.assertNotIn(message.address, message.failure_text)
        self.assertTrue(self.point.is_wrong)

    def test_soft_bounces(self):
        """A delay changes nothing; a full mailbox fails, and the address stays."""
        message = self._send()
        self._come_in(self._dsn(message, "delayed", "4.2.2"))
        self.assertEqual(message.state, "accepted")
        self._come_in(self._dsn(message, "failed", "5.2.2").replace("20261125.1", "2"))
        self.assertEqual((message.state, message.failure), ("failed", "full"))
        self.assertFalse(self.point.is_wrong)

    def test_report_twice(self):
        """The same report again is not told again."""
        message = self._send()
        for _time in range(2):
            self._come_in(self._dsn(message))
        self.assertEqual(
            self.env["hcrm.message.event"].search_count([("uuid", "=", message.uuid)]),
            1,
        )

    # ------------------------------------------------------------------
    # replies
    # ------------------------------------------------------------------

    def _reply(self, message, sender="lin@example.test", text="I cannot come."):
        return REPLY.format(sender=sender, uuid=message.uuid, number="r1", text=text)

    def test_reply_on_the_card(self):
        """Whatever address it comes from; twice the same Message-Id is one (F106)."""
        message = self._send()
        for _time in range(2):
            self._come_in(self._reply(message, "daughter@elsewhere.test"))
        (row,) = self.env["hcrm.inbound"].search([("answers_id", "=", message.id)])
        self.assertEqual(row.partner_id, message.partner_id)
        self.assertEqual((row.body, row.channel), ("I cannot come.", "email"))

    def test_opt_out_by_reply(self):
        """The words that end outreach work in an e-mail too (R9)."""
        message = self._send(purpose="marketing")
        self._come_in(self._reply(message, message.address, "退订"))
        decision = self.env["hcrm.consent"]._current(message.partner_id, self.company_a)
        self.assertEqual(decision[("marketing", False)].decision, "withdrawn")

    def test_unknown_sender_waits_for_triage(self):
        """A mail to our address that answers nothing waits for somebody to say whose."""
        self._come_in(
            "From: who@example.test\nTo: care@hospital.test\nMessage-Id: <n@x>\n\nHello"
        )
        row = self.env["hcrm.inbound"].search([("peer", "=", "who@example.test")])
        self.assertEqual((row.state, row.body), ("triage", "Hello"))

    def test_other_mail_takes_odoos_way(self):
        """What is not ours is left to Odoo."""
        self.assertFalse(
            self.env["hcrm.mail.intake"]._take(
                b"From: a@b.c\nTo: sales@hospital.test\nMessage-Id: <n@x>\n\nHello"
            )
        )
