import gzip
import os
import random
import shutil
import tempfile
import zipfile
from zoneinfo import ZoneInfo

import orjson

from odoo.tests import BaseCase, tagged

from odoo.addons.hcrm_core.feed_adapters.base import (
    AdapterError,
    SourceConfig,
    adapter_for,
)
from odoo.addons.hcrm_core.feed_adapters.canonical import Mapped, Problem, Record
from odoo.addons.hcrm_core.feed_adapters.fhir_context import MapContext
from odoo.addons.hcrm_core.feed_adapters.fhir_map import map_record
from odoo.addons.hcrm_core.feed_adapters.fhir_record import content_hash
from odoo.addons.hcrm_core.feed_adapters.fhir_values import MapError, moment, ref

SHANGHAI = MapContext(zone=ZoneInfo("Asia/Shanghai"), today="2026-11-01")
PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"text": "王芳"}]}
MB = 1024 * 1024


class AdapterCase(BaseCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="hcrm_adapter_test_")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.source = os.path.join(self.folder, "in")
        os.mkdir(self.source)

    def _write(self, name, content):
        path = os.path.join(self.source, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content)
        return path

    def _adapter(self, path=None, **kwargs):
        config = SourceConfig(
            path=path or self.source,
            roots=(self.source,),
            spool=os.path.join(self.folder, "spool"),
            **kwargs,
        )
        return adapter_for("fhir_file", config)

    def _read(self, limit=100, path=None, **kwargs):
        adapter = self._adapter(path, **kwargs)
        adapter.prepare()
        return [
            record for page in adapter.pages(None, limit) for record in page.records
        ]

    def _codes(self, records):
        return [record.problem and record.problem.code for record in records]


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedFiles(AdapterCase):
    def test_plain_gz_zip_and_bundle_give_the_same_records(self):
        """One record, packed in every way a hospital may export it."""
        line = orjson.dumps(PATIENT)
        bundle = orjson.dumps(
            {"resourceType": "Bundle", "entry": [{"resource": PATIENT}]}
        )
        packed = os.path.join(self.folder, "x.zip")
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("in/Patient.ndjson", line)
        with open(packed, "rb") as stream:
            zipped = stream.read()
        pretty = orjson.dumps(PATIENT, option=orjson.OPT_INDENT_2)
        forms = {
            "a.ndjson": line + b"\n",
            "b.ndjson.gz": gzip.compress(line),
            "c.zip": zipped,
            "d.json": bundle,
            "e.json": orjson.dumps(orjson.loads(bundle), option=orjson.OPT_INDENT_2),
            "f.json.gz": gzip.compress(bundle),
            "g.json": pretty,
            "h.json": b"[" + line + b"]",
            "i.ndjson": b"\xef\xbb\xbf" + line,
            "j.json": b"[\n" + pretty + b"\n]",
        }
        hashes = set()
        for name, content in forms.items():
            with self.subTest(name):
                path = self._write(name, content)
                records = self._read(path=path)
                self.assertEqual(
                    [(r.type, r.ext_id) for r in records], [("Patient", "p1")]
                )
                self.assertFalse(records[0].problem)
                hashes.add(records[0].content_hash)
        self.assertEqual(len(hashes), 1)

    def test_files_come_in_writing_order(self):
        for kind in ("Observation", "Patient", "Encounter", "Organization"):
            line = orjson.dumps({"resourceType": kind, "id": "1"})
            self._write(f"{kind}.ndjson", line)
        kinds = [record.type for record in self._read()]
        self.assertEqual(kinds, ["Organization", "Patient", "Encounter", "Observation"])

    def test_pages_resume_where_they_stopped(self):
        lines = [orjson.dumps({**PATIENT, "id": f"p{n}"}) for n in range(10)]
        self._write("a.ndjson", b"\n".join(lines[:6]))
        self._write("b.ndjson", b"\n".join(lines[6:]) + b"\n\n")
        adapter = self._adapter()
        adapter.prepare()
        seen, cursor = [], None
        while True:
            page = next(self._adapter().pages(cursor, 4))
            seen += [record.ext_id for record in page.records]
            cursor = page.cursor
            if cursor is None:
                break
        self.assertEqual(seen, [f"p{n}" for n in range(10)])
        self.assertEqual(page.bytes_done, page.bytes_total)

    def test_bad_input(self):
        """What cannot be read is named, and the rest of the file goes on."""
        good = orjson.dumps(PATIENT)
        cases = {
            b'{"resourceType": "Patient", "id": "p2", "name"': "truncated_json",
            b'{"resourceType" "Patient"}': "broken_json",
            b"<html>502 Bad Gateway</html>": "not_json",
            b"id;name;birthdate": "not_json",
            b"[1, 2]": "not_object",
            b'"a string"': "not_object",
            b'{"id": "x"}': "no_type",
            b'{"resourceType": "Patient"}': "no_id",
            b'{"resourceType": 7, "id": "x"}': "no_type",
            b'{"resourceType": "Patient", "id": {"a": 1}}': "no_id",
            b'{"resourceType": "Patient", "id": "\xff\xfe"}': "bad_encoding",
        }
        self._write("a.ndjson", b"\n".join([good, *cases, good.replace(b"p1", b"p9")]))
        records = self._read()
        self.assertEqual(self._codes(records), [None, *cases.values(), None])
        self.assertEqual(records[-1].ext_id, "p9")
        self.assertEqual(len({record.ext_id for record in records}), len(records))

    def test_a_huge_record_is_refused_unread(self):
        """A resource of 50 MB: refused without reading it into memory."""
        path = os.path.join(self.source, "a.ndjson")
        with open(path, "wb") as out:
            out.write(orjson.dumps(PATIENT) + b"\n")
            out.write(b'{"resourceType": "Patient", "id": "big", "x": "')
            for _piece in range(50):
                out.write(b"x" * MB)
            out.write(b'"}\n' + orjson.dumps({**PATIENT, "id": "p2"}))
        records = self._read(max_record_bytes=MB)
        self.assertEqual(self._codes(records), [None, "too_large", None])
        self.assertGreater(records[1].problem.values["size"], 50 * MB)
        self.assertLess(len(records[1].raw), 3000)

    def test_a_huge_entry_of_a_bundle_is_refused(self):
        big = {**PATIENT, "id": "big", "x": ["y" * 1000] * 2000}
        entries = [{"resource": r} for r in (PATIENT, big, {**PATIENT, "id": "p2"})]
        self._write(
            "a.json", orjson.dumps({"resourceType": "Bundle", "entry": entries})
        )
        records = self._read(max_record_bytes=MB)
        self.assertEqual(self._codes(records), [None, "too_large", None])

    def test_a_truncated_bundle_gives_what_it_has(self):
        entries = [{"resource": {**PATIENT, "id": f"p{n}"}} for n in range(5)]
        whole = orjson.dumps({"resourceType": "Bundle", "entry": entries})
        self._write("a.json", whole[:-60])
        records = self._read()
        self.assertEqual(records[0].ext_id, "p0")
        self.assertEqual(records[-1].problem.code, "truncated_json")

    def test_damaged_archives(self):
        packed = gzip.compress(b"\n".join([orjson.dumps(PATIENT)] * 1000))
        noise = random.Random(1).randbytes(200)
        self._write("a.ndjson.gz", packed[: len(packed) // 2])
        self._write("b.zip", noise)
        self._write("c.ndjson.gz", noise)
        codes = self._codes(self._read(limit=5000))
        self.assertEqual(codes.count("damaged_archive"), 3)

    def test_a_file_that_is_no_json_is_one_problem(self):
        self._write("table.json", b"a;b;c\n" * 1000)
        self.assertEqual(self._codes(self._read()), ["not_json"])

    def test_deleted_entries_and_urns_of_bundles(self):
        """History bundles delete; transactions refer by urn:uuid."""
        entries = [
            {"fullUrl": "urn:uuid:aaa", "resource": PATIENT},
            {
                "fullUrl": "urn:uuid:bbb",
                "resource": {
                    "resourceType": "Encounter",
                    "subject": {"reference": "urn:uuid:aaa"},
                },
            },
            {"request": {"method": "DELETE", "url": "Encounter/e9"}},
        ]
        self._write(
            "a.json", orjson.dumps({"resourceType": "Bundle", "entry": entries})
        )
        _patient, encounter, gone = self._read()
        self.assertEqual(encounter.ext_id, "bbb")
        self.assertEqual(encounter.data["subject"]["reference"], "Patient/p1")
        self.assertEqual(
            (gone.type, gone.ext_id, gone.deleted), ("Encounter", "e9", True)
        )

    def test_paths_outside_the_allowed_folders(self):
        cases = {
            "/etc": "path_forbidden",
            os.path.join(self.source, "..", ".."): "path_forbidden",
            os.path.join(self.source, "missing"): "path_missing",
            self.source: "no_files",
        }
        for path, code in cases.items():
            with self.subTest(path), self.assertRaises(AdapterError) as caught:
                self._adapter(path).prepare()
            self.assertEqual(caught.exception.code, code)

    def test_a_link_out_of_the_folder_is_not_followed(self):
        outside = os.path.join(self.folder, "secret.ndjson")
        with open(outside, "wb") as out:
            out.write(orjson.dumps(PATIENT))
        os.symlink(outside, os.path.join(self.source, "a.ndjson"))
        self._write("b.ndjson", orjson.dumps({**PATIENT, "id": "p2"}))
        self.assertEqual([record.ext_id for record in self._read()], ["p2"])

    def test_check_tells_what_is_there(self):
        self._write("Patient.ndjson", orjson.dumps(PATIENT) + b"\n{broken")
        self._write("MANIFEST.json", b"{}")
        report = self._adapter().check(100)
        self.assertEqual(report.counts["Patient"], 1)
        self.assertEqual(report.unreadable, 1)
        self.assertEqual(report.ignored, ["MANIFEST.json"])

    def test_only_the_types_asked_for(self):
        self._write("Patient.ndjson", orjson.dumps(PATIENT))
        self._write("x.ndjson", b'{"resourceType": "Encounter", "id": "e"}')
        records = self._read(only_types=frozenset({"Patient"}))
        self.assertEqual([record.type for record in records], ["Patient"])

    def test_hash_is_blind_to_order_and_stamps(self):
        self.assertEqual(
            content_hash({"a": 1, "b": [2]}), content_hash({"b": [2], "a": 1})
        )
        self._write(
            "a.ndjson",
            orjson.dumps({**PATIENT, "meta": {"lastUpdated": "2026-01-01T00:00:00Z"}})
            + b"\n"
            + orjson.dumps({"meta": {"versionId": "7"}, **PATIENT}),
        )
        first, second = self._read()
        self.assertEqual(first.content_hash, second.content_hash)
        self.assertEqual(str(first.updated_at), "2026-01-01 00:00:00")


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedMapping(BaseCase):
    def _map(self, res_type, **data):
        data = {"resourceType": res_type, "id": "x", **data}
        return map_record(Record(res_type, "x", data), SHANGHAI)

    def _values(self, res_type, **data):
        mapped = self._map(res_type, **data)
        self.assertNotIsInstance(mapped, Problem, mapped)
        return mapped.values

    def test_times(self):
        """Offsets are kept, local times are the hospital's, fillers are nothing."""
        zone = SHANGHAI.zone
        cases = {
            "2026-03-01T08:00:00+08:00": ("2026-03-01 00:00:00", 480),
            "2026-03-01T08:00:00.123-05:30": ("2026-03-01 13:30:00", -330),
            "2026-03-01T08:00:00Z": ("2026-03-01 08:00:00", 0),
            "2026-03-01T08:00:00": ("2026-03-01 00:00:00", 480),
            "2026-03-01 08:00": ("2026-03-01 00:00:00", 480),
            "2026-03-01": ("2026-02-28 16:00:00", 480),
            "2026-03": ("2026-02-28 16:00:00", 480),
            "1900-01-01": (None, 0),
            "0001-01-01T00:00:00Z": (None, 0),
            "9999-12-31": (None, 0),
            "": (None, 0),
        }
        for value, expected in cases.items():
            with self.subTest(value):
                self.assertEqual(moment(value, "x", zone), expected)
        for value in ("2023-02-30", "2023-13-01T00:00:00Z", "2150-01-01", "yesterday"):
            with self.subTest(value), self.assertRaises(MapError) as caught:
                moment(value, "x", zone)
            self.assertEqual(caught.exception.code, "impossible_date")
        with self.assertRaises(MapError):
            moment(20260301, "x", zone)

    def test_references(self):
        cases = {
            "Patient/1": ("Patient", "1"),
            "Patient/1/_history/3": ("Patient", "1"),
            "https://his.example/fhir/r4/Patient/1": ("Patient", "1"),
            "https://his.example/fhir/Patient/1/_history/2": ("Patient", "1"),
            "urn:uuid:5f-9": ("Patient", "5f-9"),
            "#contained": None,
            "Patient?identifier=x|y": None,
            "Patient/": None,
            "": None,
        }
        for value, expected in cases.items():
            with self.subTest(value):
                self.assertEqual(ref({"reference": value}, "Patient"), expected)

    def test_bad_facts_are_named(self):
        """Wrong types, impossible dates, nobody: a code for a sentence each."""
        who = {"subject": {"reference": "Patient/1"}}
        cases = [
            ("Encounter", {}, "no_person"),
            ("Encounter", {"subject": "Patient/1"}, "wrong_type"),
            ("Encounter", {"subject": {"reference": 7}}, "wrong_type"),
            ("Encounter", {**who, "period": []}, "wrong_type"),
            (
                "Encounter",
                {**who, "period": {"start": "2023-02-30"}},
                "impossible_date",
            ),
            (
                "Encounter",
                {**who, "period": {"start": "2026-03-02", "end": "2026-03-01"}},
                "end_before_start",
            ),
            ("Encounter", {**who, "status": {"a": 1}}, "wrong_type"),
            ("Condition", who, "no_name"),
            ("Condition", {**who, "code": "I10"}, "wrong_type"),
            ("Condition", {**who, "code": {"coding": [7]}}, "wrong_type"),
            (
                "Observation",
                {**who, "code": {"text": "x"}, "valueQuantity": {"value": "n/a"}},
                "wrong_type",
            ),
            (
                "Observation",
                {**who, "code": {"text": "x"}, "valueQuantity": {"value": 1e300}},
                "bad_number",
            ),
            ("Patient", {"name": "Wang"}, "wrong_type"),
            ("Patient", {"telecom": [{"value": {}}]}, "wrong_type"),
            (
                "ChargeItem",
                {**who, "code": {"text": "x"}, "priceOverride": 5},
                "wrong_type",
            ),
        ]
        for res_type, data, code in cases:
            with self.subTest(f"{res_type} {data}"):
                outcome = self._map(res_type, **data)
                self.assertIsInstance(outcome, Problem)
                self.assertEqual(outcome.code, code)

    def test_unknown_states_are_kept(self):
        values = self._values(
            "Encounter", subject={"reference": "Patient/1"}, status="beamed-up"
        )
        self.assertEqual(
            (values["state"], values["source_state"]), ("unknown", "beamed-up")
        )

    def test_birth_dates(self):
        """Partial dates keep their precision; an impossible day keeps its month."""
        cases = {
            "1980-05-06": ("1980-05-06", "day"),
            "1980-05": ("1980-05-01", "month"),
            "1980": ("1980-01-01", "year"),
            "1980-02-30": ("1980-02-01", "month"),
            "1900-01-01": (None, None),
            "rubbish": (None, None),
        }
        for value, expected in cases.items():
            with self.subTest(value):
                values = self._values("Patient", birthDate=value)
                self.assertEqual(
                    (values["birthdate"], values["birthdate_precision"]), expected
                )

    def test_contacts(self):
        """No system: by its looks; old ones and ended ones are passed over."""
        values = self._values(
            "Patient",
            telecom=[
                {"value": "139 0000 0000"},
                {"value": "wang@example.com"},
                {"system": "phone", "value": "021-5555", "use": "home", "rank": 3},
                {"system": "phone", "value": "1", "use": "old"},
                {"system": "phone", "value": "2", "period": {"end": "2020-01-01"}},
                {"system": "fax", "value": "3"},
                {"id": "x"},
            ],
        )
        self.assertEqual(
            [(c["system"], c["value"], c["rank"]) for c in values["contacts"]],
            [
                ("phone", "139 0000 0000", 1),
                ("email", "wang@example.com", 2),
                ("phone", "021-5555", 3),
            ],
        )

    def test_language_preferred(self):
        """The one preferred, else the first; a code, else what stands for it."""

        def language(*items):
            values = self._values(
                "Patient",
                name=[{"text": "王芳"}],
                communication=[
                    {"language": concept, **extra} for concept, extra in items
                ],
            )
            return values["lang"], values["spoken_language"]

        english = {"coding": [{"code": "en"}], "text": "English"}
        chinese = {"coding": [{"code": "zh-CN", "display": "Chinese"}]}
        self.assertEqual(language((english, {}), (chinese, {})), ("en", "English"))
        preferred = (chinese, {"preferred": True})
        self.assertEqual(language((english, {}), preferred), ("zh-CN", "Chinese"))
        self.assertEqual(language(({"text": "zh-TW"}, {})), ("zh-TW", "zh-TW"))
        values = self._values("Patient", name=[{"text": "王芳"}])
        self.assertNotIn("lang", values)

    def test_mrn_by_priority(self):
        """HIS.md: by code, by system, by words, by use, and last the resource's id."""

        def mrn(identifiers, priority=("MR", "PT", "PI")):
            context = MapContext(mrn_priority=priority)
            data = {"resourceType": "Patient", "id": "x", "identifier": identifiers}
            values = map_record(Record("Patient", "x", data), context).values
            return next(i["value"] for i in values["identifiers"] if i["type"] == "MR")

        def coded(code, value):
            return {"type": {"coding": [{"code": code}]}, "value": value}

        self.assertEqual(mrn([coded("RIC", "a"), coded("MR", "b")]), "b")
        self.assertEqual(mrn([coded("PT", "a"), coded("MR", "b")]), "b")
        self.assertEqual(mrn([{"system": "urn:his", "value": "c"}], ("urn:his",)), "c")
        self.assertEqual(mrn([{"type": {"text": "OpenMRS ID"}, "value": "d"}]), "d")
        self.assertEqual(mrn([{"use": "official", "value": "e"}]), "e")
        self.assertEqual(mrn([]), "x")

    def test_names(self):
        values = self._values(
            "Patient",
            name=[
                {"use": "old", "text": "王小芳"},
                {"use": "official", "family": "欧阳", "given": ["娜", "娜"]},
                {"use": "nickname", "text": "Nana"},
            ],
        )
        self.assertEqual(values["name"], "欧阳娜娜")
        self.assertEqual(values["aliases"], ["Nana", "王小芳"])
        values = self._values(
            "Patient", name=[{"family": "Smith", "given": ["Ann", "B"]}]
        )
        self.assertEqual(values["name"], "Ann B Smith")

    def test_blood_pressure_draws_a_trend(self):
        def part(code, value):
            return {
                "code": {"coding": [{"code": code}]},
                "valueQuantity": {"value": value, "unit": "mmHg"},
            }

        values = self._values(
            "Observation",
            subject={"reference": "Patient/1"},
            code={"text": "Blood pressure"},
            component=[part("8462-4", 80), part("8480-6", 120)],
        )
        self.assertEqual(
            (values["value"], values["value_text"], values["unit"]),
            (120, "120 / 80", "mmHg"),
        )

    def test_a_slot_without_a_patient_is_no_error(self):
        self.assertIsNone(self._map("Appointment", status="booked", participant=[]))

    def test_no_shape_breaks_a_mapper(self):
        """Random wreckage of valid records: a value or a problem, never an exception."""
        chance = random.Random(7)
        base = {
            "subject": {"reference": "Patient/1"},
            "patient": {"reference": "Patient/1"},
            "beneficiary": {"reference": "Patient/1"},
            "code": {"coding": [{"code": "a"}], "text": "b"},
            "period": {"start": "2026-01-01T00:00:00Z"},
            "name": [{"text": "x", "given": ["y"]}],
            "telecom": [{"value": "1390000"}],
            "identifier": [{"value": "1", "type": {"coding": [{"code": "MR"}]}}],
            "participant": [{"actor": {"reference": "Patient/1"}}],
            "component": [{"code": {}, "valueQuantity": {"value": 1}}],
            "total": {"value": 1},
            "item": [{"productOrService": {"text": "x"}}],
            "extension": [{"url": "https://x/y", "valueString": "z"}],
            "location": [{"location": {"display": "3W/12"}}],
            "class": {"code": "AMB"},
        }
        junk = [None, 0, 1.5, True, "", "x", [], {}, [None], [[]], {"a": {}}, "\x00"]
        kinds = [
            "Patient", "RelatedPerson", "Organization", "Location", "Practitioner",
            "Encounter", "Appointment", "Condition", "AllergyIntolerance", "Procedure",
            "Immunization", "MedicationRequest", "Observation", "Coverage", "ChargeItem",
            "Claim", "ExplanationOfBenefit",
        ]  # fmt: skip
        for _turn in range(3000):
            data = orjson.loads(orjson.dumps(base))
            for key in chance.sample(sorted(data), 3):
                target = data[key]
                if type(target) is list and target and type(target[0]) is dict:
                    target = target[0]
                if type(target) is dict and target and chance.random() < 0.6:
                    target[chance.choice(sorted(target))] = chance.choice(junk)
                else:
                    data[key] = chance.choice(junk)
            outcome = self._map(chance.choice(kinds), **data)
            self.assertIsInstance(outcome, Mapped | Problem | None)
