"""Deletions at a FHIR server without tombstones are found by comparing ids."""

from odoo.tests import tagged

from .feed_common import FeedCommon
from .fhir_server import FhirServer


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedReconcileRest(FeedCommon):
    """F75, F82: through the wire, reading only."""

    def test_deleted_at_the_server(self):
        """Gone after two comparisons, by GET alone; the others stay as they are."""
        with FhirServer() as server:
            server.put(*self._hospital(3))
            source = self.env["hcrm.feed.source"].create(
                {
                    "name": "HIS",
                    "kind": "fhir_rest",
                    "url": server.url,
                    "company_id": self.company_a.id,
                    "page_size": 4,
                }
            )
            for mode in ("full", "reconcile"):
                run = source._start_run(enqueue=False, mode=mode)
                self.assertTrue(run._run_now(), run.message)
            self.assertFalse(run.count_missing + run.count_unknown, run.count_unknown)
            server.delete("Encounter", "e1")
            gone = []
            for _turn in range(2):
                run = source._start_run(enqueue=False, mode="reconcile")
                self.assertTrue(run._run_now(), run.message)
                gone.append((run.count_missing, run.count_gone))
            self.assertEqual(gone, [(1, 0), (0, 1)])
            self.assertEqual(self._find("Encounter", "e1", source).state, "cancelled")
            self.assertEqual(self._find("Encounter", "e2", source).state, "finished")
            self.assertEqual(server.methods(), {"GET"})
