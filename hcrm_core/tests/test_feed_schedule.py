"""Delta runs, cursors, waiting for a busy source and the schedule."""

from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.hcrm_core.feed_adapters import base
from odoo.addons.hcrm_core.feed_adapters.canonical import Page
from odoo.addons.hcrm_core.feed_adapters.fhir_record import record_from_data

from .common import HcrmCommon


class Fake:
    """A source that answers as the test tells it to."""

    answers: list = []
    configs: list = []

    def __init__(self, config):
        self.configs.append(config)

    def prepare(self):
        pass

    def cleanup(self):
        pass

    def pages(self, cursor, limit):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield answer


@tagged("post_install", "-at_install")
class TestFeedSchedule(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = cls.env["hcrm.feed.source"].create(
            {"name": "Scheduled", "company_id": cls.env.company.id}
        )

    def setUp(self):
        super().setUp()
        Fake.answers, Fake.configs = [], []
        self.patch(base, "_registry", {**base._registry, "fhir_file": Fake})
        base.LISTING.add("fhir_file")
        self.addCleanup(base.LISTING.discard, "fhir_file")

    def _page(self, ext_id, stamp, cursor=None):
        record = record_from_data(
            {"resourceType": "Patient", "id": ext_id, "name": [{"text": "王芳"}]}, ""
        )
        record.updated_at = stamp
        return Page([record], cursor, watermarks={"Patient": stamp})

    def test_delta_starts_at_the_cursor_with_overlap(self):
        """A delta run reads from the newest stamp less the overlap, all run long."""
        stamp = datetime(2026, 11, 20, 8)
        later = datetime(2026, 11, 20, 9)
        Fake.answers = [self._page("1", stamp)]
        self.assertTrue(self.source._start_run(enqueue=False)._run_now())
        self.assertEqual(Fake.configs[-1].since, {})
        Fake.answers = [
            self._page("2", later, {"next": 1}),
            self._page("3", datetime(2026, 11, 20, 10)),
        ]
        run = self.source._start_run(enqueue=False, mode="delta")
        self.assertTrue(run._run_now(), run.message)
        since = {"Patient": stamp - timedelta(minutes=10)}
        self.assertEqual([c.since for c in Fake.configs[-2:]], [since, since])
        self.assertEqual(self.source.cursor_ids.stamp, datetime(2026, 11, 20, 10))

    def test_cursor_never_goes_back_or_into_the_future(self):
        """A HIS whose clock runs ahead hides nothing that changes until then."""
        Cursor = self.env["hcrm.feed.cursor"]
        Cursor._raise(self.source, {"Patient": datetime(2026, 1, 2)})
        Cursor._raise(self.source, {"Patient": datetime(2026, 1, 1)})
        self.assertEqual(self.source.cursor_ids.stamp, datetime(2026, 1, 2))
        Cursor._raise(self.source, {"Patient": datetime(2199, 1, 1)})
        self.assertLessEqual(
            self.source.cursor_ids.stamp, datetime.utcnow() + timedelta(seconds=5)
        )

    def test_busy_source_is_asked_again(self):
        """The run keeps its place, tells why and does not fail at once."""
        busy = base.SourceBusy("too_many_requests", retry_after=0, url="http://his")
        Fake.answers = [busy, busy, self._page("1", datetime(2026, 1, 1))]
        run = self.source._start_run(enqueue=False)
        self.assertEqual(run._step(), 0)
        self.assertEqual(run._step(), 0)
        self.assertEqual(run.retry_count, 1)
        self.assertIn("http://his", run.message)
        self.assertTrue(run._run_now())
        self.assertFalse(run.message)
        self.assertEqual(run.retry_count, 0)

    def test_source_gone_for_a_night_is_resumed(self):
        """After the retries the run fails; the schedule resumes the same run."""
        gone = base.SourceBusy("unreachable", retry_after=0, url="his", error="refused")
        Fake.answers = [gone] * 9 + [self._page("1", datetime(2026, 1, 1))]
        self.source.interval_minutes = 5
        run = self.source._start_run(enqueue=False)
        self.assertFalse(run._run_now())
        self.assertEqual(run.state, "failed")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE hcrm_feed_run SET write_date = write_date - interval '1 hour'"
            " WHERE id = %s",
            (run.id,),
        )
        run.invalidate_recordset()
        self.env["hcrm.feed.source"]._cron_pull()
        self.assertEqual(run.state, "queued")
        self.assertTrue(run._run_now(), run.message)

    def test_schedule_delta_then_reconcile(self):
        """Changes at the interval, what exists once a day, nothing out of the window."""
        self.source.write({"interval_minutes": 5, "is_backfilled": True})
        pull = self.env["hcrm.feed.source"]._cron_pull
        past = fields.Datetime.now() - timedelta(hours=30)
        run = self.source._start_run(enqueue=False)
        run.write({"state": "done", "date_end": past})
        pull()
        self.assertEqual(self.source.last_run_id.mode, "reconcile")
        self.source.last_run_id.write(
            {"state": "done", "date_end": fields.Datetime.now() - timedelta(hours=1)}
        )
        pull()
        self.assertEqual(self.source.last_run_id.mode, "delta")
        self.source.last_run_id.write({"state": "done", "date_end": past})
        hour = fields.Datetime.context_timestamp(
            self.source.with_context(tz=self.source.company_id.hcrm_tz),
            fields.Datetime.now(),
        ).hour
        start = (hour + 2) % 24
        self.source.write({"window_start": start, "window_end": (start + 1) % 24})
        before = self.source.last_run_id
        pull()
        self.assertEqual(self.source.last_run_id, before)
