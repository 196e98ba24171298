"""A million patients with a visit each, as the files a HIS would export."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

from .million import GIVEN, SURNAMES

BASE = "https://hcrm.example/fhir"
MR = {"type": {"coding": [{"code": "MR"}]}, "system": f"{BASE}/mrn/HQ01"}
AMBULATORY = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "code": "AMB",
}


def write(folder: str, people: int, seed: int = 7) -> None:
    """Write ``Patient`` and ``Encounter`` files; the same ones for the same seed."""
    rng = random.Random(seed)
    with _opened(folder, "Patient") as patients, _opened(folder, "Encounter") as visits:
        for number in range(people):
            patients.write(_line(_patient(number, rng)))
            visits.write(_line(_visit(number, rng)))


def _opened(folder: str, kind: str):
    path = Path(folder) / f"{kind}.ndjson.gz"
    return gzip.open(path, "wt", compresslevel=1, encoding="utf-8")


def _line(record: dict) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def _patient(number: int, rng: random.Random) -> dict:
    name = rng.choice(SURNAMES) + "".join(
        rng.choice(GIVEN) for _ in range(1 if rng.random() < 0.25 else 2)
    )
    born = (
        f"{rng.randint(1930, 2024)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    )
    return {
        "resourceType": "Patient",
        "id": f"p{number:07d}",
        "identifier": [{**MR, "value": f"M{number:08d}"}],
        "active": True,
        "name": [{"use": "official", "text": name}],
        "telecom": [{"system": "phone", "value": f"199{number:08d}", "use": "mobile"}],
        "gender": "male" if number % 2 else "female",
        "birthDate": born,
        "address": [{"use": "home", "city": "上海市", "country": "CN"}],
    }


def _visit(number: int, rng: random.Random) -> dict:
    day = f"{rng.randint(2023, 2026)}-{rng.randint(1, 10):02d}-{rng.randint(1, 28):02d}"
    return {
        "resourceType": "Encounter",
        "id": f"e{number:07d}",
        "status": "finished",
        "class": AMBULATORY,
        "subject": {"reference": f"Patient/p{number:07d}"},
        "period": {"start": f"{day}T09:00:00+08:00", "end": f"{day}T09:20:00+08:00"},
    }
