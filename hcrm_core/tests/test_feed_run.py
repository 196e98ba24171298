import base64
import os
from unittest.mock import patch

import orjson

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.hcrm_core.feed_adapters.fhir_map import map_record
from odoo.addons.queue_job.tests.common import trap_jobs

from .feed_common import FeedCommon

RUN = "odoo.addons.hcrm_core.models.feed.feed_run"


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedRun(FeedCommon):
    def _people(self, count):
        return [self._patient(f"p{number}") for number in range(count)]

    def test_a_chain_of_jobs_reads_a_source(self):
        """One page a job; each queues its successor with the cursor it moved to."""
        self.source.page_size = 4
        self._put(self._people(10))
        with trap_jobs() as trap:
            self.source.action_start()
            run = self.source.last_run_id
            trap.assert_jobs_count(1, only=run._job_page)
        jobs = 1
        while True:
            with trap_jobs() as trap:
                run._job_page()
                if not trap.enqueued_jobs:
                    break
                trap.assert_jobs_count(1, only=run._job_page)
                jobs += 1
        self.assertEqual((run.state, run.page_count, jobs), ("done", 3, 4))
        self.assertEqual((run.count_read, run.count_new, run.progress), (10, 10, 100))

    def test_the_same_page_is_queued_once(self):
        self._put(self._people(1))
        self.source.action_start()
        run = self.source.last_run_id
        run._enqueue()
        run._enqueue()
        jobs = self.env["queue.job"].search([("identity_key", "like", "hcrm.feed:%")])
        self.assertEqual(len(jobs.filtered(lambda job: job.records == run)), 1)
        self.assertEqual(jobs[0].channel, "root.hcrm_feed")

    def test_stop_and_resume(self):
        """A stopped run goes on where it was, and nothing is read twice."""
        self.source.page_size = 3
        self._put(self._people(8))
        run = self.source._start_run(enqueue=False)
        run._run_now(max_pages=1)
        run.action_stop()
        self.assertFalse(run._run_now())
        self.assertEqual((run.state, run.count_read), ("stopped", 3))
        self.assertTrue(0 < run.progress < 100)
        run.action_resume()
        self.assertTrue(run._run_now())
        self.assertEqual((run.state, run.count_read, run.count_new), ("done", 8, 8))

    def test_a_page_that_fails_leaves_nothing(self):
        """The page is undone as a whole; the run says why and can be resumed."""
        self.source.page_size = 3
        self._put(self._people(6))
        run = self.source._start_run(enqueue=False)
        run._run_now(max_pages=1)
        before = self.env["hcrm.feed.identity"].search_count([])
        people = self.env["res.partner"].search_count([])
        summary = type(self.env["hcrm.feed.record.summary"])
        with (
            patch.object(summary, "_update", side_effect=ZeroDivisionError("boom")),
            mute_logger(RUN),
        ):
            self.assertFalse(run._run_now())
        self.assertEqual(run.state, "failed")
        self.assertIn("boom", run.message)
        self.assertEqual(run.page_count, 1)
        self.assertEqual(self.env["hcrm.feed.identity"].search_count([]), before)
        self.assertEqual(self.env["res.partner"].search_count([]), people)
        run.action_resume()
        self.assertTrue(run._run_now())
        self.assertEqual((run.state, run.count_new), ("done", 6))
        self.assertFalse(run.message)

    def test_a_source_runs_once_at_a_time(self):
        self._put(self._people(1))
        self.source._start_run(enqueue=False)
        with self.assertRaisesRegex(UserError, "Stop that run first"):
            self.source._start_run(enqueue=False)

    def test_a_missing_folder_is_a_sentence(self):
        source = self._make_source("Gone", path=os.path.join(self.folder, "gone"))
        run = source._start_run(enqueue=False)
        run._run_now()
        self.assertEqual(run.state, "failed")
        self.assertIn("does not exist on the server", run.message)

    def test_folders_the_server_does_not_allow(self):
        with self.assertRaisesRegex(ValidationError, "outside the folders"):
            self._make_source("Etc", path="/etc")

    def test_check_source(self):
        """Files, types and counts before anything is written."""
        self._put([*self._people(3), self._encounter(), b"<html>"])
        self.source.action_check()
        self.assertIn("Patient: 3", self.source.check_report)
        self.assertIn("1 records cannot be read", self.source.check_report)
        self.assertFalse(self._find("Patient", "p0"))

    def test_bad_records_are_quarantined_and_the_rest_goes_on(self):
        """Bad input: a sentence each, the payload beside it, the others written."""
        run = self._run(
            [
                *self._people(2),
                b'{"resourceType": "Patient", "id": "cut", "na',
                b"<html>Service unavailable</html>",
                self._encounter("bad", "p0", period={"start": "2023-02-30"}),
                self._encounter("good", "p0"),
                self._resource("Encounter", "nobody", status="finished"),
                self._resource("CarePlan", "cp", status="active"),
            ]
        )
        self.assertEqual(
            (run.count_new, run.count_quarantined, run.count_skipped), (3, 4, 1)
        )
        self.assertTrue(self._find("Encounter", "good"))
        bad = self._inbox(ext_id="bad")
        self.assertEqual(bad.state, "quarantine")
        self.assertEqual(bad.reason, "2023-02-30 in period is not a possible date.")
        self.assertEqual(orjson.loads(bad.payload)["period"], {"start": "2023-02-30"})
        self.assertIn("whose it is", self._inbox(ext_id="nobody").reason)
        again = self._run()
        self.assertEqual((again.count_new, again.count_quarantined), (0, 0))
        self.assertEqual(len(self._inbox()), 4)

    def test_retry_from_the_quarantine(self):
        """What was held back is taken over once its cause is removed."""
        self._run([self._patient(), self._encounter(period={"start": "2023-02-30"})])
        inbox = self._inbox()
        clerk = inbox.with_env(self._as("manager"))
        clerk.action_retry()
        self.assertEqual((inbox.state, inbox.attempt_count), ("quarantine", 2))
        pipeline = "odoo.addons.hcrm_core.models.feed.feed_pipeline.map_record"

        def mended(record, context):
            record.data["period"] = {"start": "2023-02-28"}
            return map_record(record, context)

        with patch(pipeline, mended):
            clerk.action_retry_alike()
        self.assertFalse(inbox.exists())
        self.assertEqual(
            str(self._find("Encounter", "e1").date_start.date()), "2023-02-27"
        )

    def test_a_corrected_version_leaves_the_quarantine_by_itself(self):
        self._run([self._patient(), self._encounter(period={"start": "2023-02-30"})])
        self.assertEqual(self._inbox().state, "quarantine")
        self._run([self._encounter()])
        self.assertFalse(self._inbox())
        self.assertTrue(self._find("Encounter", "e1"))

    def test_dropped_records_stay_dropped(self):
        self._run([self._resource("Encounter", "nobody")])
        inbox = self._inbox()
        inbox._drop("No longer needed")
        self._run()
        self.assertEqual(inbox.state, "dropped")
        with self.assertRaises(UserError):
            inbox.action_retry()
        inbox.action_put_back()
        self.assertEqual(inbox.state, "quarantine")

    def test_upload_a_file(self):
        """A file from one's computer becomes a source of its own, and is read."""
        content = b"\n".join(orjson.dumps(record) for record in self._people(2))
        wizard = self.env["hcrm.feed.upload"].create(
            {
                "source_id": False,
                "name": "By hand",
                "filename": "../../etc/Patients.ndjson",
                "file": base64.b64encode(content),
            }
        )
        with trap_jobs():
            action = wizard.action_upload()
        run = self.env["hcrm.feed.run"].browse(action["res_id"])
        self.assertTrue(run._run_now(), run.message)
        self.assertEqual(run.count_new, 2)
        wizard.filename = "x.exe"
        with self.assertRaisesRegex(UserError, "not a FHIR file"):
            wizard._store(run.source_id)

    def test_who_may_what(self):
        """Managers set up and start; clerks work the quarantine; others see nothing."""
        manager = self.source.with_env(self._as("manager"))
        self._put(self._people(1))
        with trap_jobs():
            manager.action_start()
        self.assertTrue(manager.last_run_id._run_now())
        for model in ("hcrm.feed.source", "hcrm.feed.run", "hcrm.feed.inbox"):
            with self.assertRaises(AccessError):
                self._as("nurse")[model].search([])
        with self.assertRaises(AccessError):
            self._as("manager")["hcrm.feed.identity"].search([])

    def test_the_feed_has_no_way_to_write_to_the_his(self):
        """F73: an adapter has no method that could write, and files stay as they were."""
        path = self._put(self._people(2))
        os.chmod(path, 0o444)
        stamp = os.stat(path).st_mtime_ns
        self._run()
        self.assertEqual(os.stat(path).st_mtime_ns, stamp)
        self.assertEqual(os.listdir(self.folder), ["all.ndjson"])
