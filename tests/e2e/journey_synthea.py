"""Real Synthea records go through the feed of a running server, twice.

A folder of FHIR R4 files by HCRM_SYNTHEA; every patient becomes a person, facts hang
on them, nothing is lost, and reading the same files again changes nothing.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
from pathlib import Path

from .world import ROOT, World

DEFAULT = ROOT.parent / "shared" / "data" / "synthea-r4-152"
PATIENCE = 900  # seconds
FACTS = (
    "hcrm_encounter",
    "hcrm_condition",
    "hcrm_procedure",
    "hcrm_medication",
    "hcrm_observation",
    "hcrm_allergy",
)
# what the records of a type become here: rows counted by a statement
BECOMES = {
    "Patient": "SELECT count(*) FROM res_partner WHERE hcrm_metrics_id IS NOT NULL",
    "Organization": "SELECT count(*) FROM hcrm_department",
    "Practitioner": "SELECT count(*) FROM hcrm_practitioner",
    "Encounter": "SELECT count(*) FROM hcrm_encounter",
    "Condition": "SELECT count(*) FROM hcrm_condition",
    "AllergyIntolerance": "SELECT count(*) FROM hcrm_allergy",
    "Procedure": "SELECT count(*) FROM hcrm_procedure WHERE category != 'immunization'",
    "Immunization": "SELECT count(*) FROM hcrm_procedure WHERE category = 'immunization'",
    "MedicationRequest": "SELECT count(*) FROM hcrm_medication",
    "Observation": "SELECT count(*) FROM hcrm_observation",
    "Claim": "SELECT count(*) FROM hcrm_charge",
    # an explanation of benefit settles the charge of its claim
    "ExplanationOfBenefit": "SELECT count(*) FROM hcrm_charge WHERE state = 'billed'",
}


def run(world: World) -> None:
    folder = _folder()
    patients = _count_lines(folder / "Patient.ndjson.gz")
    upload = world.data_dir / "hcrm_feed" / world.database / "upload" / "synthea"
    shutil.copytree(folder, upload, dirs_exist_ok=True, copy_function=shutil.copyfile)
    client = world.rpc()
    source_id = client.env["hcrm.feed.source"].create(
        {"name": "Synthea", "kind": "fhir_file", "path": str(upload)}
    )
    first = _load(client, source_id)
    people, facts = _counts(world)
    print(f"  {patients} patients in the files, {people} people, facts: {facts}")
    assert people == patients, f"{patients} patients came, {people} people are here"
    assert all(facts.values()), f"a kind of fact is missing: {facts}"
    _check_manifest(world, folder)
    second = _load(client, source_id)
    assert second["count_new"] == second["count_changed"] == 0, (
        f"the second reading found {second['count_new']} new and "
        f"{second['count_changed']} changed records"
    )
    assert _counts(world) == (people, facts), "the second reading changed the counts"
    assert first["count_read"] == second["count_read"]


def _folder() -> Path:
    folder = Path(os.environ.get("HCRM_SYNTHEA") or DEFAULT)
    assert (folder / "Patient.ndjson.gz").exists(), (
        f"no Synthea records in {folder}. Put a folder there with Patient.ndjson.gz, "
        "Encounter.ndjson.gz and so on (one FHIR R4 resource a line, as Synthea's bulk "
        "export writes them), or name it: HCRM_SYNTHEA=/path make e2e"
    )
    return folder


def _check_manifest(world: World, folder: Path) -> None:
    """Compare what is here, type by type, with the counts the folder tells of."""
    manifest = folder / "MANIFEST.json"
    if not manifest.exists():
        print("  no MANIFEST.json with counts: types are not compared")
        return
    wrong = []
    print(f"  {'type':22} {'in files':>9} {'here':>9}")
    for name, count in sorted(json.loads(manifest.read_text())["counts"].items()):
        here = world.sql(BECOMES[name])[0][0] if name in BECOMES else None
        print(f"  {name:22} {count:>9} {'not used' if here is None else here:>9}")
        if here is not None and here != count:
            wrong.append(name)
    assert not wrong, f"not as many here as in the files: {', '.join(wrong)}"


def _count_lines(path: Path) -> int:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return sum(1 for line in stream if line.strip())


def _load(client, source_id: int) -> dict:
    """Start a run in the server's jobs and return it when it is done."""
    client.env["hcrm.feed.source"].action_start([source_id])
    Run = client.env["hcrm.feed.run"]
    run_id = Run.search([("source_id", "=", source_id)], limit=1, order="id desc")[0]
    fields = ["state", "message", "writer_path", "writer_reason"]
    fields += [
        f"count_{what}"
        for what in ("read", "new", "changed", "unchanged", "waiting", "quarantined")
    ]
    start = time.monotonic()
    while time.monotonic() - start < PATIENCE:
        (run,) = Run.read([run_id], fields)
        if run["state"] not in ("queued", "running"):
            break
        time.sleep(1)
    assert run["state"] == "done", f"the run is {run['state']}: {run['message']}"
    counts = {key[6:]: value for key, value in run.items() if key.startswith("count_")}
    print(f"  run in {time.monotonic() - start:.0f} s: {counts}")
    print(f"  people written by: {run['writer_path']} {run['writer_reason'] or ''}")
    return run


def _counts(world: World) -> tuple[int, dict]:
    """People and facts as the tables hold them: an administrator reads no facts."""
    persons = "SELECT count(*) FROM res_partner WHERE hcrm_metrics_id IS NOT NULL"
    ((people,),) = world.sql(persons)
    facts = {table: world.sql(f"SELECT count(*) FROM {table}")[0][0] for table in FACTS}
    return people, facts
