from datetime import timedelta
from time import perf_counter

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.hcrm_core.tools.filed_text import match_filed
from odoo.addons.hcrm_core.tools.sms_parts import count_parts

from .gateway_server import GatewayServer
from .test_message_template import TemplateCommon

# a long marketing text, as a check-up centre would send it
OFFER = (
    "{name}您好，本院体检中心推出秋季关爱套餐，含血常规、肝肾功能、甲状腺彩超、低剂量胸部CT等"
    "二十六项，{date}前预约可免费加做骨密度检查，详情请见{link}，咨询电话{phone}。"
)


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageFiling(TemplateCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = GatewayServer()
        cls.addClassCleanup(cls.server.close)
        cls.env["res.lang"]._activate_lang("zh_CN")
        common = {
            "company_id": cls.company_a.id,
            "kind": "kannel",
            "url": f"{cls.server.url}/cgi-bin/sendsms",
            "rate": 0,
        }
        cls.care, cls.marketing = cls.env["hcrm.gateway"].create(
            [
                {
                    **common,
                    "name": "Care",
                    "takes": "care",
                    "sender": "1069001",
                    "signature": "【市一医院】",
                },
                {
                    **common,
                    "name": "Marketing",
                    "takes": "outreach",
                    "sender": "1069002",
                    "signature": "【市一体检】",
                    "optout_text": "拒收请回复R",
                    "requires_filing": True,
                },
            ]
        )
        cls.offer = cls._make_template(
            "offer", {"lang": "zh_CN", "body": OFFER}, purpose="marketing"
        )
        cls.filing = cls.env["hcrm.gateway.filing"].create(
            {
                "name": "Autumn",
                "gateway_id": cls.marketing.id,
                "template_id": cls.offer.id,
                "vendor_code": "SMS_1",
                "wording": f"{OFFER}拒收请回复R",
                "state": "approved",
            }
        )
        cls.values = {"date": "2026-11-30", "link": "https://h.example.com/a1"}

    def setUp(self):
        super().setUp()
        cron = type(self.env["ir.cron"])
        self.patch(cron, "_commit_progress", lambda *_args, **_kwargs: float("inf"))
        self.server.received.clear()

    def _claimed(self, template=None, purpose="marketing", body=False, **vals):
        """A message as the governor lets it go, at any hour of the day."""
        person = self._patient("consent=marketing")
        person.write({"name": "王小红", "hcrm_gender": "female", "lang": "zh_CN"})
        message = self.env["hcrm.message"]._queue(
            [
                {
                    "partner_id": person.id,
                    "company_id": self.company_a.id,
                    "channel": "sms",
                    "purpose": purpose,
                    "template_id": template and template.id,
                    "values": self.values,
                    "body": body,
                    **vals,
                }
            ]
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE hcrm_message SET state = 'claimed', verdict = 'allow', date_judged ="
            " now() AT TIME ZONE 'UTC', date_sent = now() AT TIME ZONE 'UTC', address ="
            " '+8613912340000' WHERE id = %s",
            (message.id,),
        )
        self.env.invalidate_all()
        return message._fill_from_templates()

    def _send(self, message):
        self.env["hcrm.message"]._hand_over(message)
        return self.server.received[-1] if self.server.received else None

    # ------------------------------------------------------------------
    # bytes at the carrier
    # ------------------------------------------------------------------

    def test_bytes_of_a_long_marketing_text(self):
        """R9: signature first, the words that were filed, the way out last; its own
        port; counted as it goes."""
        message = self._claimed(self.offer)
        received = self._send(message)
        self.assertEqual(
            received["text"],
            "【市一体检】王女士您好，本院体检中心推出秋季关爱套餐，含血常规、肝肾功能、甲状腺彩超、"
            "低剂量胸部CT等二十六项，11月30日前预约可免费加做骨密度检查，详情请见"
            "https://h.example.com/a1，咨询电话021-55556666。拒收请回复R",
        )
        self.assertEqual(received["from"], "1069002")
        self.assertEqual(message.state, "accepted")
        self.assertEqual(message.parts, count_parts(received["text"]))
        self.assertEqual(message.parts, 2)
        self.assertEqual(message.filing_id, self.filing)
        self.assertEqual(
            message.filing_values,
            {
                "name": "王女士",
                "date": "11月30日",
                "link": "https://h.example.com/a1",
                "phone": "021-55556666",
            },
        )

    def test_care_goes_by_its_own_port(self):
        received = self._send(self._claimed(purpose="care", body="请带好证件"))
        self.assertEqual(received["from"], "1069001")
        self.assertEqual(received["text"], "【市一医院】请带好证件")

    def test_words_of_another_language_stand_apart(self):
        """English opt-out words follow after a blank."""
        self.marketing.with_context(lang="en_US").optout_text = "Reply R to stop"
        self.marketing.requires_filing = False
        received = self._send(self._claimed(body="Come on Monday."))
        self.assertEqual(
            received["text"], "【市一体检】Come on Monday. Reply R to stop"
        )

    # ------------------------------------------------------------------
    # refused before the carrier does
    # ------------------------------------------------------------------

    def _refused(self, message):
        self.assertIsNone(self._send(message))
        self.assertEqual((message.state, message.verdict), ("refused", "refuse"))
        self.assertFalse(message.date_sent)
        return message.reason_code

    def test_unfiled(self):
        """A word more than was filed, and the carrier never sees it."""
        message = self._claimed(body="王女士您好，快来体检！")
        self.assertEqual(self._refused(message), "template_unfiled")
        self.assertIn("not filed", message.reason)

    def test_filing_that_is_not_in_force(self):
        for vals in (
            {"state": "rejected"},
            {"state": "filed"},
            {"date_end": fields.Date.today() - timedelta(days=2)},
        ):
            self.filing.write({"state": "approved", "date_end": False, **vals})
            message = self._claimed(self.offer)
            self.assertEqual(self._refused(message), "template_unfiled", vals)

    def test_signature(self):
        self.marketing.date_signature_end = fields.Date.today() - timedelta(days=2)
        self.assertEqual(self._refused(self._claimed(self.offer)), "signature_unfiled")

    def test_marketing_without_a_way_out(self):
        self.marketing.optout_text = False
        self.assertEqual(self._refused(self._claimed(self.offer)), "no_optout")

    def test_another_gateway_takes_it(self):
        """Where another gateway wants no filing, the text goes there."""
        other = self.marketing.copy(
            {"name": "Other", "sequence": 20, "requires_filing": False}
        )
        message = self._claimed(body="王女士您好，快来体检！")
        self.assertIsNone(self._send(message))
        self.assertEqual((message.state, message.attempt_count), ("queued", 0))
        message.state = "claimed"
        self._send(message)
        self.assertEqual((message.state, message.gateway_id), ("accepted", other))

    # ------------------------------------------------------------------
    # matching
    # ------------------------------------------------------------------

    def test_types_of_places(self):
        places = {place.code: place.kind for place in self.filing.place_ids}
        self.assertEqual(
            places, {"name": "text", "date": "date", "link": "link", "phone": "text"}
        )
        self.filing.place_ids.filtered(lambda p: p.code == "name").longest = 2
        self.filing.wording = "{name}，{count}人"
        self.assertEqual(
            [(p.code, p.kind, p.longest) for p in self.filing.place_ids],
            [("name", "text", 2), ("count", "number", 20)],
        )
        match = self.filing._match
        self.assertEqual(match("王女，12人"), {"name": "王女", "count": "12"})
        for text in (
            "王女士，12人",
            "王女，十二人",
            "，12人",
            "王女，12人吗",
            "王女,12人",
        ):
            self.assertIsNone(match(text), text)

    def test_no_link_in_a_text(self):
        places = (("name", "text", 30),)
        self.assertIsNone(match_filed("{name}好", places, "http://x.cn好"))
        self.assertIsNone(match_filed("{name}好", places, "www.x.cn好"))

    def test_braces_of_a_filing(self):
        with self.assertRaises(ValidationError):
            self.filing.wording = "${name"

    def test_matching_time_does_not_explode(self):
        """Many places, and a text that almost fits."""
        wording = "，".join(f"{{p{n}}}" for n in range(12)) + "。"
        places = tuple((f"p{n}", "text", 30) for n in range(12))
        started = perf_counter()
        self.assertIsNone(match_filed(wording, places, "，" * 300))
        self.assertLess(perf_counter() - started, 1)
