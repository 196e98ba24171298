"""Deletions leave no trace at most sources: they are found by comparing ids."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.hcrm_core.feed_adapters import base

from .feed_common import FeedCommon
from .feed_fake import FakeHisMixin


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedReconcile(FakeHisMixin, FeedCommon):
    """F75, F82, HIS.md: tombstones, returns, gaps and the brake."""

    def _ward(self, people=30):
        """A hospital with a visit each, read once."""
        for number in range(people):
            self.his.put(
                self._patient(f"p{number}", "2026-05-01T08:00:00Z"),
                self._encounter(f"e{number}", f"p{number}"),
            )
        self._read()

    def _identity(self, res_type, ext_id):
        return self.env["hcrm.feed.identity"].search(
            [
                ("source_id", "=", self.source.id),
                ("res_type", "=", res_type),
                ("ext_id", "=", ext_id),
            ]
        )

    def test_missing_twice_in_a_row_is_gone(self):
        """Once is noted, twice ends it: status and void, history stays (F75)."""
        self._ward(3)
        person, visit = self._find("Patient", "p1"), self._find("Encounter", "e1")
        self.his.drop(("Patient", "p1"), ("Encounter", "e1"))
        run = self._read("reconcile")
        self.assertEqual((run.count_missing, run.count_gone), (2, 0))
        self.assertEqual((person.hcrm_status, visit.state), ("current", "finished"))
        run = self._read("reconcile")
        self.assertEqual((run.count_missing, run.count_gone), (0, 2))
        self.assertEqual((person.hcrm_status, visit.state), ("gone", "cancelled"))
        self.assertTrue(person.active)
        self.assertEqual(self._identity("Patient", "p1").state, "gone")
        self.assertEqual(person.hcrm_file_ids.visit_count, 0)
        other = self._find("Patient", "p2")
        self.assertEqual(other.hcrm_status, "current")
        self.assertEqual(other.hcrm_file_ids.visit_count, 1)

    def test_missing_once_and_there_again_is_nothing(self):
        """Missing, there, missing is not twice in a row."""
        self._ward(3)
        visit = self.his.resources["Encounter", "e1"]
        for _turn in range(2):
            self.his.drop(("Encounter", "e1"))
            self._read("reconcile")
            self.his.put(visit)
            self._read("reconcile")
        self.assertFalse(self._identity("Encounter", "e1").missing_count)
        self.assertEqual(self._find("Encounter", "e1").state, "finished")

    def test_returning_ids_live_again(self):
        """What was gone and is listed again is read whole, and is as before (F82)."""
        self._ward(3)
        before = self.source._state_hash()
        kept = {key: self.his.resources[key] for key in list(self.his.resources)}
        self.his.drop(("Patient", "p1"), ("Encounter", "e1"))
        self._read("reconcile")
        self._read("reconcile")
        self.assertNotEqual(self.source._state_hash(), before)
        self.assertEqual(self.source.cursor_ids.res_type, "Patient")
        self.his.put(*kept.values())
        self.assertEqual(self._read("reconcile").count_back, 2)
        self.assertFalse(self.source.cursor_ids)
        self._read("delta")
        self.assertEqual(self.source._state_hash(), before)
        self.assertEqual(self._identity("Encounter", "e1").state, "live")

    def test_a_relative_who_is_gone_ends_the_relation(self):
        self.his.put(self._patient(), self._relative())
        self._read()
        relation = self._find("Patient", "p1").hcrm_relation_ids
        self.assertTrue(relation.is_current)
        kept = self.his.resources["RelatedPerson", "r1"]
        self.his.drop(("RelatedPerson", "r1"))
        self._read("reconcile")
        self._read("reconcile")
        self.assertTrue(relation.date_end)
        self.his.put(kept)
        self._read("reconcile")
        self._read("delta")
        self.assertFalse(relation.date_end)

    def test_brake_stops_and_a_person_decides(self):
        """More than 5 % and 20 at once: nothing changes, a list, a button (F82)."""
        self._ward(30)
        everything = {key: self.his.resources[key] for key in self.his.resources}
        for number in range(20):
            self.his.drop(("Patient", f"p{number}"))
        hashed = self.source._state_hash()
        run = self._read("reconcile", expect="stopped")
        self.assertTrue(run.is_braked)
        self.assertIn("20 of 30 Patient", run.message)
        self.assertEqual(self.source._state_hash(), hashed)
        self.assertFalse(self._identity("Patient", "p0").missing_count)
        vanished = self.env["hcrm.feed.vanished"].search([("run_id", "=", run.id)])
        self.assertEqual(len(vanished), 20)
        self.assertIn(self._find("Patient", "p0"), vanished.partner_id)
        # whoever resumes without confirming is stopped again
        run.action_resume()
        run._run_now()
        self.assertEqual(run.state, "stopped")
        with self.assertRaises(AccessError):
            run.with_env(self._as("front_desk")).action_confirm_gone()
        run.with_env(self._as("manager")).action_confirm_gone()
        self.assertEqual(run.confirmed_by_id, self._as("manager").user)
        self.assertTrue(run._run_now(), run.message)
        self.assertEqual(run.count_gone, 20)
        self.assertEqual(self._find("Patient", "p0").hcrm_status, "gone")
        self.assertEqual(self._find("Patient", "p20").hcrm_status, "current")
        with self.assertRaises(UserError):
            run.action_confirm_gone()
        self.his.put(*everything.values())
        self._read("reconcile")
        self._read("delta")
        self.assertEqual(self.source._state_hash(), hashed)

    def test_nineteen_are_no_brake(self):
        self._ward(30)
        for number in range(19):
            self.his.drop(("Encounter", f"e{number}"))
        self.assertEqual(self._read("reconcile").count_missing, 19)

    def test_a_braked_source_is_still_read(self):
        """The schedule goes on with changes while nobody has decided."""
        self._ward(30)
        self.source.interval_minutes = 5
        self.his.resources.clear()
        self.his.put(self._patient("new", "2026-06-01T08:00:00Z"))
        self._read("reconcile", expect="stopped")
        self._read("delta")
        self.assertTrue(self._find("Patient", "new"))

    def test_only_types_told_whole_are_judged(self):
        """A type whose ids did not all come tells nothing about deletions."""
        self._ward(3)
        self.his.hidden.add("Encounter")
        self.his.drop(("Encounter", "e1"))
        self.assertEqual(self._read("reconcile").count_missing, 0)

    def test_unknown_ids_are_fetched(self):
        """The next run brings them; what lies before its cursor is read whole once."""
        self._ward(3)
        self.his.put(
            self._patient("late", "2026-06-01T08:00:00Z"),
            self._patient("lost", "2026-01-01T08:00:00Z"),
        )
        self.assertEqual(self._read("reconcile").count_unknown, 2)
        self._read("delta")
        self.assertTrue(self._find("Patient", "late"))
        self.assertFalse(self._identity("Patient", "lost"))
        self._read("delta")
        self.assertEqual(self.his.since[-1], {})
        self.assertTrue(self._find("Patient", "lost"))
        self.assertFalse(self.env["hcrm.feed.listed"].search([]))

    def test_an_id_that_never_comes_is_asked_for_once(self):
        """A listed record that no run brings costs one full read, not one a day."""
        self._ward(3)
        self.his.ghosts = [("Patient", "ghost")]
        self._read("reconcile")
        self._read("delta")
        self.assertFalse(self.source.cursor_ids)
        self._read("delta")
        self.assertTrue(self.source.cursor_ids)
        self._read("reconcile")
        self._read("delta")
        self.assertTrue(self.source.cursor_ids)
        self.his.ghosts = []
        self._read("reconcile")
        self.assertFalse(self.env["hcrm.feed.listed"].search([]))

    def test_a_source_that_lists_one_page_for_ever(self):
        """A lying source ends the run with a sentence, not the disk (F82)."""
        self._ward(3)
        self.source.page_size = 2
        self.his.loops = True
        # the fake ends by count; this one never does
        self.his.put(*(self._patient(f"more{n}") for n in range(40)))
        run = self._read("reconcile", expect="failed")
        self.assertIn("same page", run.message)

    def test_kinds_that_cannot_list_say_so(self):
        base.LISTING.discard("fhir_file")
        run = self._read("reconcile", expect="failed")
        self.assertIn("cannot tell which records exist", run.message)

    def test_cost_is_constant(self):
        """As many queries for 2 as for 50 records that went."""
        counts = []
        for people in (1, 2, 50):  # the first fills the caches
            self.his.resources.clear()
            self.his.put(*(self._patient(f"q{people}-{n}") for n in range(people)))
            self._read()
            self.his.resources.clear()
            self.his.put(self._entity())
            run = self.source._start_run(enqueue=False, mode="reconcile")
            run.is_confirmed = True
            before = self.env.cr.sql_log_count
            self.assertTrue(run._run_now(), run.message)
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(run.count_gone, people)
        self.assertEqual(counts[1], counts[2])
