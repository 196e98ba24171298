from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, tagged

from ..tools.autoreply import is_automatic, is_service_number, names, word_list
from .chat_common import ChatWorld
from .common import HcrmCommon

NUMBER = "+8613900001111"


class TriageCase(ChatWorld, HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._open_always()
        cls.father = cls._make_person("林大", phone="13900001111")
        cls.son = cls._make_person("林小")
        cls._add_phone(cls.son, "13900001111", whose="father")

    def _triage(self, role="agent"):
        return self._as(role)["hcrm.triage"]


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageTriage(TriageCase):
    def test_shared_number_asks_whose(self):
        """Both who use the number are offered, told apart as R13 says (F21)."""
        rows = self._text(NUMBER, "我想改一下复诊的时间可以吗")
        self.assertEqual(rows.state, "triage")
        data = self._triage().get_triage()
        self.assertEqual(data["total"], 1)
        [row] = data["rows"]
        self.assertEqual(
            [(person["name"], person["whose"]) for person in row["candidates"]],
            [("林大", "Own"), ("林小", "Father's")],
        )
        conversation = self._triage().assign(self.company_a.id, NUMBER, self.son.id)
        self.assertEqual((rows.partner_id, rows.state), (self.son, "new"))
        self.assertEqual(self._conversation(self.son).id, conversation)
        self.assertTrue(self._conversation(self.son).date_due)
        self.assertFalse(self._triage().get_triage()["rows"])
        self.assertFalse(
            self.env["hcrm.conversation"].search([("partner_id", "=", False)])
        )
        with self.assertRaisesRegex(UserError, "settled"):
            self._triage().assign(self.company_a.id, NUMBER, self.son.id)

    def test_unknown_number_goes_on_the_card(self):
        """Somebody nobody knew by this number: it is added, with whose it is."""
        self._text("+8613900009999", "您好我是林小换了新的号码")
        self.assertFalse(self._triage().get_triage()["rows"][0]["candidates"])
        self._triage().assign(self.company_a.id, "+8613900009999", self.son.id, "self")
        point = self.son.hcrm_contact_point_ids.filtered(
            lambda point: point.number == "+8613900009999"
        )
        self.assertEqual((point.whose, point.rank), ("self", 2))
        again = self._text("+8613900009999", "请问下周三上午有号吗谢谢")
        self.assertEqual(again.partner_id, self.son)

    def test_restricted_person_is_no_candidate(self):
        """R8: not named, not counted; who has a grant sees them."""
        self._make_person(
            "赵明", phone="13900002222", confidentiality="public", alias="A 7"
        )
        self._make_person("赵大", phone="13900002222")
        self._text("+8613900002222", "请问体检结果什么时候可以取")
        [row] = self._triage().get_triage()["rows"]
        self.assertEqual([person["name"] for person in row["candidates"]], ["赵大"])
        self.assertNotIn("A 7", str(row))
        [row] = self._triage("privacy_officer").get_triage()["rows"]
        self.assertEqual(len(row["candidates"]), 2)

    def test_junk_and_wrong_number(self):
        rows = self._text(NUMBER, "我想改一下复诊的时间可以吗")
        self._triage().junk(self.company_a.id, NUMBER)
        self.assertEqual((rows.meaning, rows.state), ("junk", "done"))
        rows = self._text(NUMBER, "谁给我发的我不认识你们医院")
        self._triage().wrong_number(self.company_a.id, NUMBER)
        self.assertEqual(rows.meaning, "wrong_person")
        points = (self.father | self.son).hcrm_contact_point_ids
        self.assertEqual(points.mapped("is_wrong"), [True, True])

    def test_wrong_number_is_not_theirs_any_more(self):
        """What comes from a number called wrong is laid on nobody's card (R9)."""
        person = self._make_person("王伟", phone="13900003333")
        person.hcrm_contact_point_ids.is_wrong = True
        rows = self._text("+8613900003333", "请问体检结果什么时候可以取")
        self.assertFalse(rows.partner_id)

    def test_who_may_settle(self):
        self._text(NUMBER, "我想改一下复诊的时间可以吗")
        self.assertFalse(self._triage("doctor").get_triage()["can_write"])
        with self.assertRaises(AccessError):
            self._triage("doctor").junk(self.company_a.id, NUMBER)
        self.assertFalse(self._triage("agent_b").get_triage()["rows"])
        with self.assertRaises(UserError):
            self._triage("agent_b").junk(self.company_a.id, NUMBER)

    def test_person_of_another_hospital_is_registered_first(self):
        """R3: a person without a file here is not assigned to."""
        self._text(NUMBER, "我想改一下复诊的时间可以吗")
        other = self._make_person("王芳", self.company_b)
        with self.assertRaisesRegex(UserError, "Register"):
            self._triage().assign(self.company_a.id, NUMBER, other.id)

    def test_query_count(self):
        """The list costs the same with 2 and with 50 numbers."""
        counts = []
        made = 0
        for size in (1, 2, 50):
            while made < size:
                for name in ("林甲", "林乙"):
                    self._make_person(name, phone=f"139000060{made:02d}")
                self._text(f"+86139000060{made:02d}", "请问结果什么时候可以取")
                made += 1
            triage = self._triage()
            triage.get_triage()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(len(triage.get_triage()["rows"]), size)
            counts.append(self.env.cr.sql_log_count - before)
        # the first fills the caches
        self.assertEqual(*counts[1:])


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageOptout(TriageCase):
    def _reason(self, person, purpose="marketing", channel="sms"):
        env = self._as("agent")
        answer = env["res.partner"].hcrm_may_contact(person.id, purpose, channel)
        return answer["reason"]

    def test_shared_number_is_suppressed_and_asked_about(self):
        """An opt-out from a family's phone: nobody on it gets offers there, and staff
        is asked who it was; care goes on, nothing opts in again (C8)."""
        for person in (self.father, self.son):
            self.env["hcrm.consent"].create(
                {
                    "partner_id": person.id,
                    "company_id": self.company_a.id,
                    "purpose": "marketing",
                    "decision": "granted",
                }
            )
        rows = self._text(NUMBER, "退订")
        self.assertEqual((rows.meaning, rows.state), ("optout", "triage"))
        for person in (self.father, self.son):
            self.assertEqual(self._reason(person), "withdrawn")
            self.assertNotEqual(self._reason(person, "care"), "withdrawn")
        [row] = self._triage().get_triage()["rows"]
        self.assertTrue(row["is_optout"])
        self._triage().assign(self.company_a.id, NUMBER, self.father.id)
        self.assertEqual(rows.state, "done")
        self.assertEqual(self._reason(self.father, channel="email"), "withdrawn")
        # the son's other ways stay as he left them; the number stays silent
        self.assertEqual(self._reason(self.son), "withdrawn")
        self.assertNotEqual(self._reason(self.son, channel="email"), "withdrawn")

    def test_optout_is_confirmed_once(self):
        """The person reads that offers end and care goes on."""
        person = self._make_person("王伟", phone="13900003333")
        self._text("+8613900003333", "T")
        self._text("+8613900003333", "T")
        answers = self.env["hcrm.message"].search([("partner_id", "=", person.id)])
        self.assertEqual(len(answers), 1)
        self.assertIn("no more offers", answers.body)
        self.assertEqual(answers.purpose, "service")
        self.assertFalse(self._conversation(person))


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageAutoreply(ChatWorld, HcrmCommon):
    """Answers that need nobody (F105)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._open_always()
        cls.person = cls._make_person("林晓", phone="13900001111")

    def _answers(self, person=None):
        return self.env["hcrm.message"].search(
            [
                ("partner_id", "=", (person or self.person).id),
                ("res_model", "=", "hcrm.autoreply"),
            ]
        )

    def _rule(self, answer):
        return self.env["hcrm.autoreply"].browse(answer.res_id)

    def test_known_word(self):
        """ "预约" is answered and a colleague sees to it; "地址" needs nobody."""
        for text, kind, state in (
            ("预约", "autoreply_booking_zh", "new"),
            ("余额", "autoreply_balance_zh", "new"),
            ("地址？", "autoreply_address_zh", "done"),
            ("Phone?", "autoreply_phone_en", "done"),
        ):
            row = self._text(NUMBER, text)
            rule = self._rule(self._answers()[0])
            self.assertEqual(rule, self.env.ref(f"hcrm_core.{kind}"), text)
            self.assertEqual(row.state, state, text)
        answer = self._answers()[-1]
        self.assertEqual((answer.purpose, answer.is_answer), ("service", True))
        self.assertIn("021 5555 0000", answer.body)

    def test_unknown_goes_to_a_human(self):
        """A longer message says more than the word in it."""
        row = self._text(NUMBER, "我上周预约了但是现在发烧39度怎么办，很难受")
        self.assertEqual(row.state, "new")
        rules = self._answers().mapped(lambda answer: self._rule(answer).kind)
        self.assertEqual(rules, ["first"])
        self.assertTrue(self._conversation(self.person).date_due)

    def test_closed_desk(self):
        self.company_a.write({"hcrm_inbox_from": 0, "hcrm_inbox_to": 0.001})
        self._text(NUMBER, "请问体检结果什么时候可以取，谢谢您")
        self.assertEqual(self._rule(self._answers()).kind, "closed")

    def test_red_flag_gets_the_emergency_number(self):
        """No mere automatic answer to a danger; the desk's hours do not matter."""
        event = self.env["hcrm.message.event"]
        event._append(self.gateway.id, [self._event(NUMBER, "预约 胸痛")])
        row = self.env["hcrm.inbound"].create(
            {
                "partner_id": self.person.id,
                "company_id": self.company_a.id,
                "gateway_id": self.gateway.id,
                "peer": NUMBER,
                "body": "预约 胸痛",
                "date": "2026-03-11 02:00:00",
                "is_urgent": True,
            }
        )
        row._open_conversations()
        self.assertEqual(self._rule(self._answers()).kind, "urgent")
        self.assertIn("120", self._answers().body)
        self.assertTrue(self._conversation(self.person).is_urgent)

    def test_loops_stop(self):
        """Never to machines and short numbers, once in some hours, a few a day."""
        for peer, text in (
            (NUMBER, "自动回复：我正在开会，稍后联系您"),
            (NUMBER, "【某商城】双十一预约，回T退订"),
            ("10086", "预约"),
            ("106550001", "预约"),
        ):
            self._text(peer, text)
        self.assertFalse(
            self.env["hcrm.message"].search([("res_model", "=", "hcrm.autoreply")])
        )
        for _n in range(4):
            self._text(NUMBER, "预约")
        self.assertEqual(len(self._answers()), 1)
        for word in ("地址", "电话", "余额", "address", "phone", "balance"):
            self._text(NUMBER, word)
        self.assertEqual(len(self._answers()), 5)

    def test_unknown_number_is_answered_too(self):
        self._text("+8613900007777", "地址")
        answer = self.env["hcrm.message"].search(
            [("asked_address", "=", "+8613900007777")]
        )
        self.assertEqual(len(answer), 1)
        self.assertFalse(answer.partner_id)
        env = self._as("manager")
        self.assertTrue(env["hcrm.message"].search([("id", "=", answer.id)]))

    def test_own_rule_of_a_hospital_goes_first(self):
        rule = self._as("manager")["hcrm.autoreply"].create(
            {
                "name": "Booking of A",
                "company_id": self.company_a.id,
                "words": "预约",
                "body": "A: {phone}",
                "sequence": 99,
            }
        )
        self._text(NUMBER, "预约")
        self.assertEqual(self._rule(self._answers()), rule)


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageAutoreplyTools(TransactionCase):
    def test_words(self):
        words = word_list("预约、挂号\nAppointment, opening hours")
        for text in (
            "我要預约 预约",
            "ＡＰＰＯＩＮＴＭＥＮＴ please",
            "Opening  hours?",
        ):
            self.assertTrue(names(text, words), text)
        for text in ("disappointment", "opening", "你好"):
            self.assertFalse(names(text, words), text)

    def test_machines(self):
        for text in ("Auto-Reply: away", "【银行】您的", "回TD退订", "out of office"):
            self.assertTrue(is_automatic(text), text)
        for text in ("预约", "I am out of medicine"):
            self.assertFalse(is_automatic(text), text)
        for peer in ("10086", "95588", "1065500123", "?", "", "BANK"):
            self.assertTrue(is_service_number(peer), peer)
        for peer in ("+8613900001111", "lin@example.com", "oWx_1a2b3c"):
            self.assertFalse(is_service_number(peer), peer)
