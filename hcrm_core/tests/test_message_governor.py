from datetime import datetime

from odoo.exceptions import UserError
from odoo.tests import tagged

from .governor_common import GovernorCommon, read_situations, to_utc
from .governor_fuzz import Fuzz


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageGovernor(GovernorCommon):
    def test_situations(self):
        """Every named situation gets its verdict and its reason (R21, F99)."""
        rows = read_situations()
        self.assertGreaterEqual(len(rows), 80)
        for row in rows:
            with self.subTest(row["no"], situation=row["situation"]):
                savepoint = self.env.cr.savepoint(flush=False)
                request, now = self._situation(row)
                verdict = self.env["hcrm.governor"]._verdicts([request], now)[0]
                self.assertEqual(
                    (verdict["verdict"], verdict["reason"]),
                    (row["verdict"], row["reason"]),
                    row["situation"],
                )
                if verdict["verdict"] == "defer":
                    self.assertGreater(verdict["until"], now)
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_every_reason_has_a_sentence(self):
        """Whatever the verdict, people read a sentence, not a code (F100)."""
        sentences = self.env["hcrm.governor.reason"]._sentences()
        reasons = {row["reason"] for row in read_situations()}
        self.assertFalse(reasons - set(sentences))

    def _until(self, when, message="marketing sms", person="consent=marketing"):
        row = {"person": person, "message": message, "when": when}
        request, now = self._situation(row)
        return self.env["hcrm.governor"]._verdicts([request], now)[0]["until"]

    def test_until_is_the_next_window(self):
        """A deferred message waits for the next hour that is allowed (R10)."""
        at_nine = datetime(2026, 3, 12, 9)
        self.assertEqual(self._until("2026-03-11 21:30"), to_utc(at_nine))
        self.assertEqual(
            self._until("2026-03-11 07:00"), to_utc(datetime(2026, 3, 11, 9))
        )
        self.assertEqual(
            self._until("2026-02-16 10:00"), to_utc(datetime(2026, 2, 24, 9))
        )
        self.assertEqual(
            self._until("2026-02-27 21:00"), to_utc(datetime(2026, 2, 28, 9))
        )

    def test_until_after_the_limits(self):
        """A limit frees when the oldest message that fills it leaves the period."""
        self.assertEqual(
            self._until(
                "2026-03-11 12:00", person="consent=marketing sent=marketing:1h"
            ),
            to_utc(datetime(2026, 3, 12, 9)),
        )
        self.assertEqual(
            self._until(
                "2026-03-11 12:00",
                person="consent=marketing sent=marketing:2d sent=marketing:3d",
            ),
            # the 15th is a Sunday
            to_utc(datetime(2026, 3, 16, 9)),
        )

    def test_letters_know_limits_but_no_hours(self):
        """A letter that a limit holds back goes when the limit ends, at midnight."""
        until = self._until("2026-03-11 12:00", "survey letter", "sent=marketing:1h")
        self.assertEqual(until, to_utc(datetime(2026, 3, 12)))

    def test_limits_count_within_a_set(self):
        """Two messages judged together share the limits of their person."""
        request, now = self._situation(
            {
                "person": "consent=marketing",
                "message": "marketing sms",
                "when": "2026-03-11 10:00",
            }
        )
        verdicts = self.env["hcrm.governor"]._verdicts([request, request], now)
        self.assertEqual([v["verdict"] for v in verdicts], ["allow", "defer"])
        # asked, not sent: each for itself
        asked = self.env["hcrm.governor"]._verdicts(
            [request, request], now, is_question=True
        )
        self.assertEqual([v["verdict"] for v in asked], ["allow", "allow"])
        survey = {**request, "purpose": "survey"}
        verdicts = self.env["hcrm.governor"]._verdicts([survey, request], now)
        self.assertEqual([v["verdict"] for v in verdicts], ["allow", "defer"])

    def test_set_and_single_agree(self):
        """A set of requests gets what each of them gets alone, in three queries."""
        requests, expected = [], []
        now = None
        for row in read_situations():
            if row["when"] != "2026-03-11 10:00" or "stop" in row["person"]:
                continue
            request, now = self._situation(row)
            requests.append(request)
            expected.append((row["verdict"], row["reason"]))
        self.env.flush_all()
        with self.assertQueryCount(1):
            verdicts = self.env["hcrm.governor"]._verdicts(requests, now)
        self.assertEqual([(v["verdict"], v["reason"]) for v in verdicts], expected)

    def test_fuzz(self):
        """Random worlds: the governor and an independent slow one agree (R21, D1)."""
        fuzz = Fuzz(self.env, seed=20261125)
        differences = fuzz.run(600)
        self.assertFalse(differences, "\n".join(differences[:3]))
        # every verdict occurs: the worlds are worth something
        self.assertEqual(fuzz.verdicts.keys(), {"allow", "refuse", "defer", "redirect"})


@tagged("post_install", "-at_install", "hcrm_core_message")
class TestMessageOutbox(GovernorCommon):
    def _person(self, told="consent=marketing"):
        return self._make_situation_person(self._tokens(told), datetime(2026, 3, 11, 2))

    def _queue(self, person, purpose="care", **vals):
        return self.env["hcrm.message"]._queue(
            [
                {
                    "partner_id": person.id,
                    "company_id": self.company_a.id,
                    "purpose": purpose,
                    "channel": "sms",
                    "is_urgent": True,
                    "body": "Bring your papers",
                    **vals,
                }
            ]
        )

    def test_key_makes_it_once(self):
        """The same key is queued once, also within one call."""
        person = self._person()
        self.assertTrue(self._queue(person, key="reminder:1"))
        self.assertFalse(self._queue(person, key="reminder:1"))

    def test_segment(self):
        """A segment is queued in one statement, each person once, who joined too."""
        first, second = self._person(), self._person()
        Message = self.env["hcrm.message"]
        domain = [("id", "in", (first | second).ids)]
        values = {
            "company_id": self.company_a.id,
            "channel": "sms",
            "purpose": "care",
            "is_urgent": True,
            "body": "Bring your papers",
        }
        self.assertEqual(Message._queue_segment(domain, values, "spring"), 2)
        late = self._person()
        domain = [("id", "in", (first | second | late).ids)]
        self.assertEqual(Message._queue_segment(domain, values, "spring"), 1)
        rows = Message.search([("key", "=like", "spring:sms:%")])
        self.assertEqual(rows.partner_id, first | second | late)
        self.assertEqual(set(rows.mapped("priority")), {10})
        values["channel"] = "email"
        self.assertEqual(Message._queue_segment(domain, values, "spring"), 3)
        self.assertLessEqual(rows, Message._claim())

    def test_segment_query_count(self):
        """Queueing 2 and 50 people costs the same number of queries."""
        counts = []
        for size in (2, 50):
            people = self.env["res.partner"]
            for _n in range(size):
                people |= self._make_person("林晓")
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.env["hcrm.message"]._queue_segment(
                [("id", "in", people.ids)], {"channel": "sms", "body": "-"}, f"s{size}"
            )
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_claim_writes_verdicts(self):
        """Claiming judges: what may go is claimed, the rest says why not (F100)."""
        good, dead = self._person(), self._person("reported=deceased")
        message, refused = self._queue(good), self._queue(dead)
        claimed = self.env["hcrm.message"]._claim()
        self.assertEqual(claimed, message)
        self.assertEqual(message.state, "claimed")
        self.assertEqual(message.address, f"+86{self._mobile(good)}")
        self.assertEqual(refused.state, "refused")
        self.assertIn("reported dead", refused.reason)

    def _mobile(self, person):
        return person.hcrm_contact_point_ids.filtered(
            lambda p: p.system == "phone"
        ).value

    def test_report_stops_queued_and_claimed(self):
        """Reported deceased stops what waits and what is claimed (R12)."""
        person = self._person()
        queued, claimed = self._queue(person), self._queue(person)
        self.env["hcrm.message"]._judge(claimed.ids)
        self.assertEqual(claimed.state, "claimed")
        self.env["hcrm.person.report"].create(
            {"partner_id": person.id, "kind": "deceased", "source": "relative"}
        )
        self.assertEqual((queued + claimed).mapped("state"), ["refused", "refused"])

    def test_wrong_number_stops_everybody_on_it(self):
        """Wrong number: marked for everybody on it; who has another keeps it (R12)."""
        person = self._person("phone=own phone2=own")
        point = person.hcrm_contact_point_ids.filtered(lambda p: p.rank == 1)[:1]
        message = self._queue(person)
        self.env["hcrm.person.report"].create(
            {
                "partner_id": person.id,
                "kind": "wrong_number",
                "source": "stranger",
                "contact_point_id": point.id,
            }
        )
        self.assertTrue(point.is_wrong)
        self.env["hcrm.message"]._claim()
        self.assertEqual(message.state, "claimed")
        self.assertNotEqual(message.address, point.e164)

    def test_stop_everything(self):
        """Stop everything: queued and claimed marketing stop, care goes on (R24)."""
        person = self._person()
        offer, reminder = self._queue(person, "marketing"), self._queue(person)
        self.env["hcrm.message"]._judge(reminder.ids)
        stop = self.env["hcrm.message.stop"].create(
            {"company_id": self.company_a.id, "reason": "Wrong price"}
        )
        self.assertEqual(offer.state, "refused")
        self.assertEqual(reminder.state, "claimed")
        stop.action_lift()
        self.assertTrue(stop.date_end)

    def test_deferred_rows_starve_nobody(self):
        """A deferred row leaves the due queue; the one behind it is claimed."""
        late = self._queue(self._person(), is_urgent=False, priority=1)
        self.env["hcrm.message.policy"].search([("purpose", "=", "care")]).write(
            {"hour_from": 0, "hour_to": 0.01}
        )
        urgent = self._queue(self._person())
        claimed = self.env["hcrm.message"]._claim(limit=1)
        claimed |= self.env["hcrm.message"]._claim(limit=1)
        self.assertEqual(claimed, urgent)
        self.assertEqual(late.verdict, "defer")
        self.assertIn("It goes at", late.reason)

    def test_report_needs_a_second_person(self):
        """Who reported a death cannot take it back alone (R12)."""
        person = self._person()
        report = self._as("nurse")["hcrm.person.report"].create(
            {"partner_id": person.id, "kind": "deceased", "source": "relative"}
        )
        with self.assertRaisesRegex(UserError, "second"):
            report.action_reverse()
        report.with_env(self._as("manager")).action_reverse()
        self.assertTrue(report.date_reversed)

    def test_consent_is_append_only(self):
        """Evidence is neither changed nor deleted; used words stay (R5)."""
        person = self._person("")
        text = self.env["hcrm.consent.text"].create(
            {
                "name": "Offers",
                "company_id": self.company_a.id,
                "purpose": "marketing",
                "body": "<p>I agree</p>",
                "frequency_per_month": 2,
            }
        )
        row = self.env["hcrm.consent"].create(
            {
                "partner_id": person.id,
                "company_id": self.company_a.id,
                "purpose": "marketing",
                "decision": "granted",
                "text_id": text.id,
            }
        )
        self.assertEqual(row.frequency_per_month, 2)
        self.assertTrue(row.date_end)
        for change in (
            lambda: row.write({"decision": "withdrawn"}),
            row.unlink,
            lambda: text.write({"body": "<p>Other words</p>"}),
        ):
            with self.assertRaises(UserError):
                change()
