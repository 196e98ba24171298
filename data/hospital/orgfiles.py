"""Organization, Location and Practitioner records of the group."""

from __future__ import annotations

from . import fhir, org


def _type(code, display):
    return [
        {
            "coding": [
                {
                    "system": f"{fhir.TERM}/organization-type",
                    "code": code,
                    "display": display,
                }
            ]
        }
    ]


def lines(clock) -> dict[str, list[str]]:
    return {
        "Organization": [fhir.dump(o) for o in _organizations()],
        "Location": [fhir.dump(o) for o in _locations()],
        "Practitioner": [fhir.dump(o) for o in _practitioners(clock)],
    }


def _organizations():
    for entity in org.ENTITIES:
        yield {
            "resourceType": "Organization",
            "id": entity.code,
            "identifier": [{"system": org.ORG_SYSTEM, "value": entity.code}],
            "active": True,
            "type": _type("prov", "Healthcare Provider"),
            "name": entity.zh,
            "alias": [entity.en],
        }
    for department in org.DEPARTMENTS:
        entity = org.ENTITY_OF[department.code]
        yield {
            "resourceType": "Organization",
            "id": f"dept-{entity}-{department.code}",
            "identifier": [
                {
                    "system": f"{org.ORG_SYSTEM}/{entity}/department",
                    "value": department.code,
                }
            ],
            "active": True,
            "type": _type("dept", "Hospital Department"),
            "name": department.zh,
            "alias": [department.en],
            "partOf": {"reference": f"Organization/{entity}"},
        }


def _locations():
    for campus in org.CAMPUSES:
        yield {
            "resourceType": "Location",
            "id": f"campus-{campus.code}",
            "identifier": [
                {"system": f"{org.BASE}/campus/{campus.entity}", "value": campus.code}
            ],
            "status": "active",
            "name": campus.zh,
            "alias": [campus.en],
            "physicalType": {
                "coding": [
                    {"system": f"{fhir.TERM}/location-physical-type", "code": "si"}
                ]
            },
            "address": {
                "line": [campus.street],
                "city": campus.city,
                "state": campus.state,
                "country": "CN",
            },
            "managingOrganization": {"reference": f"Organization/{campus.entity}"},
        }


def _practitioners(clock):
    for staff in org.doctors().values():
        for doctor in staff:
            extension = [
                {
                    "url": f"{org.EXT}/department",
                    "valueReference": {
                        "reference": org.department_ref(doctor.department)
                    },
                }
            ]
            if doctor.left is not None:
                extension.append(
                    {"url": f"{org.EXT}/date-left", "valueDate": clock.day(doctor.left)}
                )
            yield {
                "resourceType": "Practitioner",
                "id": doctor.code,
                "extension": extension,
                "identifier": [{"system": f"{org.BASE}/staff", "value": doctor.code}],
                "active": doctor.left is None,
                "name": [{"use": "official", "text": doctor.name}],
                "gender": doctor.sex,
                "qualification": [{"code": {"text": doctor.title}}],
            }
