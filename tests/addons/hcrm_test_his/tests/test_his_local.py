from datetime import timedelta

from psycopg2.errors import ReadOnlySqlTransaction

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.hcrm_core.feed_adapters.base import AdapterError

from .common import HisCase


@tagged("post_install", "-at_install")
class TestHisLocal(HisCase):
    """HIS addons in the same database: the HIS's contact is the person (F17)."""

    # ------------------------------------------------------------------
    # PEOPLE
    # ------------------------------------------------------------------
    def test_the_contact_of_the_his_becomes_the_person(self):
        partners = self.patients.partner_id
        count = self.env["res.partner"].with_context(active_test=False).search_count([])
        run = self._run()
        self.assertEqual((run.count_new, run.count_quarantined), (3, 0))
        self.assertEqual(
            self.env["res.partner"].with_context(active_test=False).search_count([]),
            count,
            "nobody is made a second time",
        )
        self.assertEqual(self._identity(self.patients[0]).res_id, partners[0].id)
        self.assertTrue(all(partner.hcrm_metrics_id for partner in partners))
        self.assertEqual(partners.mapped("hcrm_gender"), ["female"] * 3)
        self.assertEqual(str(partners[0].hcrm_birthdate), "1980-05-06")
        self.assertEqual(partners[0].hcrm_file_ids.company_id, self.company_a)
        mrn = partners[0].hcrm_identifier_ids.filtered(lambda i: i.type_id.code == "MR")
        self.assertEqual(mrn.value, "PAC000000")
        found = self.env["res.partner"].hcrm_find_by_phone("13911110001")
        self.assertEqual([row["id"] for row in found], partners[1].ids)

    def test_what_the_his_keeps_on_the_contact_is_never_written(self):
        partner = self.patients[0].partner_id
        names = ["name", "phone", "email", "street", "street2", "city", "zip", "active"]
        self.patients[0].name = "  王 芳 (VIP) "
        before = partner.read(names)
        self._run()
        self.assertEqual(partner.read(names), before)
        # nor by our own forms: a number that staff enter stays beside the contact
        self.env["hcrm.person.details"]._set_contact_points(
            {partner.id: [{"system": "phone", "value": "13700000000", "rank": 1}]},
            self.company_a.id,
        )
        self.assertEqual(partner.phone, before[0]["phone"])
        self.assertIn("13700000000", partner.hcrm_contact_point_ids.mapped("value"))

    def test_a_second_run_changes_nothing(self):
        self._run()
        state = self.source._state_hash()
        again = self._run()
        self.assertEqual((again.count_new, again.count_changed), (0, 0))
        self.assertEqual(again.count_unchanged, 3)
        self.assertEqual(self.source._state_hash(), state)

    def test_a_change_of_the_contact_is_a_change_of_the_patient(self):
        """HIS.md fact 2: the parent's stamp does not move."""
        self._run()
        self._later(self.patients, self.patients.partner_id)
        self._run("delta")
        partner = self.patients[1].partner_id
        stamp = self.patients[1].write_date
        partner.email = "new@example.com"
        self._later(partner)
        self.assertEqual(self.patients[1].write_date, stamp)
        run = self._run("delta")
        self.assertEqual(run.count_changed, 1)
        self.assertIn("new@example.com", partner.hcrm_contact_point_ids.mapped("value"))

    def test_a_change_of_a_child_record_is_a_change_of_the_patient(self):
        mapping = self.source.model_ids.filtered(lambda m: m.res_type == "Patient")
        mapping.write(
            {
                "field_ids": [
                    fields.Command.create(
                        {"target": "work_phone", "path": "phone_ids.number"}
                    )
                ]
            }
        )
        phone = self.env["medical.phone"].create(
            {"patient_id": self.patients[0].id, "number": "13788880000"}
        )
        self._run()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE hcrm_feed_cursor SET stamp = stamp + interval '20 minutes'"
            " WHERE source_id = %s",
            (self.source.id,),
        )
        phone.number = "13788881111"
        self._later(phone)
        run = self._run("delta")
        self.assertEqual((run.count_read, run.count_changed), (1, 1))
        points = self.patients[0].partner_id.hcrm_contact_point_ids
        self.assertIn("13788881111", points.mapped("value"))

    def test_own_active_of_the_patient(self):
        """An archived patient is gone at the source; the contact stays as it is."""
        self._run()
        partner = self.patients[0].partner_id
        self.patients[0].active = False
        self._later(self.patients[0])
        self._run("delta")
        self.assertEqual(partner.hcrm_status, "gone")
        self.assertTrue(partner.active)
        ids = next(self.source._adapter("t").ids(None, 100)).ids
        self.assertIn(("Patient", f"medical.patient-{self.patients[0].id}"), ids)

    def test_a_contact_replaced_in_the_his_is_followed(self):
        self._run()
        other = self.env["res.partner"].create({"name": "Patient 0 (kept)"})
        self.patients[0].partner_id = other
        self._later(self.patients[0])
        self._run("delta")
        self.assertEqual(self._identity(self.patients[0]).res_id, other.id)
        self.assertTrue(other.hcrm_metrics_id)

    def test_a_patient_deleted_in_the_his(self):
        self._run()
        partner = self.patients[0].partner_id
        name = partner.name
        self.patients[0].unlink()
        self._run("reconcile")
        self._run("reconcile")
        self.assertTrue(partner.exists())
        self.assertEqual((partner.name, partner.active), (name, True))

    def test_a_contact_with_a_parent_is_told_and_not_rewritten(self):
        company = self.env["res.partner"].create({"name": "Works", "is_company": True})
        self.patients[0].partner_id.parent_id = company
        run = self._run()
        self.assertEqual(run.count_quarantined, 1)
        self.assertIn("stands alone", self._inbox().reason_text)
        self.assertEqual(self.patients[0].partner_id.parent_id, company)

    def test_another_source_cannot_claim_a_contact(self):
        """What a file says of contacts of this database is not believed."""
        victim = self.env["res.partner"].create({"name": "Supplier"})
        from odoo.addons.hcrm_core.feed_adapters.fhir_record import record_from_data

        source = self.env["hcrm.feed.source"].create({"name": "Files"})
        run = source._start_run(enqueue=False)
        url = "https://hcrm.example/fhir/StructureDefinition/odoo-partner"
        data = {
            "resourceType": "Patient",
            "id": "p1",
            "name": [{"text": "Thief"}],
            "extension": [{"url": url, "valueInteger": victim.id}],
        }
        self.env["hcrm.feed.pipeline"]._process(run, [record_from_data(data, "")])
        self.assertFalse(victim.hcrm_metrics_id)
        self.assertEqual(victim.name, "Supplier")

    # ------------------------------------------------------------------
    # FACTS
    # ------------------------------------------------------------------
    def test_encounters_without_dates_and_appointments_with_dates(self):
        visit, cancelled = self.env["medical.encounter"].create(
            [
                {"patient_id": self.patients[0].id, "internal_identifier": "E1",
                 "state": "in-progress"},
                {"patient_id": self.patients[1].id, "state": "cancelled"},
            ]
        )  # fmt: skip
        booked, slot = self.env["medical.appointment"].create(
            [
                {"patient_id": self.patients[0].id, "name": "Check",
                 "date_start": "2026-12-01 01:00:00",
                 "date_end": "2026-12-01 01:20:00", "state": "confirm"},
                {"date_start": "2026-12-01 02:00:00"},
            ]
        )  # fmt: skip
        run = self._run()
        self.assertEqual((run.count_new, run.count_skipped), (6, 1), "a free slot")
        self.assertFalse(self._inbox())
        fact = self.env["hcrm.encounter"].browse(
            self._identity(visit, "Encounter").res_id
        )
        self.assertEqual(fact.partner_id, self.patients[0].partner_id)
        self.assertEqual((fact.number, fact.state), ("E1", "in_progress"))
        self.assertEqual(fact.date_start, visit.create_date.replace(microsecond=0))
        gone = self.env["hcrm.encounter"].browse(
            self._identity(cancelled, "Encounter").res_id
        )
        self.assertEqual(gone.state, "cancelled")
        appointment = self.env["hcrm.appointment"].browse(
            self._identity(booked, "Appointment").res_id
        )
        self.assertEqual(appointment.state, "booked")
        self.assertEqual(str(appointment.date_start), "2026-12-01 01:00:00")
        booked.state = "no_show"
        self._later(booked)
        self._run("delta")
        self.assertEqual(appointment.state, "noshow")

    # ------------------------------------------------------------------
    # READING
    # ------------------------------------------------------------------
    def test_reading_cannot_write(self):
        Patient = type(self.env["medical.patient"])

        def search_read(records, *args, **kwargs):
            records.env.cr.execute("UPDATE medical_patient SET gender = 'other'")

        self.patch(Patient, "search_read", search_read)
        read = self.source._read_local
        with mute_logger("odoo.sql_db"), self.assertRaises(ReadOnlySqlTransaction):
            read("medical.patient", [], ["gender"], "id", 1)
        self.patients[0].gender = "male"
        self.env.flush_all()  # and afterwards the transaction writes again

    def test_queries_do_not_grow(self):
        self._run()
        config = self.source._config("t")
        counts = []
        for count in (2, 50):
            made = self._make_patients(count, 100 * count)
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            adapter = self.source._adapter("t")
            adapter.config = config
            one = next(m for m in adapter.maps if m["type"] == "Patient")
            rows = adapter._rows(one, [("id", "in", made.ids)], 100)
            self.assertEqual(len(rows), count)
            counts.append(self.env.cr.sql_log_count - start)
        self.assertEqual(counts[0], counts[1])

    def test_pages_go_by_id_and_the_cursor_is_the_newest_stamp(self):
        self.source.page_size = 2
        run = self._run()
        self.assertEqual(run.count_read, 3)
        cursor = self.source.cursor_ids.filtered(lambda c: c.res_type == "Patient")
        newest = max(self.patients.mapped("write_date"))
        self.assertLessEqual(abs(cursor.stamp - newest), timedelta(seconds=2))

    # ------------------------------------------------------------------
    # MAPPING
    # ------------------------------------------------------------------
    def test_preset_takes_what_the_his_has(self):
        by_model = {one.model: one for one in self.source.model_ids}
        self.assertEqual(
            set(by_model),
            {"medical.patient", "medical.encounter", "medical.appointment"},
        )
        paths = {
            line.target: line.path for line in by_model["medical.patient"].field_ids
        }
        self.assertEqual(paths["birthdate"], "birth_date")
        self.assertNotIn("mobile", paths, "the HIS has no such field")
        encounter = {
            line.target: line.path for line in by_model["medical.encounter"].field_ids
        }
        self.assertEqual(encounter["start"], "create_date")

    def test_preview_shows_what_becomes_of_a_record(self):
        action = self.source.action_preview()
        html = self.env[action["res_model"]].browse(action["res_id"]).tables_html
        for word in ("Patient 2", "PAC000002"):
            self.assertIn(word, html)
        self.assertFalse(self._identity(self.patients[2]), "nothing is written")

    def test_a_wrong_path_is_named(self):
        mapping = self.source.model_ids.filtered(lambda m: m.res_type == "Patient")
        mapping.field_ids.filtered(lambda f: f.target == "gender").path = "sexe"
        with self.assertRaises(AdapterError):
            self.source._adapter("t").prepare()
        run = self.source._start_run(enqueue=False)
        run._run_now()
        self.assertEqual(run.state, "failed")
        self.assertIn("medical.patient has no field sexe", run.message)

    def test_a_model_that_is_gone_is_named(self):
        self.env["hcrm.feed.model"].create(
            {
                "source_id": self.source.id,
                "model": "hms.patient",
                "field_ids": [
                    fields.Command.create({"target": "name", "path": "name"})
                ],
            }
        )
        run = self.source._start_run(enqueue=False)
        run._run_now()
        self.assertIn("no model hms.patient", run.message)

    def test_a_target_must_fit(self):
        mapping = self.source.model_ids.filtered(lambda m: m.res_type == "Patient")
        with self.assertRaises(ValidationError):
            mapping.write(
                {
                    "field_ids": [
                        fields.Command.create({"target": "ward", "path": "city"})
                    ]
                }
            )
        with self.assertRaises(ValidationError):
            mapping.domain = "__import__('os')"

    def test_only_the_administrator_says_what_is_read(self):
        """A mapping reads past the access rules of the HIS."""
        mapping = self.source.model_ids[0]
        with self.assertRaises(AccessError):
            mapping.with_env(self._as("manager")).model = "res.users.apikeys"
        with self.assertRaises(AccessError):
            self.source.with_env(self._as("manager")).action_use_preset()

    def test_a_changed_mapping_is_read_whole(self):
        self._run()
        self.assertIn("Patient", self.source.cursor_ids.mapped("res_type"))
        mapping = self.source.model_ids.filtered(lambda m: m.res_type == "Patient")
        mapping.field_ids.filtered(lambda f: f.target == "street2").unlink()
        mapping.field_ids[0].sequence = 3
        self.assertNotIn("Patient", self.source.cursor_ids.mapped("res_type"))
