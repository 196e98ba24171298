"""What the feed learns of doctors, of names in two languages, of silences."""

import json
import os

from odoo.tests import tagged

from .common import HcrmCommon

BASE = "https://hcrm.example/fhir"
EXTENSION = f"{BASE}/StructureDefinition"


@tagged("post_install", "-at_install")
class TestFeedStaffAndSilence(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.env["hcrm.feed.source"]._data_folder("upload")
        os.makedirs(folder, exist_ok=True)
        cls.path = os.path.join(folder, "staff_and_silence.ndjson")
        cls.addClassCleanup(os.unlink, cls.path)
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.company_a.partner_id.lang = "zh_CN"
        with open(cls.path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in cls._lines())
        source = cls.env["hcrm.feed.source"].create(
            {
                "name": "Staff",
                "kind": "fhir_file",
                "path": cls.path,
                "company_id": cls.company_a.id,
            }
        )
        run = source._start_run(enqueue=False)
        run._run_now()
        cls.state = (run.state, run.message)

    @classmethod
    def _lines(cls):
        yield {
            "resourceType": "Organization",
            "id": "TB",
            "identifier": [{"system": f"{BASE}/org", "value": "TB"}],
            "type": [{"coding": [{"code": "prov"}]}],
            "name": "B",
        }
        yield {
            "resourceType": "Organization",
            "id": "dept",
            "identifier": [{"value": "gynae"}],
            "type": [{"coding": [{"code": "dept"}]}],
            "name": "妇科",
            "partOf": {"reference": "Organization/TB"},
        }
        yield {
            "resourceType": "Practitioner",
            "id": "d1",
            "identifier": [{"value": "D1"}],
            "name": [{"text": "何国英"}],
            "extension": [
                {
                    "url": f"{EXTENSION}/department",
                    "valueReference": {"reference": "Organization/dept"},
                }
            ],
        }
        yield {
            "resourceType": "Patient",
            "id": "p1",
            "identifier": [
                {
                    "type": {"coding": [{"code": "MR"}]},
                    "system": f"{BASE}/mrn/TB",
                    "value": "1",
                }
            ],
            "name": [{"text": "吴桂兰"}],
            "extension": [{"url": f"{EXTENSION}/disclosure", "valueCode": "shielded"}],
            "managingOrganization": {"reference": "Organization/TB"},
        }
        yield {
            "resourceType": "RelatedPerson",
            "id": "r1",
            "patient": {"reference": "Patient/p1"},
            "relationship": [{"coding": [{"code": "DAU"}]}],
            "name": [{"text": "郑丽萍"}],
            "extension": [{"url": f"{EXTENSION}/speak-with", "valueBoolean": True}],
        }

    def test_everything_was_read(self):
        self.assertEqual(self.state, ("done", False))

    def test_doctor_belongs_to_the_entity_of_the_department(self):
        """R3: not to the entity that the source happens to be set up for."""
        doctor = self.env["hcrm.practitioner"].search([("code", "=", "D1")])
        self.assertEqual(doctor.department_id, self.gynae)
        self.assertEqual(doctor.company_id, self.company_b)

    def test_name_of_the_his_leaves_translations_alone(self):
        """The HIS speaks the language of its hospital; others are the staff's."""
        self.assertEqual(self.gynae.with_context(lang="zh_CN").name, "妇科")
        self.assertEqual(self.gynae.with_context(lang="en_US").name, "Gynaecology")

    def test_shielded_person_names_whom_to_speak_with(self):
        """R4"""
        file = self.env["hcrm.person.company"].search(
            [("partner_id.name", "=", "吴桂兰")]
        )
        self.assertEqual(file.disclosure, "shielded")
        self.assertEqual(file.disclosure_contact_id.name, "郑丽萍")
