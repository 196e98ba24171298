"""A person's own choices behind a signed link: what opens it, what it changes."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from odoo.addons.hcrm_core.controllers import preference as controller
from odoo.addons.hcrm_core.models.message.preference import (
    PREFERENCE_DAYS,
    UNSUBSCRIBE,
    LinkDead,
)

from .common import HcrmCommon, HcrmWorld


class PreferenceWorld(HcrmWorld):
    @classmethod
    def _setup_people(cls):
        cls.Preference = cls.env["hcrm.preference"]
        cls.person = cls._make_person(
            "王芳", phone="13900001111", hcrm_birthdate="1980-05-01"
        )
        cls.mother = cls._make_person("李红", hcrm_birthdate="1990-05-01")
        today = fields.Date.today()
        cls.child = cls._make_person(
            "王小", hcrm_birthdate=today - timedelta(days=365 * 8)
        )
        cls.guardian = cls._add_relation(cls.child, cls.mother, is_guardian=True)

    def _token(self, partner=None, giver=None, company=None):
        url = self.Preference._link(
            partner or self.person, company or self.company_a, giver
        )
        return url.rpartition("/")[2]

    def _decided(self, partner=None):
        return {
            (row.purpose, row.channel): row.decision
            for row in reversed((partner or self.person).hcrm_consent_ids.sorted("id"))
        }


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessagePreference(PreferenceWorld, HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_people()

    # ------------------------------------------------------------------
    # tokens (C7)
    # ------------------------------------------------------------------

    def test_link_opens_its_person(self):
        visit = self.Preference._open(self._token())
        self.assertEqual((visit.partner, visit.company), (self.person, self.company_a))
        self.assertFalse(visit.giver)

    def test_forged_links(self):
        """Another person's number, half a token, any character changed: nothing."""
        token = self._token()
        forged = [
            "", "x", "中文", token[:-4], token[:20] + "A" + token[21:], token + "AAAA",
        ]  # fmt: skip
        for text in forged:
            with self.assertRaises(LinkDead, msg=text):
                self.Preference._open(text)

    def test_one_purpose(self):
        """The one-click link does not open the page, nor the other way round."""
        with self.assertRaises(LinkDead):
            self.Preference._open(self._token(), UNSUBSCRIBE)

    def test_expiry(self):
        token = self._token()
        later = fields.Datetime.now() + timedelta(days=PREFERENCE_DAYS + 1)
        with freeze_time(later), self.assertRaises(LinkDead):
            self.Preference._open(token)

    def test_person_is_gone(self):
        """Merged, erased and dead people's links are dead."""
        token = self._token()
        for status in ("merged", "erased", "deceased"):
            self.person.hcrm_status = status
            with self.assertRaises(LinkDead):
                self.Preference._open(token)
        self.person.hcrm_status = "current"
        self.person.hcrm_file_ids.unlink()
        with self.assertRaises(LinkDead):
            self.Preference._open(token)

    def test_children(self):
        """Under 14 the guardian's link alone, while they are guardian (R5)."""
        with self.assertRaises(LinkDead):
            self.Preference._open(self._token(self.child))
        with self.assertRaises(LinkDead):
            self.Preference._open(self._token(self.child, self.person))
        token = self._token(self.child, self.mother)
        self.assertEqual(self.Preference._open(token).giver, self.mother)
        self.guardian.date_end = fields.Date.today() - timedelta(days=1)
        with self.assertRaises(LinkDead):
            self.Preference._open(token)

    def test_guardian_ends_at_14(self):
        """From 14 on the person decides: the guardian's old link is dead."""
        token = self._token(self.child, self.mother)
        self.child.hcrm_birthdate = fields.Date.today() - timedelta(days=365 * 15)
        with self.assertRaises(LinkDead):
            self.Preference._open(token)
        self.assertFalse(self.Preference._open(self._token(self.child)).giver)

    def test_short_link(self):
        """Short enough for a text; handed out again while it lives; then dead."""
        Link = self.env["hcrm.preference.link"]
        url = Link._short_url(self.person, self.company_a)
        self.assertEqual(url, Link._short_url(self.person, self.company_a))
        code = url.rpartition("/")[2]
        self.assertEqual(Link._open_code(code).partner, self.person)
        with self.assertRaises(LinkDead):
            Link._open_code(code.swapcase())
        later = fields.Datetime.now() + timedelta(days=PREFERENCE_DAYS + 1)
        with freeze_time(later):
            with self.assertRaises(LinkDead):
                Link._open_code(code)
            Link._gc_expired()
        self.assertFalse(Link.search([("partner_id", "=", self.person.id)]))

    def test_public_address(self):
        """People reach us elsewhere than staff do (C6)."""
        self.company_a.hcrm_public_url = "https://my.hospital.example/"
        url = self.Preference._link(self.person, self.company_a)
        self.assertTrue(url.startswith("https://my.hospital.example/hcrm/preferences/"))

    # ------------------------------------------------------------------
    # choices
    # ------------------------------------------------------------------

    def _on(self, visit):
        return {
            switch["name"]
            for topic in self.Preference._choices(visit)
            for switch in topic["switches"]
            if switch["is_on"]
        }

    def test_page_says_what_the_governor_says(self):
        """A switch is on where a message would not be refused for want of consent."""
        visit = self.Preference._open(self._token())
        Consent = self.env["hcrm.consent"]
        Consent._decide(
            self.person,
            self.company_a,
            ["marketing"],
            "granted",
            "paper",
            channel="sms",
        )
        Consent._decide(
            self.person,
            self.company_a,
            ["service"],
            "withdrawn",
            "staff",
            channel="call",
        )
        on = self._on(visit)
        for purpose in ("service", "survey", "research", "marketing"):
            for channel in ("sms", "call"):
                verdict = self.env["hcrm.message"]._may_contact
                reason = verdict(self.person.id, purpose, channel)["reason"]
                self.assertEqual(
                    f"{purpose}:{channel}" in on,
                    reason not in ("withdrawn", "no_consent"),
                    f"{purpose} {channel} {reason}",
                )

    def test_only_changes_are_recorded(self):
        """Each change is a row with source and text version; saving again is none."""
        visit = self.Preference._open(self._token())
        before = self._on(visit)
        rows = self.Preference._save(
            visit, before | {"marketing:sms"} - {"service:sms"}
        )
        (granted,) = rows.filtered(lambda row: row.decision == "granted")
        self.assertEqual(
            (granted.purpose, granted.channel, granted.source, granted.partner_id),
            ("marketing", "sms", "web", self.person),
        )
        self.assertEqual(granted.text_id.purpose, "marketing")
        self.assertEqual(granted.frequency_per_month, 2)
        self.assertTrue(granted.date_end)
        self.assertFalse(self.Preference._save(visit, self._on(visit)))

    def test_everything_off(self):
        """One button ends all but care; care is not asked at all (R9)."""
        visit = self.Preference._open(self._token())
        rows = self.Preference._save(visit, set())
        self.assertEqual(set(rows.mapped("decision")), {"withdrawn"})
        self.assertNotIn("care", rows.mapped("purpose"))
        self.assertFalse(self._on(visit))

    def test_nobody_agrees_to_unseen_words(self):
        """Without a text there is nothing to agree to."""
        self.env["hcrm.consent.text"].search([]).active = False
        visit = self.Preference._open(self._token())
        self.assertFalse(
            self.Preference._save(visit, {"marketing:sms"}).filtered(
                lambda row: row.decision == "granted"
            )
        )

    def test_guardian_is_named(self):
        """A child's consent counts because the guardian gave it."""
        visit = self.Preference._open(self._token(self.child, self.mother))
        rows = self.Preference._save(visit, {"marketing:sms"})
        self.assertEqual(rows.given_by_id, self.mother)
        self.assertIn("marketing:sms", self._on(visit))

    def test_choices_query_count(self):
        """The page costs the same with 2 and with 50 decisions."""
        visit = self.Preference._open(self._token())
        counts = []
        for size in (2, 48):
            for _number in range(size):
                self.env["hcrm.consent"]._decide(
                    self.person, self.company_a, ["survey"], "granted", "paper"
                )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.Preference._choices(visit)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    # ------------------------------------------------------------------
    # staff and integrators
    # ------------------------------------------------------------------

    def test_api(self):
        """Who may record decisions may hand out the link, nobody else."""
        links = self._as("integrator")["res.partner"].hcrm_get_preference_link(
            self.person.id
        )
        self.assertIn("/hcrm/preferences/", links["url"])
        self.assertLess(len(links["short_url"]), 60)
        with self.assertRaises(AccessError):
            self._as("marketing")["res.partner"].hcrm_get_preference_link(
                self.person.id
            )
        self.guardian.unlink()
        with self.assertRaises(UserError):
            self._as("agent")["res.partner"].hcrm_get_preference_link(self.child.id)

    def test_send(self):
        """The link goes out through the outbox, as a service."""
        Partner = self._as("agent")["res.partner"]
        row = Partner.hcrm_send_preference_link(self.person.id, "sms")
        message = self.env["hcrm.message"].browse(row)
        self.assertEqual((message.purpose, message.channel), ("service", "sms"))
        self.assertIn("/hcrm/p/", message.body)
        with self.assertRaises(UserError):
            Partner.hcrm_send_preference_link(self.person.id, "letter")


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessagePreferencePage(PreferenceWorld, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls._setup_people()

    def setUp(self):
        super().setUp()
        controller._dead._seen.clear()
        controller._changes._seen.clear()

    def test_opening_changes_nothing(self):
        """GET any number of times, as mail scanners do: no row is written (C7)."""
        for path in (
            f"/hcrm/preferences/{self._token()}",
            f"/hcrm/preferences/{self._token()}?on=marketing:sms&saved=1",
            self.Preference._unsubscribe_url(self._message()).partition("8069")[2]
            or self._unsubscribe_path(),
        ):
            answer = self.url_open(path)
            self.assertEqual(answer.status_code, 200, path)
        self.assertFalse(self.person.hcrm_consent_ids)

    def _message(self):
        return self.env["hcrm.message"]._queue(
            [
                {
                    "partner_id": self.person.id,
                    "company_id": self.company_a.id,
                    "purpose": "marketing",
                    "channel": "email",
                    "body": "x",
                }
            ]
        )

    def _unsubscribe_path(self):
        url = self.Preference._unsubscribe_url(self._message())
        return "/hcrm/unsubscribe/" + url.rpartition("/")[2]

    def test_page_tells_little(self):
        """Neither name, number nor anything clinical; no script, no cache."""
        answer = self.url_open(f"/hcrm/preferences/{self._token()}")
        self.assertNotIn("王芳", answer.text)
        self.assertIn("王＊", answer.text)
        self.assertNotIn("13900001111", answer.text)
        self.assertNotIn("<script", answer.text)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        self.person.hcrm_confidentiality = "sensitive"
        self.assertNotIn("王", self.url_open(f"/hcrm/preferences/{self._token()}").text)

    def test_saving(self):
        """Both ways: a tick given, a tick taken away, each a row."""
        path = f"/hcrm/preferences/{self._token()}"
        answer = self.url_open(path, data={"on": ["marketing:sms"]})
        self.assertEqual(answer.status_code, 200)
        self.assertIn("saved", answer.url)
        self.assertEqual(self._decided()[("marketing", "sms")], "granted")
        self.assertEqual(self._decided()[("service", "sms")], "withdrawn")
        self.url_open(path, data={"on": ["marketing:sms"], "all": "stop"})
        newest = self.env["hcrm.consent"]._current(self.person, self.company_a)
        self.assertEqual(newest[("marketing", "sms")].decision, "withdrawn")
        count = len(self.person.hcrm_consent_ids)
        self.url_open(path, data={"all": "stop"})
        self.assertEqual(len(self.person.hcrm_consent_ids), count)

    def test_one_click(self):
        """What a mailbox provider posts ends outreach by e-mail, once (RFC 8058)."""
        path = self._unsubscribe_path()
        for _time in range(2):
            answer = self.url_open(path, data={"List-Unsubscribe": "One-Click"})
            self.assertEqual(answer.status_code, 200)
        self.assertEqual(
            sorted(
                self.person.hcrm_consent_ids.mapped(lambda r: (r.purpose, r.channel))
            ),
            [("marketing", "email"), ("research", "email"), ("survey", "email")],
        )
        self.assertEqual(set(self.person.hcrm_consent_ids.mapped("source")), {"web"})

    def test_short_link_saves(self):
        url = self.env["hcrm.preference.link"]._short_url(self.person, self.company_a)
        path = "/hcrm/p/" + url.rpartition("/")[2]
        self.assertEqual(self.url_open(path).status_code, 200)
        self.url_open(path, data={"on": ["marketing:sms"]})
        self.assertEqual(self._decided()[("marketing", "sms")], "granted")

    def test_dead_links(self):
        """The same friendly page whatever the reason; nothing is told, nothing done."""
        token = self._token()
        dead = [
            "/hcrm/preferences/x", "/hcrm/p/abcdefghjk", "/hcrm/unsubscribe/" + token,
        ]  # fmt: skip
        english = {"Accept-Language": "en"}
        pages = {self.url_open(path, headers=english).text for path in dead}
        self.person.hcrm_status = "merged"
        answer = self.url_open(
            f"/hcrm/preferences/{token}", data={"on": "survey:sms"}, headers=english
        )
        self.assertEqual(answer.status_code, 404)
        self.assertEqual(pages, {answer.text})
        self.assertIn("no longer valid", answer.text)
        self.assertTrue(answer.text.startswith("<!DOCTYPE html>\n"))
        self.assertIn('<html lang="en-US">', answer.text)
        self.assertFalse(self.person.hcrm_consent_ids)

    def test_guessing_is_slowed(self):
        """Who tries many codes waits; a good link waits with them, from there."""
        for number in range(20):
            self.url_open(f"/hcrm/p/guess{number}")
        answer = self.url_open(f"/hcrm/preferences/{self._token()}")
        self.assertEqual(answer.status_code, 429)
        self.assertTrue(int(answer.headers["Retry-After"]) <= 60)

    def test_changes_are_limited(self):
        """Nobody fills the evidence of a person with noise."""
        path = f"/hcrm/preferences/{self._token()}"
        for _number in range(30):
            controller._changes.note(self.person.id)
        self.assertEqual(self.url_open(path, data={"all": "stop"}).status_code, 429)
        self.assertFalse(self.person.hcrm_consent_ids)

    def test_chinese(self):
        """The page speaks the person's language, and another on a click."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.person.lang = "zh_CN"
        path = f"/hcrm/preferences/{self._token()}"
        self.assertIn('lang="zh-CN"', self.url_open(path).text)
        self.assertIn('lang="en-US"', self.url_open(f"{path}?lang=en_US").text)
