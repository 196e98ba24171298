"""One contract for every provider, and what is special to each."""

import socket
from urllib.parse import urlencode

from odoo.tests import BaseCase, tagged

from odoo.addons.hcrm_core.providers import wechat_xml
from odoo.addons.hcrm_core.providers.base import (
    Forbidden,
    GatewayConfig,
    NotSent,
    Outgoing,
    provider_class,
    sign,
)
from odoo.addons.hcrm_core.providers.kannel import query_of
from odoo.addons.hcrm_core.tools.sms_parts import count_parts, split_parts

from .gateway_server import GatewayServer
from .vendor_server import (
    APP_SECRET,
    KEY,
    OWNER,
    SECRET,
    TOKEN,
    VendorServer,
    wechat_callback,
    whatsapp_callback,
)

JSON_OPTIONS = {
    "body": {"mobile": "$digits", "content": "$text", "notify": "$callback"},
    "ok_path": "code",
    "ok_values": ["0"],
    "ref_path": "id",
}


WORDS = {"id": "T1", "name": "notice", "parameters": ["$text"]}
VENDOR_OPTIONS = {"templates": {"*": {**WORDS, "fields": {"thing1": "$text"}}}}
# kind -> path at the simulator of SMS houses; None: at that of the vendors
KINDS = {
    "kannel": "/cgi-bin/sendsms",
    "http": "/json",
    "wechat": None,
    "wecom": None,
    "whatsapp": None,
}
# failure of a bad address and of a wrong credential, by kind
BAD = {"http": "rejected"}


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageProviders(BaseCase):
    """Kinds that speak HTTP: success, refusals, outages, dead lines, forged receipts.

    Kannel and gammu-smsd are also tried as the real programs (``make e2e``); WeChat,
    WeCom and WhatsApp only against our own simulator.
    """

    def setUp(self):
        super().setUp()
        self.houses, self.vendors = GatewayServer(), VendorServer()
        self.addCleanup(self.houses.close)
        self.addCleanup(self.vendors.close)

    def _providers(self, kinds=None):
        for kind in kinds or KINDS:
            self.server = self.vendors if KINDS[kind] is None else self.houses
            provider = self._provider(kind, self.server.url + (KINDS[kind] or ""))
            with self.subTest(kind):
                yield provider
            provider.close()
            self.server.received.clear()

    @staticmethod
    def _provider(kind, url):
        return provider_class(kind)(
            GatewayConfig(
                url=url,
                login=OWNER if KINDS[kind] is None else "odoo",
                secret="app-secret",
                account="1000002",
                app_secret=APP_SECRET,
                callback_url="https://crm.example/hcrm/gateway/abc",
                callback_secret=SECRET,
                timeout=0.5,
                options=VENDOR_OPTIONS if KINDS[kind] is None else JSON_OPTIONS,
            )
        )

    @staticmethod
    def _batch(*numbers, body="Bring your papers"):
        return [Outgoing(f"uuid-{n}", f"+86{n}", body) for n in numbers]

    def test_success(self):
        """Every message arrives once, with what its receipt is known by (F103)."""
        for provider in self._providers():
            results = provider.send(self._batch("13900000001", "13900000002"))
            self.assertEqual([r.state for r in results], ["accepted"] * 2)
            self.assertEqual(
                [r.uuid for r in results], ["uuid-13900000001", "uuid-13900000002"]
            )
            self.assertEqual(len(self.server.received), 2)
            self.assertTrue(
                results[0].provider_ref
                or "uuid-13900000001" in str(self.server.received)
            )

    def test_refusals(self):
        """A bad address, a wrong password, an outage and a brake are told apart."""
        moods = {"1": "bad", "2": "auth", "3": "down", "4": "throttled"}
        self.houses.moods = {f"86{n}": mood for n, mood in moods.items()}
        self.vendors.moods = {f"+86{n}": mood for n, mood in moods.items()}
        for kind, provider in zip(KINDS, self._providers(), strict=True):
            results = provider.send(self._batch("1", "2", "3", "4", "5"))
            self.assertEqual(
                [r.failure for r in results],
                [BAD.get(kind, "address"), "auth", "server", "throttled", ""],
            )
            if self.server is self.houses:
                self.assertEqual(results[3].retry_after, 7)

    def test_line_dead_after_the_gateway_took_it(self):
        """Nobody knows whether it went out: that is said, not guessed."""
        self.houses.default = self.vendors.default = "dropped"
        for provider in self._providers():
            result = provider.send(self._batch("13900000001"))[0]
            self.assertEqual(result.failure, "unknown")
            self.assertEqual(len(self.server.received), 1)

    def test_nothing_listens(self):
        """Where no connection comes about, nothing went out: that is certain."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}/x"
        for kind in KINDS:
            with self.subTest(kind), self.assertRaises(NotSent):
                self._provider(kind, url).send(self._batch("13900000001"))

    def test_plain_http_is_refused(self):
        """Credentials leave this machine by https only."""
        for kind in KINDS:
            with self.subTest(kind), self.assertRaises(ValueError):
                self._provider(kind, "http://sms.example/send")

    def test_forged_callbacks(self):
        """A receipt or a text without our signature is nobody's (F103)."""
        sealed, body = wechat_callback({"MsgType": "text", "MsgId": "1"}, owner="other")
        plain, xml = wechat_callback({"MsgId": "1"}, is_sealed=False, token="guessed")
        headers, statuses = whatsapp_callback([{"id": "a", "status": "read"}], (), "x")
        for provider in self._providers():
            for query, content, head in (
                ({"u": "uuid-1", "s": "0" * 32, "t": "1"}, b"", {}),
                ({"u": "uuid-1"}, b"", {}),
                ({"from": "86139"}, b"", {}),
                (sealed, body, {}),
                (plain, xml, {}),
                ({}, statuses, headers),
                ({}, statuses, {}),
            ):
                with self.assertRaises(Forbidden):
                    raw = urlencode(query).encode()
                    provider.parse_callback(query, content, raw, head)

    def test_a_vendor_makes_sure_of_the_address(self):
        """Each vendor's first question is answered, a stranger's is not."""
        plain, _body = wechat_callback({}, is_sealed=False)
        sealed = wechat_xml.encrypt(KEY, OWNER, b"42", b"0123456789abcdef")
        stamped = {"timestamp": "1", "nonce": "n", "echostr": sealed}
        asked = {"hub.mode": "subscribe", "hub.challenge": "42"}
        questions = {
            "wechat": ({**plain, "echostr": "42"}, {"signature": "0" * 40}),
            "wecom": (
                {
                    **stamped,
                    "msg_signature": wechat_xml.signature(TOKEN, "1", "n", sealed),
                },
                {"msg_signature": "0" * 40},
            ),
            "whatsapp": (
                {**asked, "hub.verify_token": TOKEN},
                {"hub.verify_token": "guessed"},
            ),
        }
        for kind, provider in zip(questions, self._providers(questions), strict=True):
            query, forged = questions[kind]
            self.assertEqual(provider.handshake(query), "42")
            with self.assertRaises(Forbidden):
                provider.handshake({**query, **forged})
            self.assertIsNone(provider.handshake({}))

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
        for text in (
            "好" * 135,
            "a" * 400,
            "[" * 200,
            "a" * 152 + "[" * 9,
            "😀好" * 80,
        ):
            parts = split_parts(text)
            self.assertEqual("".join(parts), text)
            self.assertEqual({count_parts(part) for part in parts}, {1})
