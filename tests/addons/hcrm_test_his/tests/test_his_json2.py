import os
import shutil
import tempfile
from datetime import timedelta

import orjson

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.hcrm_core.feed_adapters import odoo_json2

from .common import HisCase


@tagged("post_install", "-at_install")
class TestHisJson2(HisCase, HttpCase):
    """The same HIS read over JSON-2 gives what its FHIR files give (F17)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        user = cls._make_user("his_reader", "base.group_user", cls.company_a)
        key = (
            cls.env["res.users.apikeys"]
            .with_user(user)
            ._generate("rpc", "feed", fields.Datetime.now() + timedelta(hours=1))
        )
        cls.remote = cls.env["hcrm.feed.source"].create(
            {
                "name": "HIS elsewhere",
                "kind": "odoo_json2",
                "preset": "medical",
                "company_id": cls.company_a.id,
                "url": cls.base_url(),
                "database": cls.env.cr.dbname,
                "auth_kind": "bearer",
                "auth_secret": key,
            }
        )
        cls.visit = cls.env["medical.encounter"].create(
            {
                "patient_id": cls.patients[0].id,
                "internal_identifier": "E1",
                "state": "arrived",
            }
        )
        cls.booked = cls.env["medical.appointment"].create(
            {
                "patient_id": cls.patients[1].id,
                "name": "Check",
                "date_start": "2026-12-01 01:00:00",
                "state": "confirm",
            }
        )

    @classmethod
    def _request_handler(cls, session, request, /, **options):
        # Odoo's tests know a single number only
        return super()._request_handler(session, request, **{**options, "timeout": 60})

    def setUp(self):
        super().setUp()
        self.env.flush_all()
        self.env.invalidate_all()
        with self.allow_requests(all_requests=True):
            self.remote.action_use_preset()

    def _read(self, source, mode="full"):
        self.env.flush_all()
        self.env.invalidate_all()
        run = source._start_run(enqueue=False, mode=mode)
        with self.allow_requests(all_requests=True):
            run._run_now()
        self.assertEqual(run.state, "done", run.message)
        return run

    def _files(self):
        """What the HIS would write into FHIR files of its own."""
        records = [
            {
                "resourceType": "Patient",
                "id": f"medical.patient-{patient.id}",
                "identifier": [
                    {
                        "type": {"coding": [{"code": "MR"}]},
                        "value": patient.internal_identifier,
                    }
                ],
                "name": [{"text": patient.name}],
                "gender": "female",
                "birthDate": "1980-05-06",
                "telecom": [{"system": "phone", "value": patient.phone}],
                "address": [{"line": ["1 Long Road"], "city": "Shanghai"}],
            }
            for patient in self.patients
        ]
        created = self.visit.create_date.replace(microsecond=0)
        records += [
            {
                "resourceType": "Encounter",
                "id": f"medical.encounter-{self.visit.id}",
                "identifier": [{"value": "E1"}],
                "status": "arrived",
                "subject": {
                    "reference": f"Patient/medical.patient-{self.patients[0].id}"
                },
                "period": {"start": f"{created.isoformat()}Z"},
            },
            {
                "resourceType": "Appointment",
                "id": f"medical.appointment-{self.booked.id}",
                "status": "booked",
                "start": "2026-12-01T01:00:00Z",
                "serviceType": [{"text": "Check"}],
                "participant": [
                    {
                        "actor": {
                            "reference": f"Patient/medical.patient-{self.patients[1].id}"
                        }
                    }
                ],
            },
        ]
        folder = tempfile.mkdtemp(prefix="hcrm_his_test_")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.env["ir.config_parameter"].set_param("hcrm_core.feed_roots", folder)
        with open(os.path.join(folder, "all.ndjson"), "wb") as out:
            out.writelines(orjson.dumps(record) + b"\n" for record in records)
        source = self.env["hcrm.feed.source"].create(
            {"name": "Files", "path": folder, "company_id": self.company_a.id}
        )
        self.addCleanup(shutil.rmtree, source._data_folder("spool"), ignore_errors=True)
        return source

    def _state(self, source):
        """State hash and cards of a source in a database of its own, so to speak."""
        with self.env.cr.savepoint() as savepoint:
            run = self._read(source)
            self.assertEqual(
                (run.count_read, run.count_quarantined, run.count_waiting), (5, 0, 0)
            )
            state = source._state_parts()
            cards = [self._card(source, patient) for patient in self.patients]
            savepoint.rollback()
        self.env.invalidate_all()
        return state, cards

    def _card(self, source, patient):
        identity = self.env["hcrm.feed.identity"].search(
            [
                ("source_id", "=", source.id),
                ("ext_id", "=", f"medical.patient-{patient.id}"),
            ]
        )
        card = self._as("manager")["res.partner"].hcrm_get_card(identity.res_id)
        head = {k: v for k, v in card["head"].items() if "id" not in k}
        points = [(c["system"], c["number"], c["whose"]) for c in card["contacts"]]
        numbers = [(i["type"], i["value"]) for i in card["identifiers"]]
        return head, points, numbers, len(card["next_visits"]), len(card["last_visits"])

    def test_json_2_files_and_this_database_agree(self):
        remote, remote_cards = self._state(self.remote)
        files, file_cards = self._state(self._files())
        self.assertEqual(remote, files)
        self.assertEqual(remote_cards, file_cards)
        _local, local_cards = self._state(self.source)
        for (head, *rest), (local_head, *local_rest) in zip(
            file_cards, local_cards, strict=True
        ):
            self.assertEqual(rest, local_rest)
            for name in ("name", "sex", "birthdate", "status", "class_code"):
                self.assertEqual(head[name], local_head[name])

    def test_changes_and_deletions(self):
        self._read(self.remote)
        self.patients[0].partner_id.city = "Beijing"
        self._later(self.patients[0].partner_id)
        run = self._read(self.remote, "delta")
        self.assertEqual(run.count_changed, 1)
        self.patch(odoo_json2.OdooJson2, "page_limit", 2)
        self.booked.unlink()
        adapter = self.remote._adapter("t")
        found, cursor = [], None
        with self.allow_requests(all_requests=True):
            for page in adapter.ids(None, 2):
                found += page.ids
                cursor = page.cursor
        self.assertIsNone(cursor)
        self.assertEqual(len(found), 4)

    def test_only_reading_calls_leave(self):
        """Law 1: nothing is ever written to the HIS."""
        sent = []

        def post(http, url, body, headers=None):
            sent.append(url.rpartition("/")[2])
            return original(http, url, body, headers)

        original = odoo_json2.HttpSource.post_json
        self.patch(odoo_json2.HttpSource, "post_json", post)
        self._read(self.remote)
        self.assertEqual(set(sent), {"search_read", "fields_get"})
        with self.assertRaises(ValueError):
            self.remote._adapter("t").reader._call("medical.patient", "unlink")

    @mute_logger("odoo.http")
    def test_a_wrong_key_is_named(self):
        self.remote.auth_secret = "0" * 40
        run = self.remote._start_run(enqueue=False)
        with self.allow_requests(all_requests=True):
            run._run_now()
        self.assertEqual(run.state, "failed")
        self.assertIn("refuses the login", run.message)

    @mute_logger("odoo.http")
    def test_a_model_the_user_may_not_read_is_named(self):
        self.remote.model_ids[0].model = "hms.patient"
        run = self.remote._start_run(enqueue=False)
        with self.allow_requests(all_requests=True):
            run._run_now()
        self.assertIn("no model hms.patient", run.message)
