from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..tools.working_time import DeskHours
from .chat_common import ChatWorld
from .common import HcrmCommon

NUMBER = "+8613900001111"


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageDeskTime(TransactionCase):
    """Deadlines run while the desk is staffed (R10)."""

    hours = DeskHours(8, 20, {datetime(2026, 2, 14).date(): True})

    def test_minutes_stop_at_night(self):
        start = datetime(2026, 3, 11, 19, 30)
        self.assertEqual(self.hours.add(start, 60), datetime(2026, 3, 12, 8, 30))
        self.assertEqual(self.hours.minutes(start, datetime(2026, 3, 12, 8, 30)), 60)
        self.assertEqual(
            self.hours.add(datetime(2026, 3, 11, 9), 60), datetime(2026, 3, 11, 10)
        )

    def test_days_off_and_makeup_days(self):
        """Friday night goes to Monday; a Saturday people work on counts."""
        friday = datetime(2026, 3, 13, 20, 30)
        self.assertEqual(self.hours.add(friday, 30), datetime(2026, 3, 16, 8, 30))
        friday = datetime(2026, 2, 13, 19, 50)
        self.assertEqual(self.hours.add(friday, 30), datetime(2026, 2, 14, 8, 20))
        self.assertFalse(self.hours.is_open(datetime(2026, 3, 14, 10)))
        self.assertTrue(self.hours.is_open(datetime(2026, 2, 14, 10)))


class ChatCase(ChatWorld, HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._open_always()

    def _chat(self, role="agent", *companies):
        return self._as(role, *companies)["hcrm.chat"]


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageThread(ChatCase):
    def test_one_thread_over_all_channels(self):
        """A text, our answer and a mail stand in one ordered thread (F20)."""
        person = self._make_person("林晓", phone="13900001111")
        self._add_phone(person, "lin@example.com", system="email")
        mail = self.env["hcrm.gateway"].create(
            {"name": "Mail", "company_id": self.company_a.id, "channel": "email"}
        )
        now = fields.Datetime.now()
        self._text(NUMBER, "请问几号有专家门诊", date=now - timedelta(hours=3))
        self.env["hcrm.message"]._queue(
            [
                {
                    "partner_id": person.id,
                    "company_id": self.company_a.id,
                    "channel": "email",
                    "purpose": "care",
                    "body": "We open at eight.",
                    "date_planned": now - timedelta(hours=2),
                }
            ]
        )
        self.env["hcrm.inbound"].create(
            {
                "partner_id": person.id,
                "company_id": self.company_a.id,
                "gateway_id": mail.id,
                "peer": "lin@example.com",
                "body": "Thank you",
                "date": now - timedelta(hours=1),
            }
        )
        page = self._as("integrator")["res.partner"].hcrm_get_conversation(person.id)
        said = [row for row in page["rows"] if row["kind"] != "log"]
        self.assertEqual(
            [
                (row["kind"], row["channel"], row["body"])
                for row in said
                if not row.get("is_automatic")
            ],
            [
                ("in", "email", "Thank you"),
                ("out", "email", "We open at eight."),
                ("in", "sms", "请问几号有专家门诊"),
            ],
        )
        dates = [row["date"] for row in page["rows"]]
        self.assertEqual(dates, sorted(dates, reverse=True))

    def test_pages_lose_and_repeat_nothing(self):
        person = self._make_person("林晓", phone="13900001111")
        self._text(NUMBER, *[f"no. {n}" for n in range(25)])
        Partner = self._as("agent")["res.partner"]
        seen, before = [], None
        while True:
            page = Partner.hcrm_get_conversation(person.id, before, 7)
            seen += [(row["kind"], row["id"]) for row in page["rows"]]
            before = page["next"]
            if not before:
                break
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual(len([row for row in seen if row[0] == "in"]), 25)

    def test_what_is_not_shown(self):
        """Codes are shown to nobody, clinical words to clinicians alone."""
        person = self._make_person("林晓", phone="13900001111")
        vals = {
            "partner_id": person.id,
            "company_id": self.company_a.id,
            "channel": "sms",
        }
        self.env["hcrm.message"]._queue(
            [
                {**vals, "purpose": "security", "body": "123456"},
                {
                    **vals,
                    "purpose": "care",
                    "body": "HbA1c 9",
                    "body_neutral": "A result is there",
                    "is_clinical": True,
                },
            ]
        )
        for role, words in (("agent", "A result is there"), ("nurse", "HbA1c 9")):
            page = self._as(role)["res.partner"].hcrm_get_conversation(person.id)
            bodies = {row["body"] for row in page["rows"]}
            self.assertEqual(bodies, {"Security code", words}, role)

    def test_query_count(self):
        """A thread costs the same with 2 and with 50 messages."""
        counts = []
        for size in (2, 50):
            person = self._make_person("林晓", phone=f"1390002{size:04d}")
            self._text(f"+861390002{size:04d}", *["hello"] * size)
            env = self._as("agent")
            env["hcrm.chat"].get_chat(person.id)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            env["hcrm.chat"].get_chat(person.id, limit=60)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageChat(ChatCase):
    def setUp(self):
        super().setUp()
        self.person = self._make_person("林晓", phone="13900001111")
        self._text(NUMBER, "我想改一下复诊时间，下周三上午可以吗")
        self.conversation = self._conversation(self.person)

    def test_a_message_opens_a_conversation(self):
        """Who waits, since when, until when (F98)."""
        row = self.conversation
        self.assertEqual((row.state, row.unread_count), ("open", 1))
        self.assertEqual(row.date_due, row.date_waiting + timedelta(minutes=60))
        waiting = row.date_waiting
        self._text(NUMBER, "在吗", "您好")
        self.assertEqual((row.unread_count, row.date_waiting), (3, waiting))

    def test_reply_close_confirm_are_apart(self):
        """Each is one tap; none needs another (C21)."""
        chat = self._chat()
        state = chat.reply("可以的", "sms", partner_id=self.person.id)
        message = self.env["hcrm.message"].browse(state["message_id"])
        self.assertEqual(
            (message.purpose, message.is_answer, message.channel),
            ("service", True, "sms"),
        )
        self.assertEqual(message.asked_address, NUMBER)
        row = self.conversation
        self.assertEqual((row.state, row.user_id), ("open", self.users["agent"]))
        self.assertFalse(row.date_waiting)
        count = self.env["hcrm.message"].search_count([])
        self.assertEqual(chat.close(self.person.id)["state"], "closed")
        self.assertEqual(self.env["hcrm.message"].search_count([]), count)
        with self.assertRaises(UserError):
            chat.confirm(self.person.id)
        self.company_a.hcrm_confirm_text = "收到，我们会处理。"
        chat.confirm(self.person.id)
        last = self.env["hcrm.message"].search([], limit=1)
        self.assertEqual(last.body, "收到，我们会处理。")
        self.assertEqual(row.state, "open")

    def test_a_closed_conversation_opens_again(self):
        self._chat().close(self.person.id)
        self.assertEqual(self.conversation.state, "closed")
        self._text(NUMBER, "还有一个问题想问")
        self.assertEqual(self.conversation.state, "open")
        self.assertTrue(self.conversation.date_due)

    def test_snooze_ends_with_the_next_message(self):
        self._chat().snooze(4, self.person.id)
        inbox = self._as("agent")["hcrm.inbox"]
        self.assertFalse(inbox.get_inbox()["rows"])
        self.assertEqual(inbox.get_inbox()["counts"]["snoozed"], 1)
        self._text(NUMBER, "还有一个问题想问")
        self.assertEqual(len(inbox.get_inbox()["rows"]), 1)

    def test_lock(self):
        """A colleague who answers nonetheless says why, and that is logged (F19)."""
        self._chat().take(self.person.id)
        nurse = self._chat("nurse")
        lock = nurse.get_chat(self.person.id)["lock"]
        self.assertEqual(lock["name"], "Test agent")
        answer = nurse.reply("好的", "sms", partner_id=self.person.id)
        self.assertEqual(set(answer), {"lock"})
        self.assertFalse(self.env["hcrm.message"].search([("body", "=", "好的")]))
        nurse.reply(
            "好的",
            "sms",
            partner_id=self.person.id,
            override_reason="Patient on my phone",
        )
        log = self.env["hcrm.conversation.log"].search([], limit=1)
        self.assertEqual(
            (log.kind, log.note, log.user_id, log.other_user_id),
            (
                "overridden",
                "Patient on my phone",
                self.users["nurse"],
                self.users["agent"],
            ),
        )
        self.assertEqual(self.conversation.user_id, self.users["agent"])
        with self.assertRaises(UserError):
            nurse.take(self.person.id)

    def test_typing_locks_for_a_moment(self):
        """Who writes an answer is shown to the others (F106)."""
        self._chat().typing(self.person.id)
        nurse = self._chat("nurse")
        self.assertEqual(nurse.get_state(self.person.id)["lock"]["kind"], "typing")
        self.assertFalse(self._chat().get_state(self.person.id)["lock"])
        self.conversation.date_typing -= timedelta(minutes=2)
        self.assertFalse(nurse.get_state(self.person.id)["lock"])

    def test_hand_over_with_a_note(self):
        self._chat().hand_over(
            self.users["nurse"].id, "Wants Wednesday morning", self.person.id
        )
        state = self._chat("nurse").get_state(self.person.id)
        self.assertTrue(state["is_mine"])
        self.assertEqual(state["note"], "Wants Wednesday morning")
        for other in ("doctor", "agent_b"):
            with self.assertRaises(UserError, msg=other):
                self._chat("nurse").hand_over(self.users[other].id, "", self.person.id)

    def test_joined_cards_have_one_conversation(self):
        """Who waits on the old card waits on the new one (F76)."""
        survivor = self._make_person("林晓晓")
        self._chat().take(survivor.id)
        self._chat().close(survivor.id)
        due = self.conversation.date_due
        log = self.env["hcrm.conversation.log"].search(
            [("partner_id", "=", self.person.id)], limit=1
        )
        self.env["hcrm.person.redirect"]._redirect({self.person.id: survivor.id})
        row = self._conversation(survivor)
        self.assertEqual((row.state, row.date_due), ("open", due))
        self.assertFalse(self._conversation(self.person))
        self.assertEqual(log.partner_id, survivor)

    def test_nothing_goes_that_may_not(self):
        """The governor decides: a refused answer is told at once, and not queued."""
        self.env["hcrm.person.report"].create(
            {
                "partner_id": self.person.id,
                "company_id": self.company_a.id,
                "kind": "deceased",
                "source": "relative",
            }
        )
        with self.assertRaisesRegex(UserError, "reported dead"):
            self._chat().reply("可以的", "sms", partner_id=self.person.id)

    def test_preview(self):
        """The signature counts in the parts (R9)."""
        answer = self._chat().preview("可以", "sms", self.person.id)
        self.assertEqual((answer["words"], answer["parts"]), ("【医院】可以", 1))
        answer = self._chat().preview("好" * 67, "sms", self.person.id)
        self.assertEqual(answer["parts"], 2)

    def test_the_used_channel_comes_first(self):
        self.env["hcrm.gateway"].create(
            {"name": "Mail", "company_id": self.company_a.id, "channel": "email"}
        )
        channels = self._chat().get_chat(self.person.id)["channels"]
        self.assertEqual(
            [(row["code"], row["is_used"]) for row in channels],
            [("sms", True), ("email", False)],
        )
        self.assertEqual(channels[1]["verdict"], "refuse")

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_who_may_not(self):
        """Other hospitals see nothing; readers do not answer (R3)."""
        for role in ("agent_b", "outsourced_agent", "head_office"):
            with self.assertRaises(AccessError, msg=role):
                self._chat(role).get_chat(self.person.id)
            with self.assertRaises(AccessError, msg=role):
                self._chat(role).get_chat(conversation_id=self.conversation.id)
        for role in ("doctor", "marketing", "user"):
            self._chat(role).get_chat(self.person.id)
            with self.assertRaises(AccessError, msg=role):
                self._chat(role).reply("x", "sms", partner_id=self.person.id)
            with self.assertRaises(AccessError, msg=role):
                self._chat(role).close(self.person.id)

    def test_restricted_person_leaves_no_trace(self):
        """R8: the inbox of who may not see them has no row and no count."""
        secret = self._make_person(
            "赵明", phone="13900002222", confidentiality="public", alias="A 7"
        )
        self._text("+8613900002222", "请问结果出来了吗")
        inbox = self._as("agent")["hcrm.inbox"].get_inbox()
        self.assertEqual([row["partner_id"] for row in inbox["rows"]], [self.person.id])
        self.assertEqual(inbox["counts"]["open"], 1)
        with self.assertRaises(AccessError):
            self._chat().get_chat(secret.id)
        manager = self._as("privacy_officer")["hcrm.inbox"].get_inbox()
        self.assertEqual(len(manager["rows"]), 2)

    def test_bus_channels(self):
        """Only who may read the person hears of them; unknown names give nothing."""
        secret = self._make_person(
            "赵明", phone="13900002222", confidentiality="public", alias="A 7"
        )
        Socket = self._as("agent")["ir.websocket"]
        channels = Socket._hcrm_channels(
            [
                f"hcrm_core.person_{self.person.id}",
                f"hcrm_core.person_{secret.id}",
                "hcrm_core.person_x",
                "hcrm_core.person_999999999",
                f"hcrm_core.conversation_{self.conversation.id}",
                "hcrm_core.inbox",
            ]
        )
        self.assertEqual(
            [(record._name, record.id) for record, _name in channels],
            [
                ("res.partner", self.person.id),
                ("hcrm.conversation", self.conversation.id),
                ("res.company", self.company_a.id),
            ],
        )
        Socket = self._as("agent_b")["ir.websocket"]
        self.assertFalse(Socket._hcrm_channels([f"hcrm_core.person_{self.person.id}"]))

    def test_what_the_bus_tells(self):
        """Ids and kinds, never a name or a word."""
        self.env["bus.bus"].search([]).unlink()
        self._chat().reply("可以的", "sms", partner_id=self.person.id)
        self.env.cr.precommit.run()
        told = " ".join(self.env["bus.bus"].search([]).mapped("message"))
        self.assertIn("conversation_id", told)
        for word in ("林晓", "可以", "复诊", "1390000"):
            self.assertNotIn(word, told)


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageInbox(ChatCase):
    def test_filters_and_clock(self):
        """Mine, nobody's, waiting, red flags; how long in desk time (F98)."""
        for n in range(4):
            self._make_person(f"林{n}", phone=f"1390000300{n}")
            self._text(f"+861390000300{n}", "请问体检结果什么时候可以取")
        rows = self.env["hcrm.conversation"].search([], order="id")
        now = fields.Datetime.now()
        rows[0].with_env(self._as("agent"))._take()
        rows[1].write(
            {
                "date_waiting": now - timedelta(minutes=90),
                "date_due": now - timedelta(minutes=30),
            }
        )
        rows[2].is_urgent = True
        inbox = self._as("agent")["hcrm.inbox"]
        data = inbox.get_inbox()
        self.assertEqual(
            data["counts"],
            {
                "open": 4,
                "mine": 1,
                "unowned": 3,
                "waiting": 4,
                "red": 1,
                "snoozed": 0,
            },
        )
        self.assertEqual(
            [row["id"] for row in data["rows"]],
            [rows[2].id, rows[1].id, rows[0].id, rows[3].id],
        )
        late = data["rows"][1]
        self.assertEqual(late["clock"], "late")
        self.assertGreaterEqual(late["waiting"], 0)
        self.assertEqual(
            [row["id"] for row in inbox.get_inbox("mine")["rows"]], rows[0].ids
        )
        self.assertEqual(inbox.get_inbox("waiting")["rows"][0]["id"], rows[1].id)
        self.assertEqual(inbox.get_inbox("red")["rows"][0]["id"], rows[2].id)
        person = data["rows"][2]["person"]
        self.assertEqual((person["name"], person["phone_tail"]), ("林0", "3000"))

    def test_query_count(self):
        """The inbox costs the same with 2 and with 50 conversations."""
        counts = []
        made = 0
        for size in (2, 50):
            while made < size:
                self._make_person(f"林{made}", phone=f"139000040{made:02d}")
                self._text(f"+86139000040{made:02d}", "请问结果什么时候可以取")
                made += 1
            env = self._as("agent")
            env["hcrm.inbox"].get_inbox()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            data = env["hcrm.inbox"].get_inbox(limit=50)
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(len(data["rows"]), size)
        self.assertEqual(*counts)

    def test_taking_in_costs_the_same(self):
        """2 and 50 messages of as many people are taken in with as many queries."""
        counts = []
        for start, size in ((0, 1), (1, 2), (10, 50)):
            for n in range(start, start + size):
                self._make_person(f"林{n}", phone=f"139000050{n:02d}")
            events = [
                (f"+86139000050{n:02d}", "请问结果什么时候可以取")
                for n in range(start, start + size)
            ]
            self.env["hcrm.message.event"]._append(
                self.gateway.id, [self._event(*event) for event in events]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["hcrm.message.event"]._apply_batch()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        # the first fills the caches
        self.assertEqual(*counts[1:])

    def test_two_hospitals(self):
        """Each has a conversation of its own with the person."""
        person = self._make_person("林晓", self.company_a | self.company_b)
        self._add_phone(person, "13900001111")
        self._add_phone(person, "13900001111", company=self.company_b)
        self._text(NUMBER, "请问结果什么时候可以取")
        self._text(NUMBER, "请问怎么预约复诊和检查呢", gateway=self.gateway_b)
        self.assertEqual(len(self._as("agent")["hcrm.inbox"].get_inbox()["rows"]), 1)
        self.assertEqual(len(self._as("agent_ab")["hcrm.inbox"].get_inbox()["rows"]), 2)
