from odoo.tests import HttpCase, tagged

from .feed_common import EXT, FeedWorld


@tagged("post_install", "-at_install", "hcrm_feed_ui")
class TestFeedUi(FeedWorld, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls._setup_feed()

    def test_a_manager_sets_up_a_source(self):
        """A source is named, checked, started, stopped and can go on."""
        self._put([self._patient("p1"), self._patient("p2")])
        self.source.name = "Inpatient system"
        self.start_tour("/odoo", "hcrm_feed_source_tour", login="manager")
        run = self.source.run_ids
        self.assertEqual(run.state, "stopped")
        run.action_resume()
        self.assertTrue(run._run_now(), run.message)
        self.assertEqual(run.count_new, 2)

    def test_a_clerk_works_the_quarantine(self):
        """Map a code, read field by field, retry, and dismiss what is lost."""
        public = [{"url": f"{EXT}confidentiality", "valueCode": "VIP-1"}]
        self._run(
            [
                self._patient(),
                self._patient("v1", extension=public),
                self._patient("v2", extension=public),
                self._encounter("bad", period={"start": "2023-02-30"}),
                self._resource("Encounter", "nobody", status="finished"),
            ]
        )
        self.start_tour("/odoo", "hcrm_feed_quarantine_tour", login="manager")
        states = {record.ext_id: record.state for record in self._inbox()}
        self.assertEqual(states, {"bad": "quarantine", "nobody": "dropped"})
        self.assertEqual(self._inbox(ext_id="bad").attempt_count, 2)
        self.assertEqual(
            self._inbox(ext_id="nobody").dismiss_note, "A test of the interface"
        )
