"""The reader of FHIR servers against a server with every quirk that was met."""

import shutil
import tempfile
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from odoo.addons.hcrm_core.feed_adapters import fhir_rest, fhir_rest_probe, http_auth
from odoo.addons.hcrm_core.feed_adapters.base import (
    AdapterError,
    SourceBusy,
    SourceConfig,
    adapter_for,
)
from odoo.addons.hcrm_core.feed_adapters.fhir_rest_bundle import next_link
from odoo.addons.hcrm_core.feed_adapters.http_source import Answer

from .fhir_server import LOGIN, SECRET, FhirServer

TYPES = ("Organization", "Patient", "Encounter")


def patient(number, **values):
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "name": [{"text": f"王{number}"}],
        **values,
    }


def encounter(number, person=0, **values):
    return {
        "resourceType": "Encounter",
        "id": f"e{number}",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/p{person}"},
        "period": {"start": "2026-02-01T09:00:00+08:00"},
        **values,
    }


class RestCase(BaseCase):
    def setUp(self):
        super().setUp()
        self.spool = tempfile.mkdtemp(prefix="hcrm_rest_test_")
        self.addCleanup(shutil.rmtree, self.spool, ignore_errors=True)
        fhir_rest._plans.clear()
        http_auth._tokens.clear()
        patcher = patch.object(fhir_rest_probe, "PAUSE", 0.05)
        patcher.start()
        self.addCleanup(patcher.stop)

    def _server(self, *quirks, people=45, visits=30):
        server = FhirServer(quirks)
        server.put({"resourceType": "Organization", "id": "o1", "name": "Ward"})
        server.put(*[patient(number) for number in range(people)])
        server.put(*[encounter(number, number) for number in range(visits)])
        server.__enter__()
        self.addCleanup(server.close)
        return server

    def _adapter(self, server, **config):
        config = {"url": server.url, "login": LOGIN, "secret": SECRET, **config}
        return adapter_for("fhir_rest", SourceConfig(spool=self.spool, **config))

    def _read(self, server, limit=20, since=None, patience=200, **config):
        """A whole run as the job queue does it: a new reader for every page."""
        self._adapter(server, since=since or {}, **config).prepare()
        records, marks, cursor = [], {}, None
        for _page in range(patience):
            adapter = self._adapter(server, since=since or {}, **config)
            page = next(adapter.pages(cursor, limit))
            records += page.records
            marks |= page.watermarks
            cursor = page.cursor
            if cursor is None:
                adapter.cleanup()
                return records, marks
        self.fail("the reader does not come to an end")

    def _assert_all(self, server, records):
        """Every record that exists was read; nothing but reading was asked."""
        for name in server._store:
            read = {one.ext_id for one in records if one.type == name}
            self.assertEqual(read, set(server.live(name)), name)
        self.assertFalse([one for one in records if one.problem])
        self.assertLessEqual(server.methods(), {"GET"})

    def _fails(self, code, server, **config):
        with self.assertRaises(AdapterError) as caught:
            self._read(server, **config)
        self.assertEqual(caught.exception.code, code)
        return caught.exception


@tagged("post_install", "-at_install")
class TestFeedFhirRest(RestCase):
    def test_reads_everything_from_every_flavour(self):
        """F17: any paging style, no total, wrong total, no order, no stamps."""
        for quirks in (
            [],
            ["hapi_paging"],
            ["hapi_paging", "no_sort"],
            ["relative_next", "no_sort"],
            ["no_total"],
            ["wrong_total"],
            ["no_sort"],
            ["no_stamps"],
            ["ignore_last_updated"],
            ["ignore_last_updated", "no_sort", "wrong_total"],
            ["openemr_lastupdated_now"],
            ["openemr_lastupdated_now", "hapi_paging", "no_total"],
            ["clock_in_future"],
            ["outcome_entry"],
            ["unknown_parameter_empty"],
            ["openmrs_encounter_unknown", "no_system_telecom", "partial_date"],
        ):
            with self.subTest(quirks=quirks):
                server = self._server(*quirks)
                records, _marks = self._read(server)
                self._assert_all(server, records)
                order = [one.type for one in records]
                self.assertEqual(order, sorted(order, key=TYPES.index))

    def test_no_question_per_patient(self):
        """HIS.md: a visit's search by patient takes 20 s; types are read whole."""
        server = self._server()
        server._now += timedelta(days=1)
        self._read(server, limit=500)
        asked = {name for one in server.seen for name in one.query}
        self.assertLessEqual(asked, {"_count", "_sort", "_lastUpdated", "_offset"})
        few = len(server.seen)
        more = self._server(people=400, visits=300)
        more._now += timedelta(days=1)
        self._read(more, limit=500)
        self.assertEqual(len(more.seen), few)

    def test_log_ins_and_busy_days(self):
        """F17: basic, bearer, OAuth2; 429 and 503 keep the place in the run."""
        for auth in ("basic", "bearer", "oauth2"):
            server = self._server(auth)
            records, _marks = self._read(server, auth=auth, token_url=server.token_url)
            self._assert_all(server, records)
        for quirk, wait in (("429", 3), ("503", 4)):
            server = self._server(quirk)
            server.busy = 0
            adapter = self._adapter(server)
            adapter.prepare()
            first = next(adapter.pages(None, 20))
            server.busy = 2
            for _try in range(2):
                with self.assertRaises(SourceBusy) as caught:
                    next(self._adapter(server).pages(first.cursor, 20))
                self.assertAlmostEqual(caught.exception.retry_after, wait, delta=1.5)
            page = next(self._adapter(server).pages(first.cursor, 20))
            self.assertTrue(page.records)

    def test_expired_pages_are_asked_for_again(self):
        """A page that is gone (410) restarts the window; nothing is lost."""
        for quirks in (["no_sort"], ["hapi_paging", "no_sort"], []):
            with self.subTest(quirks=quirks):
                server = self._server("expiring_page_410", *quirks)
                server.expiries = 3
                records, _marks = self._read(server)
                self._assert_all(server, records)
        server = self._server("expiring_page_410", "no_sort")
        server.expiries = None
        self.assertEqual(self._fails("pages_expire", server).values["type"], "Patient")

    def test_pages_without_end_are_noticed(self):
        """The same page forever stops the run with a sentence."""
        for quirks in ([], ["no_sort"], ["openemr_lastupdated_now", "no_total"]):
            server = self._server("same_page_forever", *quirks)
            error = self._fails("pages_in_circle", server)
            self.assertEqual(error.values["type"], "Organization")
            self.assertLess(len(server.seen), 60)

    def test_full_page_without_a_next_link(self):
        """A server that pages and does not say where the rest is, is asked for more."""
        server = self._server("no_sort", people=20)
        server.quirks.add("no_total")
        with patch.object(FhirServer, "_bundle", _without_links):
            records, _marks = self._read(server, limit=20)
            self._assert_all(server, records)
            server.put(*[patient(number) for number in range(100, 600)])
            self._fails("no_next_page", server, limit=5)

    def test_changes_while_reading(self):
        """Changed, new and deleted records between the pages; nothing slips through."""
        server = self._server(people=90)
        changes = iter(range(1000))

        def work(_seen):
            number = next(changes)
            if number < 60 and server.seen[-1].path == "/fhir/Patient":
                server.put(patient(number, gender="female"))
                server.put(patient(500 + number))
                server.delete("Patient", f"p{number * 2 + 30}")

        self._adapter(server).prepare()
        server.on_page = work
        records, marks = [], {}
        for page in self._adapter(server).pages(None, 20):
            records += page.records
            marks |= page.watermarks
        server.on_page = None
        slipped = set(server.live("Patient")) - {one.ext_id for one in records}
        # only what came after the last page of its type is left to the next run
        self.assertLessEqual(len(slipped), 2)
        records += self._read(server, since=marks)[0]
        read = {one.ext_id for one in records if one.type == "Patient"}
        self.assertLessEqual(set(server.live("Patient")), read)
        last = {one.ext_id: one for one in records if one.type == "Patient"}
        for ext_id, data in server.live("Patient").items():
            self.assertEqual(last[ext_id].data.get("gender"), data.get("gender"))

    def test_watermarks_only_where_stamps_are_true(self):
        """F74: a delta run reads what changed; untrue stamps are read whole."""
        server = self._server()
        records, marks = self._read(server)
        self.assertEqual(set(marks), set(TYPES))
        newest = max(one.updated_at for one in records if one.type == "Encounter")
        self.assertEqual(marks["Encounter"], newest)
        since = {name: at - timedelta(minutes=10) for name, at in marks.items()}
        server._now += timedelta(days=1)
        server.put(patient(3, gender="male"), patient(99), encounter(0, 0))
        server.seen.clear()
        records, marks = self._read(server, since=since)
        late = {one.ext_id for one in records if one.updated_at > newest}
        self.assertEqual(late, {"p3", "p99", "e0"})
        self.assertEqual(marks["Encounter"], max(r.updated_at for r in records))
        self.assertTrue(all(one.updated_at >= since[one.type] for one in records))
        # what the server can do is known from the run before
        self.assertLess(len(server.seen), 12)
        for quirk in ("openemr_lastupdated_now", "no_stamps"):
            self.assertFalse(self._read(self._server(quirk))[1], quirk)

    def test_filter_that_is_ignored_is_done_here(self):
        """A server that ignores _lastUpdated brings no old records into a delta."""
        server = self._server("ignore_last_updated")
        _records, marks = self._read(server)
        server._now += timedelta(days=1)
        server.put(patient(3, gender="male"))
        records, _marks = self._read(server, since=marks)
        people = {one.ext_id for one in records if one.type == "Patient"}
        self.assertEqual(people, {"p3", "p44"})  # p44 is the newest of before

    def test_clock_in_future_hides_nothing(self):
        """A watermark never lies beyond the server's clock when it was asked."""
        _records, marks = self._read(self._server("clock_in_future"))
        self.assertTrue(marks)
        self.assertTrue(all(stamp.year == 2026 for stamp in marks.values()))

    def test_deletions_of_the_history(self):
        """F76: a history that is offered brings deletions with the changes."""
        server = self._server("deleted")
        _records, marks = self._read(server)
        server._now += timedelta(days=1)
        server.delete("Patient", "p1")
        server.delete("Patient", "p2")
        server.put(patient(2))  # and there again
        records, _marks = self._read(server, since=marks)
        gone = {one.ext_id for one in records if one.deleted}
        self.assertEqual(gone, {"p1"})

    def test_ids_for_reconciliation(self):
        """F76: ids of what exists, without the records, type by type."""
        for quirks in ([], ["no_sort"], ["unknown_parameter_empty"], ["hapi_paging"]):
            with self.subTest(quirks=quirks):
                server = self._server(*quirks)
                server.delete("Patient", "p7")
                self._adapter(server).prepare()
                ids, complete, cursor = set(), set(), None
                while True:
                    page = next(self._adapter(server).ids(cursor, 20))
                    ids |= set(page.ids)
                    complete |= page.complete
                    cursor = page.cursor
                    if cursor is None:
                        break
                self.assertEqual(complete, set(TYPES))
                expected = {(n, i) for n in TYPES for i in server.live(n)}
                self.assertEqual(ids, expected)

    def test_connection_test_says_what_is_there(self):
        """F82: server, types, counts and whether the stamps can be trusted."""
        report = self._adapter(self._server()).check(100)
        self.assertEqual(
            report.counts, {"Organization": 1, "Patient": 45, "Encounter": 30}
        )
        self.assertEqual(report.notes[0][1]["server"], "Quirk 1")
        self.assertIn("Appointment", report.ignored)
        report = self._adapter(self._server("openemr_lastupdated_now")).check(100)
        self.assertIn("no_stamps", dict(report.notes))
        report = self._adapter(self._server("ignore_last_updated")).check(100)
        self.assertIn("no_filter", dict(report.notes))
        report = self._adapter(self._server("deleted", "no_total")).check(100)
        self.assertIn("deletions", dict(report.notes))

    def test_only_types_and_wrong_addresses(self):
        server = self._server()
        records, _marks = self._read(server, only_types=frozenset(["Patient"]))
        self.assertEqual({one.type for one in records}, {"Patient"})
        self._fails("no_types", server, only_types=frozenset(["Coverage"]))
        server = self._server()
        self._fails("not_fhir", server, url=server.url + "/Patient")

    def test_bad_records_are_told_not_dropped(self):
        """A record without an id, or too large, comes with its problem."""
        server = self._server(people=1)
        with server._lock:
            server._version("Patient", "x", {"resourceType": "Patient", "id": None})
        server.put(patient(9, photo=[{"data": "x" * 5000}]))
        records, _marks = self._read(server, max_record_bytes=2000)
        problems = {r.problem.code for r in records if r.problem}
        self.assertEqual(problems, {"no_id", "too_large"})

    def test_drugs_that_are_only_pointed_at(self):
        """OpenMRS: the drug's name is one question a page away."""
        server = self._server()
        server.put(
            {
                "resourceType": "Medication",
                "id": "m1",
                "code": {"text": "Amoxicillin 500 mg"},
            },
            *[
                {
                    "resourceType": "MedicationRequest",
                    "id": f"r{number}",
                    "subject": {"reference": "Patient/p1"},
                    "medicationReference": {"reference": "Medication/m1"},
                }
                for number in range(5)
            ],
        )
        records, _marks = self._read(server)
        drugs = [
            one.data["medicationReference"].get("display")
            for one in records
            if one.type == "MedicationRequest"
        ]
        self.assertEqual(drugs, ["Amoxicillin 500 mg"] * 5)
        self.assertEqual(len(server.searches("Medication")), 1)


def _without_links(self, page, total, link, _original=FhirServer._bundle):
    bundle = _original(self, page, total, None)
    return bundle


@tagged("post_install", "-at_install")
class TestFeedFhirRestLinks(BaseCase):
    def test_next_links_stay_with_the_source(self):
        """A server behind a proxy names itself by a host that must not be asked."""
        base = "https://his.example/api/fhir"
        for target, expected in (
            (f"{base}/Patient?page=2", f"{base}/Patient?page=2"),
            ("https://his.example/other?p=2", "https://his.example/other?p=2"),
            ("Patient?page=2", f"{base}/Patient?page=2"),
            ("?page=2", f"{base}/Patient?page=2"),
            ("/api/fhir?_getpages=1", f"{base}?_getpages=1"),
            ("http://his.example/api/fhir?_getpages=1", f"{base}?_getpages=1"),
            ("http://app:8080/fhir?_getpages=1", f"{base}?_getpages=1"),
            ("http://app:8080/fhir/Patient?page=2", f"{base}/Patient?page=2"),
            ("http://app/api/fhir/Patient?page=2", f"{base}/Patient?page=2"),
            ("", None),
            (None, None),
        ):
            links = [{"relation": "self", "url": "x"}]
            links.append({"relation": "next", "url": target})
            answer = Answer({"link": links}, f"{base}/Patient?_count=2", None)
            self.assertEqual(next_link(answer, base), expected, target)
