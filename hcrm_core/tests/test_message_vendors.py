"""What is special to WeChat, WeCom and WhatsApp, against our own simulator: what passes
here is implemented, not verified against the vendor."""

from odoo.tests import BaseCase, tagged

from odoo.addons.hcrm_core.providers.base import (
    GatewayConfig,
    MemoryTokens,
    NotSent,
    Outgoing,
    provider_class,
)

from .vendor_server import (
    APP_SECRET,
    OWNER,
    SECRET,
    VendorServer,
    wechat_callback,
    whatsapp_callback,
)

NOTICE = {"id": "T1", "fields": {"thing1": "$subject", "thing2": "$text"}}


class VendorCase(BaseCase):
    def setUp(self):
        super().setUp()
        self.server = VendorServer()
        self.addCleanup(self.server.close)
        self.tokens = MemoryTokens()

    def _provider(self, kind, **options):
        return provider_class(kind)(
            GatewayConfig(
                url=self.server.url,
                login=OWNER,
                secret="app-secret",
                account="1000002",
                app_secret=APP_SECRET,
                callback_secret=SECRET,
                timeout=0.5,
                options=options,
                tokens=self.tokens,
            )
        )

    def _send(self, provider, **values):
        values = {"uuid": "u-1", "address": "o-1", "body": "Bring papers", **values}
        return provider.send([Outgoing(**values)])[0]


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageWeChat(VendorCase):
    def setUp(self):
        super().setUp()
        self.provider = self._provider("wechat", templates={"*": NOTICE})
        self.addCleanup(self.provider.close)

    def _event(self, is_sealed=True, **fields):
        values = {
            "ToUserName": "gh_1",
            "FromUserName": "o-1",
            "CreateTime": "1790000000",
        }
        query, body = wechat_callback({**values, **fields}, is_sealed)
        return self.provider.parse_callback(query, body, b"")

    def test_a_token_serves_many_messages(self):
        """One token for a batch and for the next one."""
        batch = [Outgoing(f"u-{n}", f"o-{n}", "Papers", "Visit") for n in range(9)]
        for _turn in range(2):
            results = self.provider.send(batch)
            self.assertEqual({r.state for r in results}, {"accepted"})
        self.assertEqual(self.server.token_calls, 1)

    def test_a_token_that_is_no_longer_taken(self):
        """It is renewed once, and what was refused with it goes again, once."""
        batch = [Outgoing(f"u-{n}", f"o-{n}", "Papers", "Visit") for n in range(9)]
        self.provider.send(batch)
        self.server.expire_tokens()
        results = self.provider.send(batch)
        self.assertEqual({r.state for r in results}, {"accepted"})
        self.assertEqual(self.server.token_calls, 2)
        self.assertEqual(len(self.server.received), 18)

    def test_no_token(self):
        """Wrong credentials are told as such; an outage there sends nothing."""
        self.server.token_error = 40125
        result = self._send(self.provider, subject="Visit")
        self.assertEqual((result.failure, result.reason[:5]), ("auth", "40125"))
        self.server.token_error = -1
        with self.assertRaises(NotSent):
            self._send(self.provider, subject="Visit")
        self.assertFalse(self.server.received)

    def test_filed_template(self):
        """The message's own template and variables, typed; else that of the purpose."""
        self._send(self.provider, subject="Visit")
        self._send(
            self.provider, template="T9", variables={"time3": "09:00"}, link="https://x"
        )
        purpose, own = self.server.received
        self.assertEqual(purpose["template_id"], "T1")
        self.assertEqual(
            purpose["data"],
            {"thing1": {"value": "Visit"}, "thing2": {"value": "Bring papers"}},
        )
        self.assertEqual((own["template_id"], own["url"]), ("T9", "https://x"))
        self.assertEqual(own["data"], {"time3": {"value": "09:00"}})

    def test_what_the_vendor_would_refuse(self):
        """Too long for its type, empty, no template: refused before (R9, R11)."""
        for values in (
            {"subject": "Visit", "body": "x" * 21},
            {"subject": ""},
            {"template": "T9", "variables": {"phrase1": "六个字不行" + "啊"}},
        ):
            self.assertEqual(self._send(self.provider, **values).failure, "template")
        bare = self._provider("wechat")
        self.assertEqual(self._send(bare).failure, "template")
        bare.close()
        self.assertFalse(self.server.received)

    def test_only_care_and_service(self):
        """Templates and the 48 hours are no place for offers (R11)."""
        for purpose in ("survey", "research", "marketing"):
            for is_reply in (False, True):
                result = self._send(
                    self.provider, subject="Offer", purpose=purpose, is_reply=is_reply
                )
                self.assertEqual(result.failure, "purpose")
        self.assertFalse(self.server.received)

    def test_a_reply_in_free_words(self):
        """What answers a person goes as their conversation (R11)."""
        self.assertEqual(self._send(self.provider, is_reply=True).state, "accepted")
        self.assertEqual(
            self.server.received,
            [{"touser": "o-1", "msgtype": "text", "text": {"content": "Bring papers"}}],
        )

    def test_codes(self):
        """The vendor's codes become our failures."""
        for mood, failure in (
            ("blocked", "address"),
            ("refused", "address"),
            ("template", "template"),
            ("late", "window"),
        ):
            self.server.default = mood
            result = self._send(self.provider, subject="Visit")
            self.assertEqual(result.failure, failure, mood)

    def test_receipts(self):
        """What became of a template; told twice, it is known by the same id."""
        for status, kind, failure in (
            ("success", "delivered", ""),
            ("failed:user block", "failed", "address"),
            ("failed: system failed", "failed", "not_delivered"),
        ):
            events = [
                self._event(
                    sealed,
                    MsgType="event",
                    Event="TEMPLATESENDJOBFINISH",
                    MsgID="ref-1",
                    Status=status,
                )[0]
                for sealed in (True, False)
            ]
            self.assertEqual(events[0], events[1])
            event = events[0]
            self.assertEqual(
                (event.kind, event.failure, event.provider_ref),
                (kind, failure, "ref-1"),
            )

    def test_people_write_follow_and_leave(self):
        """Texts, scenes with and without a first subscription, and the end (F104)."""
        (event,) = self._event(MsgType="text", MsgId="77", Content="明天几点？")
        self.assertEqual(
            (event.kind, event.peer, event.text, event.external_id),
            ("inbound", "o-1", "明天几点？", "77"),
        )
        (event,) = self._event(MsgType="image", MsgId="78", PicUrl="https://x")
        self.assertEqual(event.text, "[image]")
        for name, key, expected in (
            ("subscribe", "qrscene_s-1", ("follow", "s-1")),
            ("SCAN", "s-1", ("follow", "s-1")),
            ("subscribe", "", ("follow", "")),
            ("unsubscribe", "", ("unfollow", "")),
        ):
            (event,) = self._event(MsgType="event", Event=name, EventKey=key)
            self.assertEqual((event.kind, event.text), expected)
            self.assertEqual(event.peer, "o-1")
        self.assertEqual(self._event(MsgType="event", Event="LOCATION"), [])

    def test_scene(self):
        """A QR code that brings back who scanned it."""
        url = self.provider.make_scene("s-1", 600)
        self.assertEqual((url[-3:], self.server.scenes), ("s-1", ["s-1"]))
        self.server.expire_tokens()
        self.assertTrue(self.provider.make_scene("s-2", 600))
        self.assertEqual(self.server.token_calls, 2)


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageWeCom(VendorCase):
    def setUp(self):
        super().setUp()
        self.provider = self._provider("wecom")
        self.addCleanup(self.provider.close)

    def test_staff_and_their_groups(self):
        """One member, or a department of the address book: a roster change (F107)."""
        for address in ("wang.fang", "party:3"):
            self.assertEqual(
                self._send(self.provider, address=address).state, "accepted"
            )
        one, group = self.server.received
        self.assertEqual((one["touser"], one["agentid"]), ("wang.fang", 1000002))
        self.assertEqual(group["toparty"], "3")

    def test_unknown_member(self):
        self.server.default = "blocked"
        self.assertEqual(self._send(self.provider).failure, "address")

    def test_member_left_out(self):
        """Accepted as a whole, and the one member is invalid: it reached nobody."""
        take = self.server._take
        self.server._take = lambda *args: (
            200,
            {**take(*args)[1], "invaliduser": "o-1"},
        )
        result = self._send(self.provider)
        self.assertEqual((result.failure, result.reason), ("address", "invalid o-1"))

    def test_outside_contacts(self):
        """Added with the state of our code, and gone."""
        for change, kind in (
            ("add_external_contact", "follow"),
            ("del_external_contact", "unfollow"),
        ):
            query, body = wechat_callback(
                {
                    "MsgType": "event",
                    "Event": "change_external_contact",
                    "ChangeType": change,
                    "UserID": "wang.fang",
                    "ExternalUserID": "wm-1",
                    "State": "s-1",
                    "CreateTime": "1790000000",
                }
            )
            (event,) = self.provider.parse_callback(query, body, b"")
            self.assertEqual((event.kind, event.peer), (kind, "wm-1"))

    def test_members_write(self):
        query, body = wechat_callback(
            {"MsgType": "text", "MsgId": "7", "FromUserName": "li", "Content": "收到"}
        )
        (event,) = self.provider.parse_callback(query, body, b"")
        self.assertEqual((event.peer, event.text), ("li", "收到"))


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageWhatsApp(VendorCase):
    def setUp(self):
        super().setUp()
        words = {"name": "notice", "language": "zh_CN", "parameters": ["$text"]}
        self.provider = self._provider("whatsapp", templates={"*": words})
        self.addCleanup(self.provider.close)

    def test_template_and_reply(self):
        """An approved template, or free words as an answer."""
        self._send(self.provider, address="+85291234567")
        self._send(self.provider, address="+85291234567", is_reply=True)
        template, reply = self.server.received
        self.assertEqual(template["to"], "85291234567")
        self.assertEqual(template["template"]["name"], "notice")
        self.assertEqual(template["template"]["language"], {"code": "zh_CN"})
        parameters = template["template"]["components"][0]["parameters"]
        self.assertEqual(parameters, [{"type": "text", "text": "Bring papers"}])
        self.assertEqual(
            (reply["type"], reply["text"]["body"]), ("text", "Bring papers")
        )

    def test_an_offer_needs_a_template_of_its_own(self):
        result = self._send(self.provider, purpose="marketing")
        self.assertEqual(result.failure, "template")
        self.assertFalse(self.server.received)

    def test_codes(self):
        for mood, failure in (("template", "template"), ("late", "window")):
            self.server.default = mood
            self.assertEqual(self._send(self.provider).failure, failure)

    def test_callback(self):
        """Statuses, known by message and status however often they come, and texts."""
        statuses = [
            {"id": "w-1", "status": "sent", "timestamp": "1790000000"},
            {"id": "w-1", "status": "delivered", "biz_opaque_callback_data": "u-1"},
            {"id": "w-1", "status": "read"},
            {"id": "w-2", "status": "failed", "errors": [{"code": 131026}]},
            {"id": "w-3", "status": "deleted"},
        ]
        texts = [
            {"from": "852", "id": "m-1", "type": "text", "text": {"body": "Hello"}},
            {"from": "852", "id": "m-2", "type": "image", "image": {"caption": "Rash"}},
            {"from": "852", "id": "m-3", "type": "audio", "audio": {"id": "7"}},
        ]
        headers, body = whatsapp_callback(statuses, texts)
        events = self.provider.parse_callback({}, body, b"", headers)
        self.assertEqual(
            [(e.external_id, e.kind, e.failure) for e in events[:4]],
            [
                ("w-1:sent", "accepted", ""),
                ("w-1:delivered", "delivered", ""),
                ("w-1:read", "read", ""),
                ("w-2:failed", "failed", "address"),
            ],
        )
        self.assertEqual(events[1].uuid, "u-1")
        self.assertEqual(
            [(e.peer, e.text) for e in events[4:]],
            [("+852", "Hello"), ("+852", "Rash"), ("+852", "[audio]")],
        )
