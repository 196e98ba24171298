"""Runs over a FHIR server: what is here is what the server holds."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.hcrm_core.feed_adapters import fhir_rest, fhir_rest_probe

from .common import HcrmCommon
from .feed_common import FeedWorld
from .fhir_server import LOGIN, SECRET, FhirServer


@tagged("post_install", "-at_install")
class TestFeedFhirRestRun(FeedWorld, HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_feed()

    def setUp(self):
        super().setUp()
        fhir_rest._plans.clear()
        patcher = patch.object(fhir_rest_probe, "PAUSE", 0.05)
        patcher.start()
        self.addCleanup(patcher.stop)

    def _serve(self, *quirks, records=None, **vals):
        """A server that holds a small hospital, and a source that reads it."""
        server = FhirServer(quirks)
        server.put(*(self._hospital(5) if records is None else records))
        server._now += timedelta(days=1)
        server.__enter__()
        self.addCleanup(server.close)
        source = self.env["hcrm.feed.source"].create(
            {
                "name": "HIS",
                "kind": "fhir_rest",
                "url": server.url,
                "company_id": self.company_a.id,
                **vals,
            }
        )
        return server, source

    def _pull(self, source, mode="full"):
        run = source._start_run(enqueue=False, mode=mode)
        run._run_now()
        self.assertEqual(run.state, "done", run.message)
        return run

    def test_same_state_as_from_files(self):
        """F17: a server and an export of it give the same state, whatever the flavour."""
        with self._undone():
            self._run(self._hospital(5))
            expected = self.source._state_hash()
        for quirks in (
            [],
            ["hapi_paging", "no_sort", "no_total"],
            ["openemr_lastupdated_now"],
            ["clock_in_future", "wrong_total"],
        ):
            with self.subTest(quirks=quirks), self._undone():
                server, source = self._serve(*quirks, page_size=7)
                run = self._pull(source)
                self.assertFalse(run.count_quarantined)
                self.assertEqual(source._state_hash(), expected)
                self.assertEqual(server.methods(), {"GET"})
                again = self._pull(source)
                self.assertFalse(again.count_new + again.count_changed)

    @contextmanager
    def _undone(self):
        """What is done in the block is rolled back at its end."""
        savepoint = self.env.cr.savepoint()
        try:
            yield
        finally:
            self.env.flush_all()
            savepoint.rollback()
            savepoint.close(rollback=False)
            self.env.invalidate_all(flush=False)

    def test_delta_takes_changes_only(self):
        """F74, F76: changed, new and deleted records, and nothing else."""
        server, source = self._serve("deleted", overlap_minutes=0)
        self._pull(source)
        self.assertEqual(len(source.cursor_ids), len(server._store))
        server.put(
            self._patient("p1", name=[{"text": "李新"}]),
            self._patient("p77"),
            self._encounter("e77", "p77"),
        )
        server.delete("Condition", "c2")
        run = self._pull(source, "delta")
        self.assertEqual(run.count_new, 2)
        self.assertEqual(run.count_changed, 2)
        # the newest of every type is read again, nothing else
        self.assertEqual(run.count_read - run.count_unchanged, 4)
        self.assertLessEqual(run.count_unchanged, len(server._store))
        self.assertEqual(self._find("Patient", "p1", source).name, "李新")
        identity = self.env["hcrm.feed.identity"].search(
            [("source_id", "=", source.id), ("ext_id", "=", "c2")]
        )
        self.assertEqual(identity.state, "gone")

    def test_stamps_of_now_change_nothing(self):
        """F75: content decides, not a stamp that moves with every question."""
        _server, source = self._serve("openemr_lastupdated_now")
        self._pull(source)
        self.assertFalse(source.cursor_ids)
        run = self._pull(source, "delta")
        self.assertFalse(run.count_new + run.count_changed)
        self.assertEqual(run.count_unchanged, run.count_read)

    def test_clock_that_is_set_right_loses_nothing(self):
        """A change made after the HIS clock was put back counts as the newer."""
        server, source = self._serve("clock_in_future")
        self._pull(source)
        server.quirks.clear()
        server.put(self._patient("p1", name=[{"text": "李新"}]))
        self._pull(source, "delta")
        self.assertEqual(self._find("Patient", "p1", source).name, "李新")

    def test_openmrs_words(self):
        """F17: visits without a state, phones without a system, years of birth."""
        _server, source = self._serve(
            "openmrs_encounter_unknown", "no_system_telecom", "partial_date"
        )
        self._pull(source)
        person = self._find("Patient", "p1", source)
        self.assertEqual(person.hcrm_birthdate_precision, "year")
        self.assertEqual(person.hcrm_birthdate.year, 1980)
        self.assertTrue(person.phone)
        visit = self._find("Encounter", "e1", source)
        self.assertEqual((visit.state, visit.source_state), ("unknown", "unknown"))

    def test_busy_and_refusing_servers_in_words(self):
        """A busy server is waited for; what must be put right is said, without secrets."""
        server, source = self._serve(
            "basic", "429", auth_kind="basic", auth_login=LOGIN, auth_secret=SECRET
        )
        server.busy = 0
        run = source._start_run(enqueue=False)
        run._step()
        server.busy = 1
        self.assertEqual(run._step(), 3)
        self.assertEqual((run.state, run.retry_count), ("running", 1))
        self.assertIn("asks to wait", run.message)
        self.assertTrue(run._run_now(), run.message)
        source.auth_secret = "wrong"
        run = source._start_run(enqueue=False)
        run._run_now()
        self.assertEqual(run.state, "failed")
        self.assertIn("refuses the login", run.message)
        self.assertNotIn("wrong", run.message)
        source.url = "http://his.example/fhir"
        source.action_check()
        self.assertEqual(source.check_state, "failed")
        self.assertIn("not encrypted", source.check_report)

    def test_every_failure_has_a_sentence(self):
        """No code without words reaches a person."""
        Reason = self.env["hcrm.feed.reason"]
        for code in [*Reason._web_sentences(), *Reason._fhir_sentences()]:
            sentence = Reason._source_sentence(code, {"url": "https://his"})
            self.assertFalse(sentence.startswith(code), code)

    def test_connection_test(self):
        """F82: the button says what server, which types, how many, how trustworthy."""
        _server, source = self._serve("openemr_lastupdated_now")
        source.action_check()
        for words in ("Quirk 1 answers (FHIR 4.0.1)", "Patient: 5", "read whole"):
            self.assertIn(words, source.check_report)
        self.assertNotIn("files", source.check_report)
