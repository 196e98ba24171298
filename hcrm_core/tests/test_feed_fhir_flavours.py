"""Resources as OpenMRS, OpenEMR and HAPI write them, in our words."""

from odoo.tests import BaseCase, tagged

from odoo.addons.hcrm_core.feed_adapters.fhir_context import MapContext
from odoo.addons.hcrm_core.feed_adapters.fhir_map import map_record
from odoo.addons.hcrm_core.feed_adapters.fhir_record import record_from_data

OPENMRS = "http://fhir.openmrs.org/ext/"


def attribute(name, value):
    base = f"{OPENMRS}person-attribute"
    return {
        "url": base,
        "extension": [
            {"url": f"{base}#attribute-type", "valueString": name},
            {"url": f"{base}#attribute-value", "valueString": value},
        ],
    }


def openmrs_identifier(name, value, **values):
    """Its type has a code that is a uuid, no system, and words."""
    kind = {"coding": [{"code": "05a29f94-c0ed-11e2-94be-8c13b969e334"}], "text": name}
    return {"id": "x", "type": kind, "value": value, **values}


@tagged("post_install", "-at_install")
class TestFeedFhirFlavours(BaseCase):
    def _map(self, data, **context):
        mapped = map_record(record_from_data(dict(data), ""), MapContext(**context))
        self.assertTrue(hasattr(mapped, "values"), mapped)
        return mapped

    def _patient(self, context=None, **values):
        data = {"resourceType": "Patient", "id": "u-1", **values}
        return self._map(data, **(context or {})).values

    def test_openmrs_patient(self):
        """F17: lines of the address, the phone and the year of birth are found."""
        values = self._patient(
            identifier=[
                openmrs_identifier("Old Number", "7-8", use="usual"),
                openmrs_identifier("OpenMRS ID", "100GEJ", use="official"),
            ],
            name=[{"family": "Doe", "given": ["Jane"]}],
            birthDate="1975",
            telecom=[{"id": "t", "value": "+255 712 345 678"}],
            address=[
                {
                    "use": "home",
                    "country": "China",
                    "extension": [
                        {
                            "url": f"{OPENMRS}address",
                            "extension": [
                                {
                                    "url": f"{OPENMRS}address#address2",
                                    "valueString": "Near the market",
                                },
                                {
                                    "url": f"{OPENMRS}address#address1",
                                    "valueString": "House 12",
                                },
                            ],
                        }
                    ],
                },
                {"use": "old", "city": "Elsewhere"},
            ],
            extension=[
                attribute("Telephone Number", "0712 000 111"),
                attribute("Next of kin telephone", "0712 999 999"),
                attribute("Civil status", "0712"),
                attribute("Email", "jane@example.com"),
            ],
        )
        self.assertEqual(
            (values["street"], values["street2"], values["country_code"]),
            ("House 12", "Near the market", "CN"),
        )
        self.assertEqual(
            (values["birthdate"], values["birthdate_precision"]),
            ("1975-01-01", "year"),
        )
        contacts = {(one["system"], one["value"]) for one in values["contacts"]}
        self.assertEqual(
            contacts,
            {
                ("phone", "+255 712 345 678"),
                ("phone", "0712 000 111"),
                ("email", "jane@example.com"),
            },
        )
        mrn = [one["value"] for one in values["identifiers"] if one["type"] == "MR"]
        self.assertEqual(mrn, ["100GEJ"])

    def test_mrn_by_the_name_of_its_kind(self):
        """A source may say the MRN by words where codes mean nothing elsewhere."""
        values = self._patient(
            {"mrn_priority": ("MR", "old number")},
            identifier=[
                openmrs_identifier("OpenMRS ID", "100GEJ", use="official"),
                openmrs_identifier("Old Number", "7-8"),
            ],
        )
        mrn = [one["value"] for one in values["identifiers"] if one["type"] == "MR"]
        self.assertEqual(mrn, ["7-8"])

    def test_mrn_that_nobody_told_is_the_id(self):
        values = self._patient(name=[{"text": "王芳"}])
        (only,) = values["identifiers"]
        self.assertEqual((only["type"], only["value"]), ("MR", "u-1"))

    def test_openemr_patient(self):
        """PT is the MRN; a list's own gender and the list's address mean nothing."""
        kinds = "http://terminology.hl7.org/CodeSystem/v2-0203"
        values = self._patient(
            identifier=[
                {
                    "use": "official",
                    "type": {"coding": [{"system": kinds, "code": "SS"}]},
                    "system": "http://hl7.org/fhir/sid/us-ssn",
                    "value": "333222333",
                },
                {
                    "use": "official",
                    "type": {"coding": [{"system": kinds, "code": "PT"}]},
                    "system": kinds,
                    "value": "789456",
                },
            ],
            gender="unassigned",
            name=[
                {"use": "old", "text": "Smith"},
                {"use": "official", "text": "Moore"},
            ],
        )
        self.assertEqual((values["name"], values["aliases"]), ("Moore", ["Smith"]))
        self.assertEqual(values["gender"], "unknown")
        mrn = next(one for one in values["identifiers"] if one["type"] == "MR")
        self.assertEqual((mrn["value"], mrn["assigner"]), ("789456", None))

    def test_openmrs_encounter_and_its_visit(self):
        """Its state is never told; the encounter is part of the visit."""
        mapped = self._map(
            {
                "resourceType": "Encounter",
                "id": "e",
                "status": "unknown",
                "class": {"code": "AMB"},
                "subject": {"reference": "Patient/u-1", "type": "Patient"},
                "period": {"start": "2026-02-01T09:00:00+03:00"},
                "partOf": {"reference": "Encounter/visit-1", "type": "Encounter"},
            }
        )
        self.assertEqual(mapped.values["state"], "unknown")
        self.assertEqual(mapped.values["date_start"], "2026-02-01 06:00:00")
        self.assertEqual(mapped.values["tz_offset"], 180)
        self.assertEqual(mapped.refs["encounter_id"], ("Encounter", "visit-1"))

    def test_references_of_every_form(self):
        """Relative, absolute, versioned, by urn; what is contained names nobody."""
        for target, expected in (
            ("Patient/7", ("Patient", "7")),
            ("https://his.example/fhir/Patient/7", ("Patient", "7")),
            ("https://his.example/fhir/Patient/7/_history/3", ("Patient", "7")),
            ("Patient/7/_history/3", ("Patient", "7")),
            ("urn:uuid:7", ("Patient", "7")),
        ):
            mapped = self._map(
                {
                    "resourceType": "Condition",
                    "id": "c",
                    "subject": {"reference": target},
                    "code": {"text": "Cough"},
                }
            )
            self.assertEqual(mapped.refs["partner_id"], expected, target)

    def test_openmrs_condition_in_free_words(self):
        mapped = self._map(
            {
                "resourceType": "Condition",
                "id": "c",
                "subject": {"reference": "Patient/7"},
                "extension": [
                    {
                        "url": f"{OPENMRS}non-coded-condition",
                        "valueString": "Back pain",
                    }
                ],
            }
        )
        self.assertEqual(mapped.values["name"], "Back pain")
