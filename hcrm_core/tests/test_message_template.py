from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.hcrm_core.tools import template_text
from odoo.addons.hcrm_core.tools.salutation import salutation

from .governor_common import GovernorCommon


class TemplateCommon(GovernorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_a.phone = "021-55556666"
        cls.block = cls.env["hcrm.template.block"].create(
            {
                "name": "Ride",
                "code": "ride",
                "person_domain": "[('hcrm_age', '>=', 70)]",
                "line_ids": [
                    (0, 0, {"lang": "zh_CN", "body": "可从3号门进。"}),
                    (0, 0, {"lang": "en_US", "body": "Use gate 3."}),
                ],
            }
        )
        cls.template = cls._make_template(
            "visit",
            {
                "lang": "zh_CN",
                "body": "{name}您好，请于{date}{weekday}{time}到{department}。{?ride}",
            },
            {
                "lang": "en_US",
                "body": "Dear {name}, please come on {weekday}, {date} at {time} to "
                "{department}. {?ride}",
            },
        )
        cls.values = {
            "date": datetime(2026, 11, 25, 1, 30),
            "department": cls.cardio.id,
        }

    @classmethod
    def _make_template(cls, code, *texts, **vals):
        template = cls.env["hcrm.template"].create(
            {
                "name": code,
                "code": code,
                "purpose": "care",
                "text_ids": [(0, 0, {"lang": "en_US", **text}) for text in texts],
                **vals,
            }
        )
        template.action_approve()
        return template

    def assertRefused(self, words, function, *args, **kwargs):
        with self.assertRaises(UserError) as caught:
            function(*args, **kwargs)
        self.assertIn(words, str(caught.exception))

    def _patient(self, told="phone=own"):
        return self._make_situation_person(
            self._tokens(told), fields.Datetime.now() - timedelta(days=1)
        )

    def _body(self, person, template=None, values=None, **more):
        template = template or self.template
        rendered = template._render(
            person, "sms", self.company_a, self.values if values is None else values
        )
        return rendered[person.id]


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageTemplate(TemplateCommon):
    # ------------------------------------------------------------------
    # words
    # ------------------------------------------------------------------

    def test_filled_in_the_language_of_the_person(self):
        """Person's language, the hospital's time, the reader's way to write it (F113)."""
        self.env["res.lang"]._activate_lang("zh_CN")
        person = self._make_person("王小红", hcrm_gender="female", lang="zh_CN")
        words = self._body(person)
        self.assertEqual(
            (words["body"], words["lang"], words["problem"]),
            ("王女士您好，请于11月25日星期三09:30到Cardiology。", "zh_CN", None),
        )
        person.lang = "en_US"
        self.assertEqual(
            self._body(person)["body"],
            "Dear Ms Wang, please come on Wednesday, November 25 at 9:30 AM to "
            "Cardiology.",
        )

    def test_no_character_makes_an_english_text_dear(self):
        """Hours and days are in the default alphabet: one part, not two."""
        person = self._make_person("John Smith", hcrm_gender="male", lang="en_US")
        body = self._body(person)["body"]
        self.assertTrue(body.isascii(), body)

    def test_block_for_some(self):
        """An optional part stands there for those who meet its condition."""
        old = self._make_person(
            "Old Smith", lang="en_US", hcrm_birthdate=datetime(1930, 1, 1)
        )
        young = self._make_person("Young Smith", lang="en_US")
        rendered = self.template._render(
            old + young, "sms", self.company_a, self.values
        )
        self.assertTrue(rendered[old.id]["body"].endswith("Cardiology. Use gate 3."))
        self.assertTrue(rendered[young.id]["body"].endswith("Cardiology."))

    def test_missing_value(self):
        """No value: the author's own words, else no text and the reason."""
        person = self._make_person("John Smith", lang="en_US")
        words = self._body(person, values={"department": self.cardio.id})
        self.assertFalse(words["body"])
        self.assertEqual(words["problem"][0], "template_value")
        self.assertIn("{weekday}", words["problem"][1])
        template = self._make_template(
            "soft", {"body": "Dear {name}, {doctor|your doctor} is away."}
        )
        self.assertEqual(
            self._body(person, template)["body"],
            "Dear John Smith, your doctor is away.",
        )

    def test_unknown_placeholder(self):
        """Refused on save, naming the place."""
        for body, place in (
            ("Dear {nmae}, hello", "Dear {nmae}, hello"),
            ("亲爱的{姓名}", "亲爱的{姓名}"),
            ("Dear ｛name｝", "braces"),
            ("Dear {name, hello", "brace"),
            ("{?nothing}", "nothing"),
        ):
            self.assertRefused(place, self._make_template, "bad", {"body": body})

    def test_nothing_is_evaluated(self):
        """What is filled in is no placeholder, and no code of a user is run."""
        text = "{name} {name.company_id} {{1}} ${object} <t t-out='1'/>"
        filled = template_text.fill("{name}", {"name": text}, {})
        self.assertEqual(filled, text)
        person = self._make_person("{phone}", lang="en_US")
        template = self._make_template("plain", {"body": "Hello {name}"})
        self.assertEqual(self._body(person, template)["body"], "Hello {phone}")

    def test_restricted_person_is_addressed_by_alias(self):
        """R13: never the name of a restricted person; without an alias, nobody's."""
        template = self._make_template("hello", {"body": "Dear {name}"})
        known = self._make_person(
            "王小红", confidentiality="public", alias="Guest 7", lang="en_US"
        )
        self.assertEqual(self._body(known, template)["body"], "Dear Guest 7")
        unknown = self._make_person("王小红", confidentiality="public", lang="en_US")
        self.assertEqual(self._body(unknown, template)["body"], "Dear Sir or Madam")

    def test_salutations(self):
        """R13: surnames of two characters, dots, placeholders, children."""
        for name, gender, age, chinese, english in (
            ("王小红", "female", 40, "王女士", "Ms Wang"),
            ("欧阳明", "male", 40, "欧阳先生", "Mr Ouyang"),
            ("单雄", "male", 40, "单先生", "Mr Shan"),
            ("王小红", "unknown", 40, "王小红", "Wang Xiaohong"),
            ("阿依古丽·买买提", "female", 30, "阿依古丽女士", "Ms Ayiguli Maimaiti"),
            ("John Smith", "male", 50, "John Smith先生", "Mr John Smith"),
            ("无名氏", "male", 50, "朋友", "Sir or Madam"),
            ("李红之女", "female", 0, "宝宝家长", "Parent"),
            ("王小明", "male", 6, "王小明家长", "Parent of Wang Xiaoming"),
        ):
            self.assertEqual(
                (
                    salutation(name, gender, age, "zh_CN"),
                    salutation(name, gender, age, "en_US"),
                ),
                (chinese, english),
            )

    # ------------------------------------------------------------------
    # silence
    # ------------------------------------------------------------------

    def test_department_of_a_shielded_person(self):
        """R4: the word that names the disease reaches no text of the person's."""
        oncology = self.env["hcrm.department"].create(
            {"name": "Oncology", "code": "onco", "company_id": self.company_a.id}
        )
        values = {**self.values, "department": oncology.id}
        person = self._make_person("John Smith", lang="en_US", disclosure="shielded")
        words = self._body(person, values=values)
        self.assertIn("to our clinic", words["body"])
        for name in ("body", "body_neutral"):
            self.assertNotIn("Oncology", words[name])

    def test_neutral_words_of_what_names_a_department(self):
        """Others who read it learn no department, though nothing clinical is written."""
        words = self._body(self._make_person("John Smith", lang="en_US"))
        self.assertIn("Cardiology", words["body"])
        self.assertNotIn("Cardiology", words["body_neutral"])
        self.assertTrue(words["is_clinical"])

    def test_sensitive_department(self):
        """R8: by its neutral label, for everybody."""
        person = self._make_person("John Smith", lang="en_US")
        words = self._body(person, values={**self.values, "department": self.psych.id})
        self.assertIn("Clinic 3", words["body"])

    def test_clinical_needs_neutral_words(self):
        self.assertRefused(
            "neutral words",
            lambda: self._make_template("x", {"body": "Your sugar"}, is_clinical=True),
        )

    # ------------------------------------------------------------------
    # approval
    # ------------------------------------------------------------------

    def test_approved_words_stand_still(self):
        template = self.template.with_env(self._as("manager"))
        self.assertRefused("draft first", template.text_ids[0].write, {"body": "Other"})
        new = {"lang": "en_US", "size": "long", "body": "x"}
        self.assertRefused("draft first", template.write, {"text_ids": [(0, 0, new)]})
        template.action_draft()
        template.text_ids[0].body = "Other"
        self.assertRefused(
            "manager", template.with_env(self._as("marketing")).action_approve
        )
        template.action_approve()
        self.assertEqual(template.approved_by_id, self.users["manager"])

    def test_medical_advertising(self):
        """R9: it carries its approval number, and ends with it."""
        vals = {"purpose": "marketing", "is_medical_ad": True}
        make = self._make_template
        self.assertRefused("approval number", make, "ad", {"body": "Come"}, **vals)
        vals |= {"ad_number": "No 1", "date_ad_end": fields.Date.today()}
        self.assertRefused("ad_number", make, "ad", {"body": "Come"}, **vals)
        template = self._make_template("ad", {"body": "Come {ad_number}"}, **vals)
        person = self._make_person("John Smith", lang="en_US")
        self.assertEqual(self._body(person, template)["body"], "Come No 1")
        template.sudo().date_ad_end = fields.Date.today() - timedelta(days=2)
        self.assertEqual(template._not_usable(self.company_a)[0], "template_ad")

    def test_block_condition_needs_the_right_to_what_it_asks(self):
        with self.assertRaises(ValidationError):
            self.env["hcrm.template.block"].with_env(self._as("marketing")).create(
                {
                    "name": "Sick",
                    "code": "sick",
                    "person_domain": "[('hcrm_condition_ids.code', '=', 'I10')]",
                }
            )

    # ------------------------------------------------------------------
    # queue
    # ------------------------------------------------------------------

    def _queue(self, person, template=None, **vals):
        return self.env["hcrm.message"]._queue(
            [
                {
                    "partner_id": person.id,
                    "company_id": self.company_a.id,
                    "channel": "sms",
                    "is_urgent": True,
                    "template_id": (template or self.template).id,
                    "values": self.values,
                    **vals,
                }
            ]
        )

    def test_worded_when_claimed(self):
        """Queued with a template and values; purpose is the template's, the words are
        made when it leaves."""
        person = self._patient()
        person.lang = "en_US"
        message = self._queue(person, purpose="marketing")
        self.assertEqual((message.purpose, message.body), ("care", False))
        person.name = "John Smith"
        claimed = self.env["hcrm.message"]._claim()
        self.assertEqual(claimed, message)
        self.assertEqual(
            message.body,
            "Dear John Smith, please come on Wednesday, November 25 at 9:30 AM to "
            "Cardiology.",
        )
        self.assertEqual(message.lang, "en_US")

    def test_refused_with_why(self):
        """A draft, or a value that is missing, sends nothing and says why."""
        person = self._patient()
        missing = self._queue(person, values={})
        draft = self._make_template("draft", {"body": "Hello"})
        draft.action_draft()
        unapproved = self._queue(person, draft)
        good = self._queue(person)
        self.assertEqual(self.env["hcrm.message"]._claim(), good)
        self.assertEqual(
            [(m.state, m.reason_code) for m in missing + unapproved],
            [("refused", "template_value"), ("refused", "template_draft")],
        )
        self.assertIn("not approved", unapproved.reason)
        self.assertFalse(missing.date_sent)

    def test_two_messages_of_one_person(self):
        person = self._patient()
        person.lang = "en_US"
        other = {**self.values, "date": datetime(2026, 11, 26, 1, 30)}
        first, second = self._queue(person), self._queue(person, values=other)
        self.env["hcrm.message"]._claim()
        self.assertIn("November 25", first.body)
        self.assertIn("November 26", second.body)

    # ------------------------------------------------------------------
    # speed
    # ------------------------------------------------------------------

    def test_query_count(self):
        """2 and 50 people cost the same number of queries."""
        counts = []
        for size in (1, 2, 50):  # the first fills the caches
            people = self.env["res.partner"]
            for number in range(size):
                people |= self._make_person(f"王{number}", lang="en_US")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.template._render(people, "sms", self.company_a, self.values)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts[1:])
        self.assertLess(counts[1], 16)

    def test_query_count_claimed(self):
        counts = []
        for size in (1, 2, 50):  # the first fills the caches
            for _number in range(size):
                self._queue(self._patient())
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(len(self.env["hcrm.message"]._claim()), size)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts[1:])
