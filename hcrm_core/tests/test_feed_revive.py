"""Runs go on by themselves: cheap versions of the kill tests of ``make e2e``."""

from odoo.tests import tagged

from .feed_common import FeedCommon
from .feed_fake import FakeHisMixin


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedRevive(FakeHisMixin, FeedCommon):
    """DESIGN.md law 4: kill it anywhere, start it again: same state, nothing twice."""

    def _jobs(self, run, state=None):
        jobs = self.env["queue.job"].search([("identity_key", "=like", "hcrm.feed:%")])
        return jobs.filtered(
            lambda job: job.records == run and (not state or job.state == state)
        )

    def _idle(self, run):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE hcrm_feed_run SET write_date = write_date - interval '10 min'"
            " WHERE id = %s",
            (run.id,),
        )
        run.invalidate_recordset()

    def test_a_lost_job_is_queued_again(self):
        """The schedule finds a run without a job, also of a source without interval."""
        self.his.put(self._patient())
        run = self.source._start_run()
        self._jobs(run).unlink()
        self.env["hcrm.feed.source"]._cron_pull()
        self.assertFalse(self._jobs(run))  # a run that moved a moment ago is not lost
        self._idle(run)
        self.env["hcrm.feed.source"]._cron_pull()
        self.assertEqual(len(self._jobs(run)), 1)
        self.env["hcrm.feed.source"]._cron_pull()
        self.assertEqual(len(self._jobs(run)), 1)

    def test_a_failed_job_is_tried_again_and_given_up(self):
        """Five times the same page, then the run fails with a sentence."""
        self.his.put(self._patient())
        run = self.source._start_run()
        for turn in range(5):
            job = self._jobs(run, "pending")
            self.assertEqual(len(job), 1)
            job.write({"state": "failed", "exc_message": f"boom {turn}"})
            run._job_failed(exc_name="Boom", exc_message="boom")
        self.assertEqual(run.state, "failed")
        self.assertIn("boom", run.message)
        run.action_resume()
        self.assertEqual(run.state, "queued")

    def test_a_page_that_kills_the_server(self):
        """What the job queue found dead too often is not tried for ever."""
        run = self.source._start_run()
        self._jobs(run).write(
            {"state": "failed", "exc_name": "JobFoundDead", "retry": 6}
        )
        self._idle(run)
        self.env["hcrm.feed.source"]._cron_pull()
        self.assertEqual(run.state, "failed")
        self.assertIn("again and again", run.message)

    def test_job_of_a_page_says_what_to_do_when_it_fails(self):
        function = self.env.ref("hcrm_core.queue_function_feed_page")
        self.assertEqual(function.on_fail_method, "_job_failed")

    def test_two_jobs_of_one_run_write_nothing_twice(self):
        """A job that was thought dead and its successor take one page each."""
        self.source.page_size = 2
        self.his.put(*(self._patient(f"p{n}") for n in range(6)))
        run = self.source._start_run()
        for _job in range(10):
            run._job_page()
        self.assertEqual((run.state, run.count_new, run.count_read), ("done", 6, 6))
