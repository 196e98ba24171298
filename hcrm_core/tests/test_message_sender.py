from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.tests import tagged

from odoo.addons.hcrm_core.models.message.settled import settled
from odoo.addons.hcrm_core.providers.base import Event

from .gateway_server import GatewayServer
from .governor_common import GovernorCommon


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageSender(GovernorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = GatewayServer()
        cls.addClassCleanup(cls.server.close)
        cls.gateway = cls.env["hcrm.gateway"].create(
            {
                "name": "Carrier",
                "company_id": cls.company_a.id,
                "kind": "kannel",
                "url": f"{cls.server.url}/cgi-bin/sendsms",
                "signature": "【医院】",
                "optout_text": "退订回T",
                "rate": 0,
                "cost_per_part": 0.05,
            }
        )

    def setUp(self):
        super().setUp()
        # tests keep one transaction; what is committed where is seen end to end
        cron = type(self.env["ir.cron"])
        self.patch(cron, "_commit_progress", lambda *_args, **_kwargs: float("inf"))
        self.server.received.clear()
        self.server.moods.clear()
        self.server.default = "ok"
        self.Message = self.env["hcrm.message"]

    def _person(self, told="consent=marketing"):
        return self._make_situation_person(
            self._tokens(told), fields.Datetime.now() - timedelta(days=1)
        )

    def _queue(self, person=None, purpose="care", **vals):
        return self.Message._queue(
            [
                {
                    "partner_id": (person or self._person()).id,
                    "company_id": self.company_a.id,
                    "purpose": purpose,
                    "channel": "sms",
                    "is_urgent": True,
                    "body": "请带好证件",
                    **vals,
                }
            ]
        )

    def _send(self):
        self.Message._hand_over(self.Message._claim())

    def _force(self, message):
        """Claim whatever the hour: tests run at night too."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE hcrm_message SET state = 'claimed', verdict = 'allow', date_judged ="
            " now() AT TIME ZONE 'UTC', date_sent = now() AT TIME ZONE 'UTC', address ="
            " '+8613912340000' WHERE id = ANY(%s)",
            (message.ids,),
        )
        self.env.invalidate_all()
        return message

    def _apply(self, *events):
        self.env["hcrm.message.event"]._append(self.gateway.id, events)
        self.env["hcrm.message.event"]._apply_batch()

    # ------------------------------------------------------------------
    # sending
    # ------------------------------------------------------------------

    def test_sent_and_receipt(self):
        """Queued, judged, sent, accepted, delivered; parts and cost are known (F103)."""
        message = self._queue()
        self._send()
        self.assertEqual(message.state, "accepted")
        self.assertEqual((message.parts, message.cost), (1, 0.05))
        self.assertEqual(self.server.received[0]["text"], "【医院】请带好证件")
        self._apply(Event("x:1", "delivered", uuid=message.uuid))
        self.assertEqual(message.state, "delivered")

    def test_marketing_carries_the_way_out(self):
        """The signature and the opt-out words are in the bytes (R9)."""
        message = self._force(self._queue(purpose="marketing"))
        self.Message._hand_over(message)
        self.assertEqual(self.server.received[0]["text"], "【医院】请带好证件退订回T")

    def test_neutral_words(self):
        """A clinical text to a number others read goes out in neutral words (R4)."""
        message = self._queue(self._person("phone=shared"), is_clinical=True)
        self._send()
        self.assertTrue(message.is_neutral)
        self.assertNotIn("证件", self.server.received[0]["text"])
        self.assertIn(self.company_a.name, self.server.received[0]["text"])

    def test_receipts_in_any_order(self):
        """Late, repeated and reordered receipts never move a message back."""
        message = self._force(self._queue())
        fast = Event("x:1", "delivered", uuid=message.uuid)
        self._apply(fast)
        self.assertEqual(message.state, "delivered")
        self.Message._hand_over(message)
        self.assertEqual(message.state, "delivered")
        self._apply(fast, Event("x:8", "accepted", uuid=message.uuid))
        self._apply(Event("x:2", "failed", uuid=message.uuid, failure="expired"))
        self.assertEqual(message.state, "delivered")
        self.assertFalse(message.failure)

    def test_receipt_before_the_answer(self):
        """A receipt that comes while the sender waits for the answer stays."""
        message = self._queue()
        claimed = self.Message._claim()
        batch = claimed._mark_handed(self.gateway)
        self._apply(Event("x:1", "delivered", uuid=message.uuid))
        outgoing = [item._outgoing(self.gateway) for item in batch]
        provider = self.gateway._provider()
        batch._write_results(self.gateway, provider.send(outgoing), outgoing)
        provider.close()
        self.assertEqual(message.state, "delivered")

    def test_stopped_between_claim_and_hand_over(self):
        """What is stopped after the claim does not reach the carrier (R12, R24)."""
        person = self._person()
        message = self._queue(person)
        claimed = self.Message._claim()
        self.env["hcrm.person.report"].create(
            {"partner_id": person.id, "kind": "deceased", "source": "relative"}
        )
        self.Message._hand_over(claimed)
        self.assertEqual(message.state, "refused")
        self.assertFalse(self.server.received)

    def test_handed_over_is_beyond_recall(self):
        """A stop refuses what was not handed over; the rest keeps its state, since
        it may be on its way (R24)."""
        waiting = self._force(self._queue(purpose="marketing"))
        handed = self._force(self._queue(purpose="marketing"))
        handed._mark_handed(self.gateway)
        self.env["hcrm.message.stop"].create(
            {"company_id": self.company_a.id, "reason": "A wrong text"}
        )
        self.assertEqual((waiting.state, handed.state), ("refused", "claimed"))
        self._apply(Event("x:1", "delivered", uuid=handed.uuid))
        self.assertEqual(handed.state, "delivered")

    def test_receipt_of_what_waits_for_another_try(self):
        """Its outcome was not known; the receipt tells it, so it does not go twice."""
        arrived, lost = self._force(self._queue()), self._force(self._queue())
        for message in arrived + lost:
            message._mark_handed(self.gateway)
        (arrived + lost)._outcome_unknown("ReadTimeout")
        self._apply(
            Event("x:1", "delivered", uuid=arrived.uuid),
            Event("y:2", "failed", uuid=lost.uuid, failure="expired"),
        )
        self.assertEqual((arrived.state, lost.state), ("delivered", "queued"))
        self.assertTrue(arrived.date_sent)

    def test_done_again_on_what_others_left(self):
        """Where somebody else changed the same rows, the work is done once more."""
        message = self._queue()
        tries = []

        def work():
            tries.append(1)
            if len(tries) == 1:
                raise SerializationFailure
            message.priority = 3
            return "done"

        with patch.object(self.env.cr, "rollback"):
            self.assertEqual(settled(self.env, work), "done")
        self.assertEqual((len(tries), message.priority), (2, 3))

    def test_one_bad_event_blocks_nobody(self):
        """An event that cannot be applied is set aside with its reason; the others of
        its batch are applied, and it can be tried again (R24)."""
        messages = [self._force(self._queue()) for _n in range(5)]
        events = [
            Event(f"x:{n}", "delivered", uuid=message.uuid)
            for n, message in enumerate(messages)
        ]
        texts = [Event("in:1", "inbound", peer="+8613911112222", text="break it")]
        texts.append(Event("in:2", "inbound", peer="+8613911113333", text="hello"))
        Inbound = type(self.env["hcrm.inbound"])
        receive = Inbound._receive

        def fragile(inbound, events):
            if "break it" in events.mapped("body"):
                raise ValueError("no such thing\nDETAIL: +8613911112222")
            return receive(inbound, events)

        with (
            patch.object(Inbound, "_receive", fragile),
            self.assertLogs("odoo.addons.hcrm_core.models.message.message_event"),
        ):
            self._apply(*events, *texts)
        self.assertEqual({m.state for m in messages}, {"delivered"})
        rows = self.env["hcrm.message.event"].search(
            [("gateway_id", "=", self.gateway.id)]
        )
        aside = rows.filtered("problem")
        self.assertEqual(aside.external_id, "in:1")
        self.assertEqual(aside.problem, "ValueError: no such thing")
        self.assertTrue(all((rows - aside).mapped("date_applied")))
        self.assertFalse(self.env["hcrm.message.event"]._apply_batch())
        aside.action_try_again()
        self.assertEqual(self.env["hcrm.message.event"]._apply_batch(), 1)
        self.assertTrue(aside.date_applied)

    # ------------------------------------------------------------------
    # failures
    # ------------------------------------------------------------------

    def test_another_gateway_is_tried(self):
        """An outage: the next gateway of the channel takes over at once."""
        other = self.gateway.copy({"name": "Second", "sequence": 20})
        self.gateway.url = f"{self.server.url[:-5]}1/closed"
        message = self._queue()
        self._send()
        self.assertEqual((message.state, message.failure), ("queued", "server"))
        self._send()
        self.assertEqual((message.state, message.gateway_id), ("accepted", other))

    def test_outage_uses_up_no_attempt(self):
        """However long a gateway is away, what waits for it is not given up."""
        self.gateway.url = f"{self.server.url[:-5]}1/closed"
        message = self._queue()
        for _attempt in range(7):
            self.gateway.date_breaker = False
            message.date_planned = fields.Datetime.now()
            self._send()
        self.assertEqual((message.state, message.attempt_count), ("queued", 0))

    def test_address_for_texts(self):
        """What an administrator copies into Kannel is accepted as its callback."""
        url = self.gateway.inbound_url
        self.assertTrue(url.startswith(self.gateway.callback_url))
        query = url.partition("?")[2].replace("%p", "8613911112222")
        for name, value in (("%P", "1"), ("%b", "hi"), ("%t", ""), ("%I", "7")):
            query = query.replace(name, value)
        query = query.replace("%c", "0")
        (event,) = self.gateway._provider().parse_callback({}, b"", query.encode())
        self.assertEqual((event.kind, event.text), ("inbound", "hi"))

    def test_breaker(self):
        """A gateway that fails rests, longer each time; success ends that."""
        self.server.default = "down"
        for _attempt in range(3):
            self._force(self._queue())
            self.Message._hand_over(self.Message.search([("state", "=", "claimed")]))
        self.assertTrue(self.gateway.date_breaker)
        self.assertFalse(
            self.env["hcrm.gateway"]._for_purpose(self.company_a, "sms", "care")
        )
        self.gateway._book_success()
        self.assertFalse(self.gateway.date_breaker)

    def test_bad_number_is_not_tried_again(self):
        """A failure that trying again cannot mend ends at once, with the reason."""
        self.server.default = "bad"
        message = self._queue()
        self._send()
        self.assertEqual((message.state, message.failure), ("failed", "address"))
        self.assertIn("receiver", message.failure_text)

    def test_unknown_outcome(self):
        """Nobody knows whether it went out: marketing stays, care goes again."""
        offer = self._force(self._queue(purpose="marketing"))
        reminder = self._force(self._queue())
        for message in offer + reminder:
            message._mark_handed(self.gateway)
        (offer + reminder)._outcome_unknown("ReadTimeout")
        self.assertEqual(offer.state, "unknown")
        self.assertEqual(reminder.state, "queued")

    def test_killed_sender(self):
        """A sender killed before handing over loses nothing; one killed after it sends
        marketing not twice and care again."""
        before = self._force(self._queue(purpose="marketing"))
        after = self._force(self._queue(purpose="marketing"))
        care = self._force(self._queue())
        (after + care)._mark_handed(self.gateway)
        self.env.cr.execute(
            "UPDATE hcrm_message SET date_judged = date_judged - interval '1 hour',"
            " date_handed = date_handed - interval '1 hour' WHERE id = ANY(%s)",
            ((before + after + care).ids,),
        )
        self.env.invalidate_all()
        self.Message._recover_orphans()
        self.assertEqual(before.state, "queued")
        self.assertEqual(after.state, "unknown")
        self.assertEqual(care.state, "queued")

    # ------------------------------------------------------------------
    # from people
    # ------------------------------------------------------------------

    def _text(self, text, peer, number):
        self._apply(Event(f"in:{number}", "inbound", peer=peer, text=text))
        return self.env["hcrm.inbound"].search([], limit=1)

    def test_optout_words(self):
        """Opt-out words in every writing end marketing, not care (R9)."""
        Inbound = self.env["hcrm.inbound"]
        for word in ("T", "ｔ", "td", "N", "QX", "退订", " 拒收 ", "取消。", "R"):
            self.assertEqual(Inbound._meaning(word), "optout", word)
        for word in ("好的", "T恤有吗", "no"):
            self.assertEqual(Inbound._meaning(word), "text", word)
        person = self._person()
        number = f"+86{self.number}"
        row = self._text("ｔ", number, 1)
        self.assertEqual((row.partner_id, row.state), (person, "done"))
        verdict = self.Message._may_contact
        env = self.env(context={"allowed_company_ids": [self.company_a.id]})
        verdict = env["hcrm.message"]._may_contact
        self.assertEqual(verdict(person.id, "marketing", "sms")["reason"], "withdrawn")
        self.assertNotEqual(verdict(person.id, "care", "sms")["verdict"], "refuse")

    def test_wrong_person(self):
        """“Wrong person” marks the number for everybody on it (R9)."""
        person = self._person()
        self._text("你打错了", f"+86{self.number}", 2)
        self.assertTrue(person.hcrm_contact_point_ids.filtered("is_wrong"))

    def test_reply_finds_its_message(self):
        """A reply on a number of two people goes to whom was written to last (F104)."""
        first = self._person("bare=two")
        number = f"+86{self.number}"
        self.assertEqual(self._text("hello", number, 3).state, "triage")
        message = self._force(self._queue(first))
        message.address = number
        row = self._text("thank you", number, 4)
        self.assertEqual((row.partner_id, row.answers_id), (first, message))

    def test_same_text_twice(self):
        """A callback that comes twice is one message from the person."""
        self._text("hello", "+8613911112222", 5)
        self._text("hello", "+8613911112222", 5)
        self.assertEqual(
            self.env["hcrm.inbound"].search_count([("peer", "=", "+8613911112222")]), 1
        )

    def test_query_count(self):
        """Claiming 2 and 50 messages costs the same number of queries."""
        counts = []
        for size in (2, 50):
            for _n in range(size):
                self._queue()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            with patch.object(
                fields.Datetime, "now", return_value=datetime(2027, 3, 11, 3)
            ):
                self.assertEqual(len(self.Message._claim()), size)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
