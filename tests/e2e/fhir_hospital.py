"""A hospital behind a FHIR server: filled with Synthea records, at work, read again.

Nothing of HCRM is used here: what the server holds is read by other code than the
feed's, so that the two can be compared.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from .world import LOG

TYPES = (
    "Organization",
    "Practitioner",
    "Patient",
    "Encounter",
    "AllergyIntolerance",
    "Condition",
    "Procedure",
    "Immunization",
    "MedicationRequest",
    "Observation",
    "Claim",
    "ExplanationOfBenefit",
)
TOKEN = "e2e-token"
PATIENCE = 60  # seconds
PAGE = 1000
BATCH = 200


class Hospital:
    """Writes into the server as a HIS would, and reads it as an auditor would."""

    def __init__(self, url: str, seed: int = 7):
        self.url = url
        self.random = random.Random(seed)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {TOKEN}"
        self.session.headers["User-Agent"] = "Hospital"
        self.patients: list[str] = []
        self.made = 0

    def _send(self, method: str, path: str, body=None) -> None:
        response = self.session.request(method, f"{self.url}/{path}", json=body)
        assert response.ok, f"{method} {path}: {response.status_code} {response.text}"

    def put(self, data: dict) -> None:
        self._send("PUT", f"{data['resourceType']}/{data['id']}", data)

    def fill(self, folder: Path) -> int:
        """Store the Synthea records, references first; how many there are."""
        count = 0
        for name in TYPES:
            path = folder / f"{name}.ndjson.gz"
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                records = [json.loads(line) for line in lines]
            for start in range(0, len(records), BATCH):
                self._batch(records[start : start + BATCH])
            count += len(records)
            if name == "Patient":
                self.patients = [data["id"] for data in records]
        return count

    def _batch(self, records: list[dict]) -> None:
        entries = [
            {
                "request": {
                    "method": "PUT",
                    "url": f"{data['resourceType']}/{data['id']}",
                },
                "resource": data,
            }
            for data in records
        ]
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        self._send("POST", "", bundle)

    # ------------------------------------------------------------------
    # a day's work
    # ------------------------------------------------------------------

    def work(self) -> tuple[int, int]:
        """One thing a hospital does; (records made, records changed)."""
        what = self.random.choice((self.admit, self.correct, self.correct, self.rename))
        return what()

    def admit(self) -> tuple[int, int]:
        """A new patient with a visit and a diagnosis."""
        self.made += 1
        person, visit = f"new-p{self.made}", f"new-e{self.made}"
        subject = {"reference": f"Patient/{person}"}
        name = {"use": "official", "family": f"Nova{self.made}", "given": ["Ana"]}
        self.put(
            {
                "resourceType": "Patient",
                "id": person,
                "name": [name],
                "gender": "female",
                "birthDate": "1988-08-08",
            }
        )
        self.put(
            {
                "resourceType": "Encounter",
                "id": visit,
                "status": "finished",
                "class": {"code": "AMB"},
                "subject": subject,
                "period": {"start": "2021-03-01T08:00:00+08:00"},
            }
        )
        self.put(
            {
                "resourceType": "Condition",
                "id": f"new-c{self.made}",
                "subject": subject,
                "encounter": {"reference": f"{self.url}/Encounter/{visit}"},
                "code": {"text": "Cough"},
            }
        )
        self.patients.append(person)
        return 3, 0

    def correct(self) -> tuple[int, int]:
        """A birth date is corrected."""
        data = self._get("Patient", self.random.choice(self.patients))
        year = 1930 + self.random.randrange(80)
        data["birthDate"] = f"{year}-0{1 + self.made % 9}-1{self.random.randrange(10)}"
        self.put(data)
        return 0, 1

    def rename(self) -> tuple[int, int]:
        """A diagnosis is worded otherwise."""
        bundle = self._page("Condition", _count=1, _offset=self.random.randrange(500))
        data = bundle["entry"][0]["resource"]
        data["code"] = {"text": f"Worded otherwise {self.random.randrange(10**6)}"}
        self.put(data)
        return 0, 1

    def erase(self, person: str) -> int:
        """A patient is deleted with all that hangs on them; how many records."""
        gone = 0
        for name in reversed(TYPES):
            for data in self.all(name):
                about = data.get("subject") or data.get("patient") or {}
                if about.get("reference", "").endswith(f"Patient/{person}"):
                    self._send("DELETE", f"{name}/{data['id']}")
                    gone += 1
        self._send("DELETE", f"Patient/{person}")
        self.patients.remove(person)
        return gone + 1

    # ------------------------------------------------------------------
    # reading it again
    # ------------------------------------------------------------------

    def _get(self, name: str, ext_id: str) -> dict:
        response = self.session.get(f"{self.url}/{name}/{ext_id}")
        assert response.ok, f"{name}/{ext_id}: {response.status_code}"
        return response.json()

    def _page(self, name: str, **params) -> dict:
        response = self.session.get(f"{self.url}/{name}", params=params)
        assert response.ok, f"{name}: {response.status_code}"
        return response.json()

    def all(self, name: str) -> Iterator[dict]:
        """Every record of a type; the server must be at rest."""
        offset = 0
        while True:
            found = self._page(name, _count=PAGE, _offset=offset).get("entry") or []
            yield from (entry["resource"] for entry in found)
            offset += len(found)
            if len(found) < PAGE:
                return

    def export(self, folder: Path) -> None:
        """Write what is there as NDJSON, a file a type."""
        for name in TYPES:
            with open(folder / f"{name}.ndjson", "w", encoding="utf-8") as out:
                for data in self.all(name):
                    out.write(json.dumps(data) + "\n")

    def asked(self) -> dict[str, dict[str, int]]:
        """Who asked the server how often, by method."""
        return self.session.get(self.url.replace("/fhir", "/asked")).json()


@contextmanager
def hospital() -> Iterator[Hospital]:
    """The third-party server that ``make e2e`` installed, running and empty."""
    program, script = os.environ.get("HCRM_NODE"), os.environ.get("HCRM_FHIR_SERVER")
    assert program and script, (
        "no FHIR server is installed here. Call the journey by `make e2e`, which "
        "prepares it"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(LOG / "fhir-server.log", "ab") as log:
        server = subprocess.Popen(
            [program, script, str(port), TOKEN, *TYPES],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(port, server)
        yield Hospital(f"http://127.0.0.1:{port}/fhir")
    finally:
        server.terminate()
        server.wait(30)


def _wait(port: int, server: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the FHIR server did not start, see {LOG}/fhir-server.log")
