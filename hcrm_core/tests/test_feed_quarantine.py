"""The quarantine as a clerk works it: cases, mapping, codes, retry, dismiss."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from odoo.addons.hcrm_core.feed_adapters.canonical import Mapped, Record
from odoo.addons.hcrm_core.feed_adapters.fhir_codes import CODE_FIELDS
from odoo.addons.hcrm_core.feed_adapters.fhir_context import MapContext
from odoo.addons.hcrm_core.feed_adapters.fhir_explain import HIDDEN, PATHS, explain
from odoo.addons.hcrm_core.feed_adapters.fhir_map import map_record

from .feed_common import EXT, FeedCommon


@tagged("post_install", "-at_install")
class TestFeedQuarantine(FeedCommon):
    def _staff(self, ext_id, code="VIP-1"):
        """A patient whose confidentiality is said in the HIS's own words."""
        extension = [{"url": f"{EXT}confidentiality", "valueCode": code}]
        return self._patient(ext_id, extension=extension)

    def _cases(self):
        self.env.flush_all()
        Case = self.env["hcrm.feed.case"].with_env(self._as("manager"))
        return Case.search([("source_id", "=", self.source.id)])

    # ------------------------------------------------------------------
    # cases
    # ------------------------------------------------------------------

    def test_alike_records_are_one_case(self):
        """F75: grouped by reason and field, with counts and an example in words."""
        bad = {"period": {"start": "2023-02-30"}}
        self._run(
            [
                self._patient(),
                *(self._encounter(f"bad{n}", **bad) for n in range(3)),
                *(self._staff(f"s{n}") for n in range(2)),
            ]
        )
        first, second = self._cases()
        self.assertEqual((first.record_count, second.record_count), (3, 2))
        self.assertIn("Impossible date", first.title)
        self.assertIn("period", first.title)
        self.assertEqual(first.type_label, "Visit")
        self.assertIn("2023-02-30 in period", first.example)
        self.assertIn("VIP-1", second.title)
        action = first.action_open()
        found = self.env["hcrm.feed.inbox"].search(action["domain"])
        self.assertEqual(len(found), 3)
        self.assertEqual(second._records().mapped("res_type"), ["Patient"] * 2)

    def test_case_list_costs_the_same_for_2_and_50(self):
        def measure(count):
            self._run(
                [
                    self._encounter(
                        f"x{n}", period={"start": f"bad {n}"}, status=str(n)
                    )
                    if n % 2
                    else self._resource(f"Odd{n}", "1", status="x")
                    for n in range(count)
                ]
                + [self._staff(f"s{count}-{n}", f"code {n}") for n in range(count)]
            )
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._cases().read(["title", "example", "type_label", "record_count"])
            return self.env.cr.sql_log_count - before, len(self._cases())

        measure(1)  # labels and views are looked up once
        few, cases = measure(2)
        many, more = measure(50)
        self.assertGreaterEqual(more, cases + 40)
        self.assertEqual(few, many)

    def test_retry_all_of_a_case(self):
        self._run([self._patient(), self._encounter(period={"start": "2023-02-30"})])
        self._cases().action_retry()
        self.assertEqual(self._inbox().attempt_count, 2)

    def test_dismiss_with_a_reason(self):
        """Given up, with who and why; put back clears both."""
        self._run([self._encounter(f"e{n}", status="x") for n in range(3)])
        self.env["hcrm.feed.inbox"].search([]).write({"state": "quarantine"})
        action = self._cases().action_dismiss()
        clerk = self._as("manager")
        wizard = clerk["hcrm.feed.dismiss"].create(
            {
                "domain": action["context"]["default_domain"],
                "note": "Rows of the interface test",
            }
        )
        self.assertEqual(wizard.record_count, 3)
        wizard.action_dismiss()
        rows = self._inbox()
        self.assertEqual(set(rows.mapped("state")), {"dropped"})
        self.assertEqual(rows[0].dismiss_note, "Rows of the interface test")
        self.assertEqual(rows[0].dismiss_uid, self.users["manager"])
        rows.action_put_back()
        self.assertFalse(rows[0].dismiss_note)

    # ------------------------------------------------------------------
    # codes
    # ------------------------------------------------------------------

    def test_a_code_that_holds_records_back_is_mapped_and_they_follow(self):
        """F75: say what the code means, and all alike are taken over."""
        self._run([self._staff("s1"), self._staff("s2"), self._staff("s3", "VIP-2")])
        self.assertEqual(len(self._inbox(state="quarantine")), 3)
        case = self._cases()[0]
        action = case.action_map()
        code = self._as("manager")["hcrm.feed.code"].browse(action["res_id"])
        self.assertEqual((code.code, code.held_count), ("VIP-1", 2))
        self.assertIn(["public", "Public person"], map(list, code.value_options))
        with self.assertRaises(ValidationError):
            code.action_apply()
        with self.assertRaisesRegex(ValidationError, "not one of our values"):
            code.value = "nonsense"
        code.value = "public"
        code.action_apply()
        self.assertEqual(self._inbox().mapped("ext_id"), ["s3"])
        file = self._find("Patient", "s1").hcrm_file_ids
        self.assertEqual(file.confidentiality, "public")

    def test_a_code_nobody_knows_is_noted_and_followed_by_a_full_run(self):
        """An unknown state is written as unknown, noted, and mended once mapped."""
        records = [self._patient(), self._encounter(status="RY-9")]
        self._run(records)
        visit = self._find("Encounter", "e1")
        self.assertEqual((visit.state, visit.source_state), ("unknown", "RY-9"))
        code = self.env["hcrm.feed.code"].search([("source_id", "=", self.source.id)])
        self.assertEqual(
            (code.field_key, code.code, code.value, code.seen_count),
            ("Encounter.status", "RY-9", False, 1),
        )
        self.assertEqual(self._run(records).count_changed, 0)
        self.assertEqual(self.source.code_count, 1)
        code.value = "finished"
        self.assertEqual(self._run(records).count_changed, 1)
        self.assertEqual((visit.state, visit.source_state), ("finished", False))
        code.value = "in_progress"
        self._run(records)
        self.assertEqual(visit.state, "in_progress")

    def test_codes_belong_to_their_source(self):
        other = self._make_source("Other HIS")
        self.env["hcrm.feed.code"].create(
            {
                "source_id": other.id,
                "field_key": "Encounter.class",
                "code": "MZ",
                "value": "outpatient",
            }
        )
        records = [self._patient(), self._encounter(**{"class": {"code": "MZ"}})]
        self._run(records)
        self.assertEqual(self._find("Encounter", "e1").kind, "other")
        run = other._start_run(enqueue=False)
        run._run_now()
        self.assertEqual(self._find("Encounter", "e1", other).kind, "outpatient")

    def test_free_text_does_not_fill_the_list_of_codes(self):
        self._run(
            [self._patient()]
            + [self._encounter(f"e{n}", status=f"said {n}") for n in range(300)]
        )
        domain = [("source_id", "=", self.source.id)]
        self.assertEqual(self.env["hcrm.feed.code"].search_count(domain), 200)

    def test_who_may_map(self):
        with self.assertRaises(AccessError):
            self._as("nurse")["hcrm.feed.code"].search([])

    def test_every_code_field_holds_our_values(self):
        """The built-in tables name only values that the field takes."""
        for key, spec in CODE_FIELDS.items():
            options = set(
                self.env[spec.model]._fields[spec.column].get_values(self.env)
            )
            told = set(spec.known.values()) - {"parent"}
            self.assertFalse(told - options, key)
            self.assertIn(spec.fallback or next(iter(options)), options, key)

    # ------------------------------------------------------------------
    # the payload beside the mapping
    # ------------------------------------------------------------------

    def test_field_by_field_with_every_problem(self):
        """What became of each field; all problems at once, the rest still shown."""
        self._run(
            [
                self._encounter(
                    "bad",
                    period={"start": "2023-02-30"},
                    status="RY-9",
                    hospitalization={"dischargeDisposition": {"text": "Home"}},
                    priority={"text": "urgent"},
                )
            ]
        )
        html = self._inbox().with_env(self._as("manager")).mapping_html
        self.assertIn("2023-02-30 in period is not a possible date", html)
        self.assertIn("RY-9 is not understood", html)
        self.assertIn("not here yet", html)
        self.assertRegex(html, r"Outpatient")
        self.assertRegex(html, r"(?s)Not taken over.*priority.*urgent")

    def test_mapping_shows_markup_as_text(self):
        self._run([self._encounter("x", period={"start": "<script>alert(1)</script>"})])
        self.assertNotIn("<script>", self._inbox().mapping_html)

    def test_shown_paths_cover_what_mappers_fill(self):
        """A mapper that fills a column nobody is shown fails here."""
        context = MapContext()
        for data in self._hospital(1):
            outcome = map_record(
                Record(data["resourceType"], data["id"], data), context
            )
            self.assertIsInstance(outcome, Mapped)
            shown = {column for column, _path in PATHS[data["resourceType"]]} | HIDDEN
            told = {*outcome.values, *outcome.refs} - {"status"}
            self.assertFalse(told - shown, data["resourceType"])

    def test_whatever_the_source_wrote_can_be_shown(self):
        """No payload breaks the page that shows it."""
        for value in (None, 1, "x", [], [1], {}, {"a": [None]}, [[{}]]):
            for res_type, paths in PATHS.items():
                data = {"resourceType": res_type, "id": "1"}
                data.update({p.lstrip("+").split(".")[0]: value for _c, p in paths})
                data["extension"] = value
                shown = explain(Record(res_type, "1", data), MapContext())
                self.assertIsInstance(shown.lines, list)

    # ------------------------------------------------------------------
    # preview
    # ------------------------------------------------------------------

    def test_preview_writes_nothing(self):
        """F74: values as they would be written, problems included."""
        self._put(
            [
                *self._hospital(30),
                self._encounter("bad", period={"start": "2023-02-30"}),
            ]
        )
        action = self.source.with_env(self._as("manager")).action_preview()
        Preview = self._as("manager")["hcrm.feed.preview"]
        html = Preview.browse(action["res_id"]).tables_html
        self.assertIn("张p0", html)
        self.assertIn("张p19", html)
        self.assertNotIn("张p20", html)
        self.assertIn("Inpatient", html)
        self.assertFalse(self._find("Patient", "p0"))
        self.assertFalse(self.source.run_ids)

    def test_preview_of_a_source_that_does_not_answer(self):
        self._empty_folder()
        self.source.action_preview()
        preview = self.env["hcrm.feed.preview"].search([], limit=1, order="id desc")
        self.assertIn("There is no .ndjson", preview.tables_html)
