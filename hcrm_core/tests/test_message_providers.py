"""One contract for every provider, and what is special to each."""

import socket

from odoo.tests import BaseCase, tagged

from odoo.addons.hcrm_core.providers.base import (
    Forbidden,
    GatewayConfig,
    NotSent,
    Outgoing,
    provider_class,
    sign,
)
from odoo.addons.hcrm_core.providers.kannel import query_of
from odoo.addons.hcrm_core.providers.smsd import split_parts
from odoo.addons.hcrm_core.tools.sms_parts import count_parts

from .gateway_server import GatewayServer

SECRET = "s" * 32
JSON_OPTIONS = {
    "body": {"mobile": "$digits", "content": "$text", "notify": "$callback"},
    "ok_path": "code",
    "ok_values": ["0"],
    "ref_path": "id",
}


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageProviders(BaseCase):
    """Kinds that speak HTTP: success, refusals, outages, dead lines, forged receipts."""

    def setUp(self):
        super().setUp()
        self.server = GatewayServer()
        self.addCleanup(self.server.close)

    def _providers(self, **kwargs):
        paths = {"kannel": "/cgi-bin/sendsms", "http": "/json"}
        for kind, path in paths.items():
            config = GatewayConfig(
                url=kwargs.pop("url", None) or self.server.url + path,
                login="odoo",
                secret="lab",
                callback_url="https://crm.example/hcrm/gateway/abc",
                callback_secret=SECRET,
                timeout=0.5,
                options=JSON_OPTIONS,
                **kwargs,
            )
            provider = provider_class(kind)(config)
            with self.subTest(kind):
                yield provider
            provider.close()
            self.server.received.clear()

    @staticmethod
    def _batch(*numbers, body="Bring your papers"):
        return [Outgoing(f"uuid-{n}", f"+86{n}", body) for n in numbers]

    def test_success(self):
        """Every message arrives once, with our callback in it (F103)."""
        for provider in self._providers():
            results = provider.send(self._batch("13900000001", "13900000002"))
            self.assertEqual([r.state for r in results], ["accepted"] * 2)
            self.assertEqual(
                [r.uuid for r in results], ["uuid-13900000001", "uuid-13900000002"]
            )
            self.assertEqual(len(self.server.received), 2)
            self.assertIn("uuid-13900000001", str(self.server.received))

    def test_refusals(self):
        """A bad number, a wrong password, an outage and a brake are told apart."""
        self.server.moods = {
            "861": "bad", "862": "auth", "863": "down", "864": "throttled",
        }  # fmt: skip
        for provider in self._providers():
            results = provider.send(self._batch("1", "2", "3", "4", "5"))
            self.assertEqual(
                [r.failure for r in results][1:], ["auth", "server", "throttled", ""]
            )
            self.assertIn(results[0].failure, ("address", "rejected"))
            self.assertEqual(results[3].retry_after, 7)

    def test_line_dead_after_the_gateway_took_it(self):
        """Nobody knows whether it went out: that is said, not guessed."""
        self.server.default = "dropped"
        for provider in self._providers():
            result = provider.send(self._batch("13900000001"))[0]
            self.assertEqual(result.failure, "unknown")
            self.assertEqual(len(self.server.received), 1)

    def test_nothing_listens(self):
        """Where no connection comes about, nothing went out: that is certain."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}/x"
        for kind in ("kannel", "http"):
            provider = provider_class(kind)(GatewayConfig(url=url, timeout=0.5))
            with self.assertRaises(NotSent):
                provider.send(self._batch("13900000001"))

    def test_plain_http_is_refused(self):
        """Credentials leave this machine by https only."""
        with self.assertRaises(ValueError):
            provider_class("kannel")(GatewayConfig(url="http://sms.example/send"))

    def test_forged_callbacks(self):
        """A receipt or a text without our signature is nobody's (F103)."""
        for provider in self._providers():
            for query in ({"u": "uuid-1", "s": "0" * 32, "t": "1"}, {"u": "uuid-1"}):
                with self.assertRaises(Forbidden):
                    provider.parse_callback(query, b"", b"u=uuid-1&s=0")
            with self.assertRaises(Forbidden):
                provider.parse_callback({"from": "86139"}, b"", b"from=86139&text=T")

    def _kannel(self):
        return provider_class("kannel")(
            GatewayConfig(url="http://127.0.0.1/x", callback_secret=SECRET)
        )

    def test_kannel_receipts(self):
        """Kannel's numbers and the carrier's words become states and reasons."""
        cases = {
            ("1", "id:1 stat:DELIVRD err:000"): ("delivered", ""),
            ("2", "id:1 stat:EXPIRED err:002"): ("failed", "expired"),
            ("2", "id:1 stat:UNDELIV err:001"): ("failed", "not_delivered"),
            ("16", "NACK/0x0000000b/Invalid Destination"): ("failed", "address"),
            ("16", "NACK/0x00000058/Throttled"): ("failed", "throttled"),
            ("8", "ACK/"): ("accepted", ""),
        }
        for (number, reply), expected in cases.items():
            query = {"u": "a", "s": sign(SECRET, "a"), "t": number, "r": reply}
            event = self._kannel().parse_callback(query, b"", b"")[0]
            self.assertEqual((event.kind, event.failure), expected, reply)

    def test_kannel_inbound_chinese(self):
        """A text in UCS-2 arrives as raw bytes in the query (F104)."""
        text = "退订".encode("utf-16-be")
        raw = (
            b"from=8613900000001&to=10690001&coding=2&id=7&s="
            + sign(SECRET, "inbound").encode()
        )
        raw += b"&text=" + b"".join(b"%%%02X" % byte for byte in text)
        event = self._kannel().parse_callback(query_of(raw), b"", raw)[0]
        self.assertEqual((event.peer, event.text), ("+8613900000001", "退订"))
        self.assertEqual(event.external_id, "7")

    def test_generic_inbound(self):
        """A JSON callback with paths and words of the house's own."""
        config = GatewayConfig(
            url="http://127.0.0.1/x",
            callback_secret=SECRET,
            options={
                "event_kind_path": "data.status",
                "event_kinds": {"DELIVRD": "delivered", "MO": "inbound"},
                "event_peer_path": "data.phone",
                "event_text_path": "data.msg",
                "event_id_path": "data.id",
            },
        )
        provider = provider_class("http")(config)
        body = b'{"data": {"status": "MO", "phone": "+86139", "msg": "T", "id": 9}}'
        query = {"s": sign(SECRET, "inbound")}
        event = provider.parse_callback(query, body, b"")[0]
        self.assertEqual(
            (event.kind, event.peer, event.text, event.external_id),
            ("inbound", "+86139", "T", "9"),
        )

    def test_parts(self):
        """Parts as the carrier bills them, signature included (R9)."""
        self.assertEqual(count_parts("a" * 160), 1)
        self.assertEqual(count_parts("a" * 161), 2)
        self.assertEqual(count_parts("[" * 80), 1)
        self.assertEqual(count_parts("[" * 81), 2)
        self.assertEqual(count_parts("好" * 70), 1)
        self.assertEqual(count_parts("好" * 71), 2)
        self.assertEqual(count_parts("好" * 135), 3)
        self.assertEqual(count_parts("😀" * 35), 1)
        self.assertEqual(len(split_parts("好" * 135)[0]), 3)
        self.assertEqual("".join(split_parts("a" * 400)[0]), "a" * 400)
