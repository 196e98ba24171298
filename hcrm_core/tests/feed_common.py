"""A small hospital that speaks FHIR, for the tests of the feed."""

import os
import shutil
import tempfile
import zlib

import orjson

from .common import HcrmCommon, HcrmWorld

EXT = "https://hcrm.example/fhir/StructureDefinition/"
ORG = "https://hcrm.example/fhir/org"


def phone_of(ext_id):
    """A mobile number of one's own, the same at every call."""
    return f"139{zlib.crc32(ext_id.encode()) % 10**8:08d}"


class FeedWorld(HcrmWorld):
    """``cls.source`` reads ``cls.folder``; :meth:`_put` writes files into it."""

    @classmethod
    def _setup_feed(cls):
        cls.folder = tempfile.mkdtemp(prefix="hcrm_feed_test_")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.env["ir.config_parameter"].set_param("hcrm_core.feed_roots", cls.folder)
        cls.source = cls._make_source("Test HIS")

    @classmethod
    def _make_source(cls, name, path=None, **vals):
        return cls.env["hcrm.feed.source"].create(
            {
                "name": name,
                "path": path or cls.folder,
                "company_id": cls.company_a.id,
                **vals,
            }
        )

    def setUp(self):
        super().setUp()
        self.addCleanup(self._empty_folder)
        spool = self.source._data_folder("spool")
        self.addCleanup(shutil.rmtree, spool, ignore_errors=True)

    def _empty_folder(self):
        for name in os.listdir(self.folder):
            path = os.path.join(self.folder, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)

    # ------------------------------------------------------------------
    # FILES AND RUNS
    # ------------------------------------------------------------------
    def _put(self, records, name="all.ndjson", folder=None):
        """Write records as NDJSON; bytes are written as they are."""
        path = os.path.join(folder or self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            for record in records:
                line = record if isinstance(record, bytes) else orjson.dumps(record)
                out.write(line + b"\n")
        return path

    def _run(self, records=None, source=None, **kwargs):
        """Load ``records`` (or what lies in the folder) in one run; return the run."""
        source = source or self.source
        if records is not None:
            if source.path == self.folder:
                self._empty_folder()
            self._put(records, folder=source.path)
        run = source._start_run(enqueue=False)
        run._run_now(**kwargs)
        self.assertFalse(run.message, run.message)
        return run

    def _find(self, res_type, ext_id, source=None):
        """The record of ours that a record of the source became."""
        identity = self.env["hcrm.feed.identity"].search(
            [
                ("source_id", "=", (source or self.source).id),
                ("res_type", "=", res_type),
                ("ext_id", "=", ext_id),
            ]
        )
        if not identity.res_model:
            return None
        return self.env[identity.res_model].browse(identity.res_id)

    def _inbox(self, source=None, **leaves):
        domain = [("source_id", "=", (source or self.source).id)]
        domain += [(name, "=", value) for name, value in leaves.items()]
        return self.env["hcrm.feed.inbox"].search(domain, order="id")

    # ------------------------------------------------------------------
    # RECORDS
    # ------------------------------------------------------------------
    @staticmethod
    def _resource(res_type, ext_id, at=None, **values):
        meta = {"meta": {"lastUpdated": at}} if at else {}
        return {"resourceType": res_type, "id": ext_id, **meta, **values}

    def _entity(self, ext_id="ent-a", code="TA"):
        return self._resource(
            "Organization",
            ext_id,
            identifier=[{"system": ORG, "value": code}],
            type=[{"coding": [{"code": "prov"}]}],
            name=f"Entity {code}",
        )

    def _department(self, ext_id="dep-1", code="cardio", parent="ent-a"):
        return self._resource(
            "Organization",
            ext_id,
            identifier=[{"value": code}],
            type=[{"coding": [{"code": "dept"}]}],
            name=f"Department {code}",
            partOf={"reference": f"Organization/{parent}"},
        )

    def _patient(self, ext_id="p1", at=None, **values):
        base = {
            "identifier": [
                {"type": {"coding": [{"code": "MR"}]}, "value": f"M-{ext_id}"},
            ],
            "name": [{"use": "official", "text": f"张{ext_id}"}],
            "gender": "female",
            "birthDate": "1980-05-06",
            "telecom": [
                {"system": "phone", "use": "mobile", "value": phone_of(ext_id)}
            ],
        }
        return self._resource("Patient", ext_id, at, **{**base, **values})

    def _encounter(self, ext_id="e1", patient="p1", at=None, **values):
        base = {
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": {"reference": f"Patient/{patient}"},
            "period": {
                "start": "2026-03-02T09:00:00+08:00",
                "end": "2026-03-02T09:30:00+08:00",
            },
        }
        return self._resource("Encounter", ext_id, at, **{**base, **values})

    def _fact(self, res_type, ext_id, patient="p1", encounter="e1", **values):
        link = (
            {"encounter": {"reference": f"Encounter/{encounter}"}} if encounter else {}
        )
        return self._resource(
            res_type,
            ext_id,
            subject={"reference": f"Patient/{patient}"},
            **link,
            **values,
        )

    def _condition(self, ext_id="c1", patient="p1", encounter="e1", **values):
        base = {
            "code": {
                "coding": [{"code": "I10", "system": "icd-10"}],
                "text": "Hypertension",
            },
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "recordedDate": "2026-03-02T09:10:00+08:00",
        }
        return self._fact("Condition", ext_id, patient, encounter, **{**base, **values})

    def _observation(self, ext_id="o1", patient="p1", encounter="e1", **values):
        base = {
            "status": "final",
            "code": {"coding": [{"code": "2339-0"}], "text": "Glucose"},
            "effectiveDateTime": "2026-03-02T09:20:00+08:00",
            "valueQuantity": {"value": 5.5, "unit": "mmol/L"},
        }
        return self._fact(
            "Observation", ext_id, patient, encounter, **{**base, **values}
        )

    def _charge(self, ext_id="ch1", patient="p1", encounter="e1", **values):
        base = {
            "status": "billed",
            "code": {
                "text": "Consultation",
                "coding": [
                    {
                        "system": "https://hcrm.example/fhir/CodeSystem/charge-category",
                        "code": "registration",
                    }
                ],
            },
            "context": {"reference": f"Encounter/{encounter}"},
            "occurrenceDateTime": "2026-03-02T09:05:00+08:00",
            "priceOverride": {"value": 100.0, "currency": "CNY"},
            "extension": [
                {
                    "url": f"{EXT}payer-split",
                    "extension": [
                        {
                            "url": "pooled",
                            "valueMoney": {"value": 60, "currency": "CNY"},
                        },
                        {"url": "self", "valueMoney": {"value": 40, "currency": "CNY"}},
                        {"url": "cost", "valueDecimal": 30},
                    ],
                }
            ],
        }
        return self._fact("ChargeItem", ext_id, patient, None, **{**base, **values})

    def _relative(self, ext_id="r1", patient="p1", code="MTH", **values):
        base = {
            "patient": {"reference": f"Patient/{patient}"},
            "relationship": [{"coding": [{"code": code}]}],
            "name": [{"text": f"李{ext_id}"}],
            "telecom": [{"system": "phone", "value": phone_of(ext_id)}],
        }
        return self._resource("RelatedPerson", ext_id, **{**base, **values})

    def _hospital(self, people=3):
        """Some people with a story each: two entities, stays, relatives, bills."""
        records = [
            self._entity(),
            self._entity("ent-b", "TB"),
            self._department(),
            self._department("dep-b", "gynae", "ent-b"),
            self._resource("Practitioner", "dr1", name=[{"text": "王医生"}]),
            self._resource(
                "Location",
                "si1",
                physicalType={"coding": [{"code": "si"}]},
                name="Site 1",
            ),
            self._resource(
                "Location",
                "wa1",
                physicalType={"coding": [{"code": "wa"}]},
                name="3W",
                partOf={"reference": "Location/si1"},
            ),
            self._resource(
                "Location",
                "bd1",
                physicalType={"coding": [{"code": "bd"}]},
                name="12",
                partOf={"reference": "Location/wa1"},
            ),
        ]
        for number in range(people):
            records += self._story(number)
        return records

    def _story(self, number):
        person, visit, stay = f"p{number}", f"e{number}", f"s{number}"
        return [
            self._patient(
                person, managingOrganization={"reference": "Organization/ent-a"}
            ),
            self._relative(f"r{number}", person),
            self._encounter(
                visit,
                person,
                serviceProvider={"reference": "Organization/dep-1"},
                participant=[{"individual": {"reference": "Practitioner/dr1"}}],
            ),
            self._encounter(
                stay,
                person,
                **{
                    "class": {"code": "IMP"},
                    "serviceProvider": {"reference": "Organization/dep-b"},
                    "location": [{"location": {"reference": "Location/bd1"}}],
                    "period": {"start": "2026-04-01T10:00:00+08:00"},
                    "status": "in-progress",
                },
            ),
            self._condition(f"c{number}", person, visit),
            self._observation(f"o{number}", person, visit),
            self._charge(f"ch{number}", person, visit),
            self._resource(
                "AllergyIntolerance",
                f"a{number}",
                patient={"reference": f"Patient/{person}"},
                code={"text": "Penicillin"},
                criticality="high",
                clinicalStatus={"coding": [{"code": "active"}]},
            ),
            self._resource(
                "Appointment",
                f"ap{number}",
                status="booked",
                start="2026-05-01T09:00:00+08:00",
                participant=[
                    {"actor": {"reference": f"Patient/{person}"}},
                    {"actor": {"reference": "Practitioner/dr1"}},
                ],
            ),
        ]


class FeedCommon(FeedWorld, HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_feed()
