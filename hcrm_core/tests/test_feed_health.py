"""How fresh a source is, whether it answers, and what a run says went wrong."""

from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import tagged

from .feed_common import FeedCommon


@tagged("post_install", "-at_install")
class TestFeedHealth(FeedCommon):
    def test_lag_and_its_colour(self):
        """F76: by the last complete read and the interval the source promises."""
        self.source.interval_minutes = 10
        self.assertEqual(self.source.lag_state, "stale")
        self.assertEqual(self.source.lag_text, "never read")
        run = self._run([self._patient()])
        for minutes, state, text in (
            (1, "fresh", "60 s"),
            (24, "fresh", "24 min"),
            (40, "late", "40 min"),
            (60 * 7, "stale", "7 h"),
        ):
            run.date_end = fields.Datetime.now() - timedelta(minutes=minutes)
            self.env.flush_all()
            self.source.invalidate_recordset()
            self.assertEqual(self.source.lag_state, state)
            self.assertEqual(self.source.lag_text, text)
        self.source.write({"window_start": 22, "window_end": 6})
        self.assertEqual(self.source.lag_state, "fresh")
        self.source.interval_minutes = 0
        self.assertEqual(self.source.lag_state, "manual")

    def test_newest_change(self):
        stamp = datetime(2026, 1, 2, 3)
        self.env["hcrm.feed.cursor"]._raise(self.source, {"Patient": stamp})
        self.assertEqual(self.source.newest_stamp, stamp)
        self.assertGreater(self.source.newest_seconds, 0)

    def test_source_list_costs_the_same_for_2_and_50(self):
        names = (
            "last_run_state",
            "lag_text",
            "lag_state",
            "newest_stamp",
            "waiting_count",
            "quarantine_count",
            "code_count",
        )

        def measure(count):
            sources = self.env["hcrm.feed.source"]
            for n in range(count):
                sources += self._make_source(f"Source {n}")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            sources.read(names)
            return self.env.cr.sql_log_count - before

        self.assertEqual(measure(2), measure(50))

    def test_connection_test_says_what_it_found(self):
        self._put([self._patient()])
        self.source.action_check()
        self.assertEqual(self.source.check_state, "ok")
        self.assertIn("It answered in", self.source.check_report)
        self.assertTrue(self.source.check_date)
        self._empty_folder()
        self.source.action_check()
        self.assertEqual(self.source.check_state, "failed")
        self.assertIn("There is no .ndjson", self.source.check_report)

    def test_run_says_what_went_wrong(self):
        """By reason and field, with counts, in words."""
        run = self._run(
            [
                self._patient(),
                self._encounter("bad1", period={"start": "2023-02-30"}),
                self._encounter("bad2", period={"start": "2023-02-31"}),
                self._condition("later", "p9", encounter=None),
            ]
        )
        self.assertRegex(run.problems_html, r"(?s)2.*Visit.*Impossible date")
        self.assertIn("Waits for another record", run.problems_html)
        self.assertFalse(self._run([self._patient("p2")]).problems_html)
        run.write(
            {"state": "running", "bytes_done": 50, "bytes_total": 150, "seconds": 30}
        )
        self.assertEqual(run.remaining_text, "60 s")

    def test_every_reason_has_a_title(self):
        Reason = self.env["hcrm.feed.reason"]
        self.assertFalse(Reason._sentences().keys() - Reason._titles().keys())
