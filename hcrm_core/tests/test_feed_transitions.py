"""State transitions as seen: when something happened, and when we learnt it."""

import copy
from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.hcrm_core.feed_adapters.fhir_record import record_from_data

from .feed_common import EXT, FeedCommon
from .feed_fake import FakeHisMixin


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedTransitions(FeedCommon):
    """HIS.md item 8, F81, F85: events by what was seen, never by what was planned."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.feed_run = cls.source._start_run(enqueue=False)
        cls.feed_run.is_backfill = False
        cls.now = fields.Datetime.now()

    def _stamp(self, **ago):
        """ISO instant some time ago, to the second."""
        return (self.now - timedelta(**ago)).isoformat() + "Z"

    def _feed(self, *records):
        parsed = [record_from_data(copy.deepcopy(record), "") for record in records]
        self.env["hcrm.feed.pipeline"]._process(self.feed_run, parsed)
        self.env.invalidate_all()

    def _event(self, code):
        return self.env["hcrm.event"].search([("kind_id.code", "=", code)])

    def _appointment(self, status, at=None, start=None, **values):
        return self._resource(
            "Appointment",
            "ap",
            at,
            status=status,
            start=start or self._stamp(days=-3),
            participant=[{"actor": {"reference": "Patient/p1"}}],
            **values,
        )

    def _stay(self, status, at=None, **period):
        return self._encounter(
            "stay",
            at=at,
            status=status,
            **{"class": {"code": "IMP"}},
            period={"start": self._stamp(days=4), **period},
        )

    def test_a_transition_without_a_time_is_when_we_saw_it(self):
        """A cancelled appointment is news of today, not of its day in the future."""
        self._feed(self._patient(), self._appointment("booked"))
        self._feed(self._appointment("cancelled"))
        event = self._event("appointment_cancelled")
        self.assertEqual(event.date_occurred, event.date_learnt)
        self.assertFalse(event.is_backfill)

    def test_the_stamp_of_the_source_is_nearer(self):
        """Where the source stamps its records, the version's stamp is the moment."""
        self._feed(self._patient(), self._appointment("booked", self._stamp(days=2)))
        self._feed(self._appointment("noshow", self._stamp(hours=5)))
        event = self._event("appointment_noshow")
        self.assertEqual(event.date_occurred, self.now - timedelta(hours=5))
        self.assertLess(event.date_occurred, event.date_learnt)

    def test_a_told_end_counts_and_a_planned_one_does_not(self):
        """The end of a stay that the source tells; one in the future is a plan."""
        self._feed(self._patient(), self._stay("in-progress"))
        self._feed(self._stay("finished", end=self._stamp(hours=3)))
        event = self._event("discharged")
        self.assertEqual(event.date_occurred, self.now - timedelta(hours=3))
        event.unlink()
        self._feed(self._patient(), self._stay("in-progress"))
        self._feed(self._stay("finished", end=self._stamp(days=-2)))
        event = self._event("discharged")
        self.assertEqual(event.date_occurred, event.date_learnt)

    def test_first_seen_end_is_kept(self):
        """GNU Health: cleaning the bed moves the stamp, not the discharge (F81)."""
        seen = [{"url": f"{EXT}end-first-seen", "valueBoolean": True}]
        stays = [
            {
                **self._stay(
                    "finished", self._stamp(hours=h), end=self._stamp(hours=h)
                ),
                "extension": seen,
            }
            for h in (5, 1)
        ]
        self._feed(self._patient(), stays[0])
        self._feed(stays[1])
        visit = self._find("Encounter", "stay")
        self.assertEqual(visit.date_end, self.now - timedelta(hours=5))

    def test_old_news_start_nothing(self):
        """A type read late, a stay closed years later: history (sanity window)."""
        self._feed(self._patient())
        self._feed(self._encounter())  # of March
        self.assertTrue(self._event("visit_finished").is_backfill)
        recent = {"start": self._stamp(days=1), "end": self._stamp(hours=23)}
        self._feed(self._encounter("fresh", period=recent))
        fresh = self._find("Encounter", "fresh")
        event = self._event("visit_finished").filtered(lambda e: e.res_id == fresh.id)
        self.assertFalse(event.is_backfill)

    def test_first_load_tells_the_past_by_its_plan(self):
        """What was over before we came is dated by its day, and starts nothing."""
        self.feed_run.is_backfill = True
        self._feed(
            self._patient(), self._appointment("noshow", start="2026-03-05T09:00:00Z")
        )
        event = self._event("appointment_noshow")
        self.assertEqual(event.date_occurred, datetime(2026, 3, 5, 9))
        self.assertTrue(event.is_backfill)

    def test_a_part_of_a_stay_is_no_stay(self):
        """A part is no admission, whether its whole came before, with it or after."""
        part = {**self._stay("finished"), "id": "part"}
        part["partOf"] = {"reference": "Encounter/stay"}
        whole = self._stay("finished")
        savepoint = self.env.cr.savepoint()
        for order in ([[whole], [part]], [[part], [whole]], [[part, whole]]):
            self._feed(self._patient())
            for records in order:
                self._feed(*records)
            self.assertEqual(len(self._event("admitted")), 1)
            self.assertEqual(len(self._event("discharged")), 1)
            savepoint.rollback()
            self.env.invalidate_all(flush=False)


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedLies(FakeHisMixin, FeedCommon):
    """A source that lies harms nothing."""

    def test_a_clock_in_the_future_freezes_nothing(self):
        """A version of the year 2199 is superseded by the next one (HIS.md fact 4)."""
        self.his.put(self._patient(at="2199-01-01T00:00:00Z", gender="male"))
        self._read()
        soon = fields.Datetime.now() + timedelta(minutes=1)
        self.his.put(self._patient(at=soon.isoformat() + "Z", gender="female"))
        self._read()
        self.assertEqual(self._find("Patient", "p1").hcrm_gender, "female")

    def test_the_same_page_for_ever(self):
        """The run ends with a sentence and keeps what it read."""
        self.source.page_size = 2
        self.his.put(*(self._patient(f"p{n}") for n in range(40)))
        self.his.loops = True
        run = self._read(expect="failed")
        self.assertIn("same page", run.message)
        self.assertEqual(run.count_new, 2)
        self.his.loops = False
        run.action_resume()
        self.assertTrue(run._run_now(), run.message)
        self._read()
        self.assertTrue(self._find("Patient", "p39"))

    def test_a_wrong_total_is_only_a_wrong_bar(self):
        self.his.put(*(self._patient(f"p{n}") for n in range(4)))
        self.his.total = 1
        self.source.page_size = 2
        run = self.source._start_run(enqueue=False)
        run._run_now(max_pages=2)
        self.assertLessEqual(run.progress, 100)
        self.assertTrue(run._run_now())
        self.assertEqual(run.count_new, 4)
