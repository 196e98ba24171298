"""GNU Health read from its tables: what changes, what goes, what must not be said."""

from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest.mock import patch

import psycopg2

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.hcrm_core.feed_adapters import gnuhealth
from odoo.addons.hcrm_core.feed_adapters.base import AdapterError, SourceBusy
from odoo.addons.hcrm_core.feed_adapters.gnuhealth_connection import reading
from odoo.addons.hcrm_core.feed_adapters.gnuhealth_facts import birth
from odoo.addons.hcrm_core.feed_adapters.gnuhealth_money import credit, service

from .common import HcrmCommon
from .gnuhealth_fixture import SCHEMA, FakeGnuhealth

NOW = datetime.utcnow().replace(microsecond=0)
DAY = timedelta(days=1)


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedGnuhealth(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.his = FakeGnuhealth(cls.env.cr.dbname)
        cls.addClassCleanup(cls.his.close)
        cls.source = cls.env["hcrm.feed.source"].create(
            {
                "name": "GNU Health",
                "company_id": cls.company_a.id,
                "database_schema": SCHEMA,
                **cls.his.source_values(),
            }
        )

    def setUp(self):
        super().setUp()
        self.his.empty()

    def _run(self, mode="full"):
        run = self.source._start_run(enqueue=False, mode=mode)
        self.assertTrue(run._run_now(), run.message)
        return run

    def _find(self, res_type, table, row_id, suffix=""):
        identity = self.env["hcrm.feed.identity"].search(
            [
                ("source_id", "=", self.source.id),
                ("res_type", "=", res_type),
                ("ext_id", "=", f"{table}:{row_id}{suffix}"),
            ]
        )
        return self.env[identity.res_model].browse(identity.res_id)

    def _patient(self, row_id):
        return self._find("Patient", "gnuhealth_patient", row_id)

    # ------------------------------------------------------------------
    # PEOPLE
    # ------------------------------------------------------------------

    def test_a_person_with_all_that_is_told(self):
        """F17: name, numbers, contacts, address of the person behind a patient."""
        china = self.his.add("country_country", code="CN", name="China")
        party, patient = self.his.person(
            gender="f",
            dob="1980-03-05",
            ref="ABC123DEF",
            marital_status="m",
            citizenship=china,
        )
        add = self.his.add
        add("party_contact_mechanism", party=party, type="mobile", value="13916758001")
        add("party_contact_mechanism", party=party, type="email", value="w@example.com")
        add(
            "party_address",
            party=party,
            street="1 Nanjing Road\nFlat 2",
            city="上海",
            country=china,
        )
        add(
            "gnuhealth_person_alternative_identification",
            party=party,
            alternative_id_type="passport",
            code="E12345678",
        )
        add("gnuhealth_person_name", party=party, use="maiden", family="李", given="芳")
        self._run()
        person = self._patient(patient)
        self.assertRecordValues(
            person,
            [
                {
                    "name": "王芳",
                    "hcrm_gender": "female",
                    "street": "1 Nanjing Road",
                    "street2": "Flat 2",
                    "city": "上海",
                    "phone": "+8613916758001",
                    "email": "w@example.com",
                }
            ],
        )
        self.assertEqual(str(person.hcrm_birthdate), "1980-03-05")
        numbers = {i.type_id.code: i.value for i in person.hcrm_identifier_ids}
        self.assertEqual(numbers["MR"], "ABC123DEF")
        self.assertEqual(numbers["PPN"], "E12345678")

    def test_an_estimated_birth_date_is_true_to_the_year(self):
        _party, patient = self.his.person(dob="1950-06-01", est_dob=True)
        self._run()
        person = self._patient(patient)
        self.assertEqual(str(person.hcrm_birthdate), "1950-01-01")
        self.assertEqual(person.hcrm_birthdate_precision, "year")

    def test_a_number_for_emergencies_is_not_the_persons(self):
        """It is kept as somebody else's and never stands on the partner."""
        party, patient = self.his.person()
        self.his.add(
            "party_contact_mechanism",
            party=party,
            type="phone",
            value="62891001",
            emergency=True,
        )
        self._run()
        person = self._patient(patient)
        self.assertEqual(person.hcrm_contact_point_ids.mapped("whose"), ["other"])
        self.assertFalse(person.phone)

    def test_staff_who_are_patients_are_confidential(self):
        _party, patient = self.his.person(is_healthprof=True)
        self._run()
        self.assertEqual(self._patient(patient).hcrm_confidentiality, "staff")

    def test_a_relative_beside_an_address(self):
        """R4: who stands beside the patient, a person of their own."""
        party, patient = self.his.person()
        mother = self.his.add("party_party", name="秀英", lastname="张", gender="f")
        self.his.add(
            "party_address", party=party, relationship="mother", relative_id=mother
        )
        self._run()
        relation = self._patient(patient).hcrm_relation_ids
        self.assertEqual(relation.kind, "mother")
        self.assertEqual(relation.relative_id.name, "张秀英")

    def test_a_merged_person_points_at_the_other(self):
        winner, kept = self.his.person("静", "杨")
        loser, lost = self.his.person("静", "杨")
        self.his.change("party_party", loser, active=False, replaced_by=winner)
        record = self._record("Patient", f"gnuhealth_patient:{lost}")
        self.assertEqual(
            record.data["link"],
            [
                {
                    "type": "replaced-by",
                    "other": {"reference": f"Patient/gnuhealth_patient:{kept}"},
                }
            ],
        )

    def test_a_dead_person(self):
        paper = self.his.add("gnuhealth_death_certificate", dod="2026-05-01 10:00")
        _party, patient = self.his.person(deceased=True, death_certificate=paper)
        self._run()
        person = self._patient(patient)
        self.assertEqual(person.hcrm_status, "deceased")
        self.assertEqual(str(person.hcrm_deceased_date), "2026-05-01")

    # ------------------------------------------------------------------
    # WHAT CHANGES
    # ------------------------------------------------------------------

    def test_a_phone_alone_changes(self):
        """No stamp of the person or the patient moves with it."""
        party, patient = self.his.person()
        phone = self.his.add(
            "party_contact_mechanism", party=party, type="mobile", value="13916758001"
        )
        self._run()
        self.his.change("party_contact_mechanism", phone, value="13916758002")
        run = self._run("delta")
        self.assertEqual(run.count_changed, 1)
        self.assertEqual(self._patient(patient).phone, "+8613916758002")

    def test_read_again_is_nothing_new(self):
        self._hospital()
        self._run()
        for mode in ("delta", "full"):
            run = self._run(mode)
            self.assertEqual((run.count_new, run.count_changed), (0, 0), mode)

    def test_a_deleted_phone_takes_its_stamp_with_it(self):
        """The person's newest stamp goes back, and is still the newer version."""
        party, patient = self.his.person()
        phone = self.his.add(
            "party_contact_mechanism",
            party=party,
            type="mobile",
            value="13916758001",
            create_date=NOW + DAY,
        )
        self._run()
        self.assertTrue(self._patient(patient).phone)
        self.his.delete("party_contact_mechanism", phone)
        self._run()
        self.assertFalse(self._patient(patient).phone)

    def test_pages_of_any_size_read_the_same(self):
        """Cursors go on at (stamp, id), also where many stamps are equal."""
        self._hospital()
        stamps = dict.fromkeys(gnuhealth.WRITE_ORDER, NOW - DAY)
        for since in ({}, stamps):
            whole = self._read(1000, since)
            self.assertGreater(len(whole), 15)
            for limit in (1, 2, 7):
                self.assertEqual(self._read(limit, since), whole, (limit, since))

    def test_very_many_changes_at_once_are_read_by_id(self):
        """A page of a delta run looks for all changes: with too many, no longer."""
        for number in range(7):
            self.his.person(f"芳{number}")
        since = {"Patient": NOW - DAY}
        whole = self._read(1000, since)
        with patch.object(gnuhealth, "BULK", 5):
            page = next(self._adapter(since).pages(None, 2))
            self.assertIn("whole", page.cursor)
            self.assertEqual(self._read(2, since), whole)

    def test_ids_are_those_of_the_records(self):
        self._hospital()
        found = []
        complete = set()
        for page in self._adapter().ids(None, 3):
            found += page.ids
            complete |= page.complete
        self.assertEqual(sorted(found), sorted(self._read(1000, {})))
        self.assertIn("Patient", complete)

    def test_statements_do_not_grow_with_the_records(self):
        """A page of 50 patients costs the statements of a page of 2."""
        costs = []
        for count in (2, 50):
            self.his.empty()
            for _number in range(count):
                self.his.person()
            costs.append(self._statements())
        self.assertEqual(*costs)

    # ------------------------------------------------------------------
    # VISITS
    # ------------------------------------------------------------------

    def test_appointments_of_every_state(self):
        """F74: slots that nobody booked are none; one set free again is cancelled."""
        _party, patient = self.his.person()
        expected = {
            "confirmed": "booked",
            "checked_in": "checked_in",
            "done": "fulfilled",
            "user_cancelled": "cancelled",
            "center_cancelled": "cancelled",
            "no_show": "noshow",
        }
        made = {
            state: self.his.add(
                "gnuhealth_appointment",
                patient=patient,
                state=state,
                appointment_date=NOW,
            )
            for state in expected
        }
        self.his.add("gnuhealth_appointment", state="free", appointment_date=NOW)
        run = self._run()
        self.assertEqual(run.count_quarantined, 0)
        for state, row_id in made.items():
            found = self._find("Appointment", "gnuhealth_appointment", row_id)
            self.assertEqual(found.state, expected[state])
        self.assertEqual(len(self._patient(patient).hcrm_file_ids), 1)
        self.his.change(
            "gnuhealth_appointment", made["confirmed"], state="free", patient=None
        )
        self._run("delta")
        told = [
            ext_id for page in self._adapter().ids(None, 99) for _t, ext_id in page.ids
        ]
        self.assertNotIn(f"gnuhealth_appointment:{made['confirmed']}", told)
        freed = self._find("Appointment", "gnuhealth_appointment", made["confirmed"])
        self.assertEqual(freed.state, "cancelled")

    def test_the_expected_end_of_a_stay_is_none(self):
        """Discharged is who is discharged; when it was first seen stays."""
        _party, patient = self.his.person()
        stay = self.his.add(
            "gnuhealth_inpatient_registration",
            patient=patient,
            hospitalization_date=NOW - DAY,
            discharge_date=NOW + 5 * DAY,
            state="hospitalized",
        )
        self._run()
        found = self._find("Encounter", "gnuhealth_inpatient_registration", stay)
        self.assertEqual((found.state, found.date_end), ("in_progress", False))
        self.his.change("gnuhealth_inpatient_registration", stay, state="done")
        self._run("delta")
        self.assertEqual(found.state, "finished")
        seen = found.date_end
        self.assertLess(seen, NOW + DAY)
        self._stamp("gnuhealth_inpatient_registration", stay, NOW + 2 * DAY)
        self.his.execute("UPDATE gnuhealth_inpatient_registration SET state='finished'")
        self._run("delta")
        self.assertEqual(found.date_end, seen)
        # undone there: the patient never left
        self.his.change("gnuhealth_inpatient_registration", stay, state="hospitalized")
        self._run()
        self.assertEqual((found.state, found.date_end), ("in_progress", False))

    def test_a_visit_with_its_findings(self):
        _party, patient = self.his.person()
        flu = self.his.add("gnuhealth_pathology", code="J10", name="Influenza")
        heart = self.his.add("gnuhealth_specialty", code="CARD", name="Cardiology")
        visit = self.his.add(
            "gnuhealth_patient_evaluation",
            patient=patient,
            evaluation_start=NOW - DAY,
            evaluation_endtime=NOW,
            state="signed",
            evaluation_type="outpatient",
            urgency="c",
            specialty=heart,
            diagnosis=flu,
            systolic=128,
            diastolic=82,
        )
        self._run()
        table = "gnuhealth_patient_evaluation"
        found = self._find("Encounter", table, visit)
        self.assertRecordValues(found, [{"kind": "emergency", "state": "finished"}])
        self.assertEqual(found.department_id.name, "Cardiology")
        condition = self._find("Condition", table, visit)
        self.assertRecordValues(
            condition,
            [{"code": "J10", "encounter_id": found.id, "is_primary": True}],
        )
        pressure = self._find("Observation", table, visit, ":pressure")
        self.assertEqual((pressure.value, pressure.value_text), (128, "128 / 82"))

    # ------------------------------------------------------------------
    # FACTS
    # ------------------------------------------------------------------

    def test_an_allergy_is_no_condition(self):
        _party, patient = self.his.person()
        drug = self.his.add("gnuhealth_pathology", code="Z88.0", name="Penicillin")
        row = self.his.add(
            "gnuhealth_patient_disease",
            patient=patient,
            pathology=drug,
            is_allergy=True,
            allergy_type="da",
            disease_severity="3_sv",
        )
        self._run()
        table = "gnuhealth_patient_disease"
        allergy = self._find("AllergyIntolerance", table, row)
        self.assertRecordValues(
            allergy, [{"category": "medication", "criticality": "high"}]
        )
        self.assertFalse(
            self.env["hcrm.condition"].search_count(
                [("partner_id", "=", self._patient(patient).id)]
            )
        )

    def test_medication_of_nobody_goes_to_the_quarantine(self):
        template = self.his.add("product_template", name="Aspirin")
        product = self.his.add("product_product", template=template)
        drug = self.his.add("gnuhealth_medicament", product=product)
        self.his.add("gnuhealth_patient_medication", medicament=drug)
        run = self._run()
        self.assertEqual(run.count_quarantined, 1)
        row = self.env["hcrm.feed.inbox"].search([("source_id", "=", self.source.id)])
        self.assertEqual(row.state, "quarantine")
        self.assertIn("whose", row.reason)

    def test_a_date_beyond_the_calendar_spoils_its_own_record_only(self):
        self.his.person("芳", dob="12026-01-01")
        _party, patient = self.his.person("静", dob="1980-01-01")
        self._run()
        self.assertEqual(self._patient(patient).name, "王静")

    def test_a_loss_is_no_delivery(self):
        """Whatever congratulates on deliveries has nothing to go by."""
        row = {
            "id": 1,
            "patient": 2,
            "pregnancy_end_date": "2026-01-01T10:00:00",
            "healthprof": None,
            "labour": None,
        }
        cases = [
            ("live_birth", False, "delivery"),
            ("live_birth", True, "treatment"),
            ("stillbirth", False, "treatment"),
            ("abortion", False, "treatment"),
            ("status_unknown", False, "treatment"),
        ]
        for result, has_died, category in cases:
            data = birth({**row, "pregnancy_end_result": result, "has_died": has_died})
            code = data["category"]["coding"][0]["code"]
            self.assertEqual(code, category, (result, has_died))

    def test_charges_with_and_without_an_invoice(self):
        """A draft has no total; what is given back is negative and a refund."""
        row = {
            "id": 1,
            "patient": 2,
            "name": "Consultation",
            "product": None,
            "product_code": None,
            "date": "2026-01-01",
            "qty": 1,
            "to_invoice": True,
            "invoice": None,
        }
        self.assertEqual(service(row)["status"], "planned")
        paid = {
            "state": "paid",
            "quantity": 2.0,
            "unit_price": 40.0,
            "currency": "USD",
            "is_insurer": True,
        }
        billed = service({**row, "invoice": paid})
        self.assertEqual(billed["status"], "billed")
        self.assertEqual(billed["priceOverride"], {"value": 80.0, "currency": "USD"})
        self.assertEqual(billed["extension"][0]["extension"][0]["url"], "commercial")
        back = credit({**row, **paid, "quantity": -1.0, "is_insurer": False})
        self.assertEqual(back["extension"][0]["valueCode"], "refund")

    # ------------------------------------------------------------------
    # THE CONNECTION
    # ------------------------------------------------------------------

    def test_nothing_can_be_written(self):
        """Law 1: the session is read-only, whatever its role may do."""
        self.his.person()
        with self.assertRaises(psycopg2.errors.ReadOnlySqlTransaction):
            with reading(self.source._config("test")) as cr:
                cr.execute("UPDATE party_party SET name = 'x'")

    def test_a_module_that_is_missing_is_told(self):
        """F76: an installation without surgery is read for the rest."""
        report = self._adapter().check(10)
        self.assertIn("Procedure gnuhealth_surgery", report.ignored)
        self.assertNotIn("Procedure", report.counts)

    def test_a_role_that_could_write_is_told(self):
        """The check of a source says that its role has too many rights."""
        self.his.person()
        self.source.action_check()
        self.assertIn("could also write to the HIS", self.source.check_report)
        self.assertIn("Patient", self.source.check_report)

    def test_a_table_that_may_not_be_read_stops_the_run(self):
        """It would silently be missing; the sentence names it."""
        rights = [("party_address", False, False), ("party_party", True, False)]
        adapter = self._adapter()
        with (
            patch.object(type(adapter), "_rights", lambda self, cr: rights),
            self.assertRaises(AdapterError) as raised,
        ):
            adapter.prepare()
        self.assertEqual(raised.exception.code, "db_no_right")
        self.assertEqual(raised.exception.values["error"], "party_address")

    def test_no_gnu_health_is_said_so(self):
        self.source.database_schema = "public"
        with self.assertRaises(AdapterError) as raised:
            self._adapter().prepare()
        self.assertEqual(raised.exception.code, "db_not_gnuhealth")

    @mute_logger("odoo.sql_db")
    def test_who_answers_later_and_who_never(self):
        """A server that is down is asked again; a wrong database is not."""
        self.source.database = "hcrm_no_such_database"
        with self.assertRaises(AdapterError) as raised:
            self._adapter().prepare()
        self.assertEqual(raised.exception.code, "db_refused")
        self.source.write({"host": "127.0.0.1", "port": 1})
        with self.assertRaises(SourceBusy) as raised:
            self._adapter().prepare()
        self.assertEqual(raised.exception.code, "db_unreachable")

    def test_a_schema_brings_no_settings_of_its_own(self):
        with self.assertRaises(ValidationError):
            self.source.database_schema = "x -c default_transaction_read_only=off"

    # ------------------------------------------------------------------
    # HELPERS
    # ------------------------------------------------------------------

    def _adapter(self, since=None):
        return self.source._adapter("test", since)

    def _read(self, limit, since):
        return [
            (record.type, record.ext_id)
            for page in self._adapter(since).pages(None, limit)
            for record in page.records
        ]

    def _record(self, res_type, ext_id):
        for page in self._adapter().pages(None, 1000):
            for record in page.records:
                if (record.type, record.ext_id) == (res_type, ext_id):
                    return record
        return None

    def _statements(self):
        """How many statements reading everything takes."""
        counted = []

        @contextmanager
        def counting(config):
            with reading(config) as cr:
                yield _Counting(cr, counted)

        with patch.object(gnuhealth, "reading", counting):
            list(self._adapter().pages(None, 1000))
        return len(counted)

    def _stamp(self, table, row_id, stamp):
        self.his.execute(
            f"UPDATE {table} SET write_date = %s WHERE id = %s", [stamp, row_id]
        )

    def _hospital(self):
        """Four patients with a bit of everything."""
        flu = self.his.add("gnuhealth_pathology", code="J10", name="Influenza")
        staff = self.his.add("party_party", name="Cordara", lastname="Cameron")
        doctor = self.his.add("gnuhealth_healthprofessional", party=staff, code="L1")
        for number in range(4):
            party, patient = self.his.person(f"芳{number}")
            self.his.add(
                "party_contact_mechanism",
                party=party,
                type="mobile",
                value=f"1391675800{number}",
            )
            self.his.add(
                "gnuhealth_appointment",
                patient=patient,
                healthprof=doctor,
                state="confirmed",
                appointment_date=NOW + DAY,
            )
            self.his.add(
                "gnuhealth_patient_evaluation",
                patient=patient,
                evaluation_start=NOW - DAY,
                state="done",
                diagnosis=flu,
                weight=70,
            )


class _Counting:
    """A cursor that counts what it is asked."""

    def __init__(self, cr, counted):
        self.cr, self.counted = cr, counted

    def execute(self, statement, params=None):
        self.counted.append(statement)
        return self.cr.execute(statement, params)

    def __getattr__(self, name):
        return getattr(self.cr, name)
