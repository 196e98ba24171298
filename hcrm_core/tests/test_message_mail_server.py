"""The e-mail provider over real SMTP, and how mail that comes in is read."""

import email
import email.policy
import smtplib
import socket

from odoo.tests import BaseCase, tagged

from odoo.addons.hcrm_core.providers.base import GatewayConfig, Outgoing, provider_class
from odoo.addons.hcrm_core.providers.mail_reading import read
from odoo.addons.hcrm_core.providers.mail_status import failure_of
from odoo.addons.hcrm_core.tools.mail_text import html_of, without_quotes

from .mail_exchanger import MailExchanger
from .provider_contract import ProviderContract

UUID = "1b671a64-40d5-491e-99b0-da01ff1f3341"
LINK = "https://my.hospital.example/hcrm/unsubscribe/" + "AbCd" * 40
MOODS = {
    "bad": "550 5.1.1 User unknown",
    "busy": "451 4.7.1 Greylisted, come back",
    "full": "552 5.2.2 Mailbox full",
    "spam": "data:554 5.7.1 Looks like spam",
}
DSN = """\
From: MAILER-DAEMON@mx.hospital.test (Mail Delivery System)
To: bounce+{uuid}@hospital.test
Subject: Undelivered Mail Returned to Sender
Message-Id: <20261125.1@mx.hospital.test>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you ...

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.hospital.test

Final-Recipient: rfc822; nobody@example.test
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {status} <nobody@example.test>: User unknown

--b
Content-Type: text/rfc822-headers

Message-Id: <{uuid}@hospital.test>

--b--
"""


def parse(text):
    return email.message_from_bytes(text.encode(), policy=email.policy.SMTP)


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageMailServer(ProviderContract, BaseCase):
    def setUp(self):
        super().setUp()
        self.exchanger = MailExchanger()
        self.exchanger.start()
        self.addCleanup(self.exchanger.stop)

    # ------------------------------------------------------------------
    # the contract
    # ------------------------------------------------------------------

    def make_provider(self, is_reachable=True, **options):
        port = self.exchanger.port
        if not is_reachable:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
        return provider_class("email")(
            GatewayConfig(
                options={
                    "sender": "市立医院 <care@hospital.test>",
                    "bounce": "bounce@hospital.test",
                    **options,
                },
                hooks={"connect": lambda: smtplib.SMTP("127.0.0.1", port, timeout=5)},
            )
        )

    def address(self, number):
        return f"p{number}@example.test"

    def set_mood(self, number, mood):
        self.exchanger.moods[f"p{number}"] = MOODS.get(mood, mood)

    def arrived(self):
        return [
            sender.partition("+")[2].partition("@")[0]
            for sender, _recipient, _content in self.exchanger.received
        ]

    # ------------------------------------------------------------------
    # the bytes
    # ------------------------------------------------------------------

    def _deliver(self, **values):
        provider = self.make_provider()
        outgoing = Outgoing(
            **{
                "uuid": UUID,
                "address": "p1@example.test",
                "body": "您好\n\n请看 https://a.example/x",
                "subject": "复诊提醒：请于明天上午九点到门诊三楼复诊并带好证件和病历",
                **values,
            }
        )
        (result,) = provider.send([outgoing])
        provider.close()
        self.assertEqual(result.state, "accepted", result)
        return self.exchanger.received[-1]

    def test_way_out_is_in_the_bytes(self):
        """List-Unsubscribe arrives as one unbroken address, as RFC 8058 wants it, and
        not as encoded words (F105)."""
        sender, _recipient, content = self._deliver(
            unsubscribe=LINK, purpose="marketing"
        )
        self.assertEqual(sender, f"bounce+{UUID}@hospital.test")
        self.assertIn(f"List-Unsubscribe: <{LINK}>\r\n".encode(), content)
        self.assertIn(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", content)

    def test_care_has_no_list_headers(self):
        """Nobody unsubscribes from a treatment."""
        _sender, _recipient, content = self._deliver()
        self.assertNotIn(b"List-Unsubscribe", content)

    def test_both_parts_say_the_same(self):
        """Text and HTML, in Chinese, with a subject that is longer than a line."""
        _sender, _recipient, content = self._deliver(
            subject="复诊提醒" * 30 + "\r\nBcc: x@y.z"
        )
        letter = email.message_from_bytes(content, policy=email.policy.SMTP)
        self.assertEqual(letter["Subject"], "复诊提醒" * 30 + " Bcc: x@y.z")
        self.assertIsNone(letter["Bcc"])
        self.assertEqual(letter["From"].addresses[0].display_name, "市立医院")
        self.assertEqual(letter["Message-Id"], f"<{UUID}@hospital.test>")
        plain = letter.get_body(("plain",)).get_content()
        html = letter.get_body(("html",)).get_content()
        self.assertIn("请看 https://a.example/x", plain)
        self.assertIn('<a href="https://a.example/x">', html)

    def test_refusals_are_told_apart(self):
        """A full mailbox and a spam verdict are no wrong address."""
        self.set_mood(1, "full")
        self.set_mood(2, "spam")
        self.set_mood(3, "hangup")
        _batch, results = self._send([1, 2, 3, 4])
        self.assertEqual(
            [r.failure for r in results], ["full", "rejected", "server", ""]
        )

    def test_bad_addresses_are_not_tried(self):
        """An address that no server takes, or that would be two, is refused here."""
        provider = self.make_provider()
        for address in (
            "",
            "nobody",
            "林@example.test",
            "a@b.c, d@e.f",
            "a@b.c\nBcc: d@e.f",
        ):
            (result,) = provider.send([Outgoing(UUID, address, "x")])
            self.assertEqual(result.failure, "address", address)
        self.assertFalse(self.exchanger.received)

    def test_health(self):
        """The check tells what the server says, or that our senders are not its."""
        provider = self.make_provider()
        self.assertTrue(provider.health().ok)
        self.assertFalse(self.make_provider(trouble="Not for a@b.c.").health().ok)
        self.assertFalse(self.make_provider(is_reachable=False).health().ok)

    # ------------------------------------------------------------------
    # what comes in
    # ------------------------------------------------------------------

    def test_reports(self):
        """Hard, soft and given up are three things; the message is named."""
        cases = {
            ("failed", "5.1.1"): ("failed", "address"),
            ("failed", "5.2.2"): ("failed", "full"),
            ("failed", "5.7.1"): ("failed", "rejected"),
            ("failed", "4.4.1"): ("failed", "not_delivered"),
            ("delayed", "4.2.2"): ("accepted", ""),
            ("delivered", "2.0.0"): ("delivered", ""),
        }
        for (action, status), expected in cases.items():
            reading = read(parse(DSN.format(uuid=UUID, action=action, status=status)))
            self.assertEqual(reading.kind, "report")
            self.assertEqual((reading.state, reading.failure), expected, status)
            self.assertEqual(reading.uuids, [UUID])

    def test_report_without_our_address(self):
        """A report that came another way is known by the headers it returns."""
        text = DSN.format(uuid=UUID, action="failed", status="5.1.1")
        text = text.replace(f"bounce+{UUID}@", "bounce@", 1)
        self.assertEqual(read(parse(text)).uuids, [UUID])

    def test_reply(self):
        """The words of the person without what they answer; and for which message."""
        reading = read(
            parse(
                f"From: Lin <LIN@example.test>\nTo: care@hospital.test\n"
                f"Message-Id: <a@example.test>\nIn-Reply-To: <{UUID}@hospital.test>\n"
                "Content-Type: text/plain; charset=utf-8\n\n"
                "我明天不能来。\n\n在 2026年11月25日，市立医院 写道：\n> 请带好证件\n"
            )
        )
        self.assertEqual(
            (reading.kind, reading.sender, reading.text, reading.uuids),
            ("text", "lin@example.test", "我明天不能来。", [UUID]),
        )

    def test_html_reply_in_gbk(self):
        """Mail programs of the country write HTML in GB18030 (R2)."""
        raw = (
            f"From: a@example.test\nTo: care@hospital.test\nReferences: <{UUID}@x>\n"
            'Content-Type: text/html; charset="gb18030"\n\n'
        ).encode() + "<div>发烧了<br>怎么办</div><blockquote>原文</blockquote>".encode(
            "gb18030"
        )
        reading = read(email.message_from_bytes(raw, policy=email.policy.SMTP))
        self.assertEqual(reading.text.split(), ["发烧了", "怎么办"])

    def test_holiday_notice_is_no_reply(self):
        """A machine that answers makes no work."""
        for header in ("Auto-Submitted: auto-replied", "X-Autoreply: yes"):
            reading = read(parse(f"From: a@b.c\nTo: c@d.e\n{header}\n\nI am away"))
            self.assertEqual(reading.kind, "auto")

    def test_texts(self):
        """Quotes end a reply; where nothing else is there, they stay."""
        self.assertEqual(without_quotes("Yes\n\nOn Mon, A wrote:\n> x"), "Yes")
        self.assertEqual(without_quotes("> only"), "> only")
        self.assertIn("&lt;b&gt;", html_of("<b>"))
        self.assertEqual(failure_of("no such user", 550), "address")
        self.assertEqual(failure_of("no enhanced code", 554), "rejected")
