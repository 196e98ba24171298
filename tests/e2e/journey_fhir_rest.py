"""A FHIR server of another maker is read while it is changed; the same is here after.

Medplum's router holds the Synthea records. While the first run reads them, the
hospital goes on: new patients, corrections, deletions. Runs over the changes and
comparisons of what exists then bring the same here as the server holds, told by a
reader of its own; and reading an export of it gives the same state hash (F17, F74-F76).
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from .fhir_hospital import TOKEN, TYPES, Hospital, hospital
from .shell import Shell
from .world import ROOT, World

DEFAULT = ROOT.parent / "shared" / "data" / "synthea-r4-152"
STEPS = 120  # things the hospital does while it is read
ERASING = (STEPS // 3, 2 * STEPS // 3)  # when a patient is deleted


def run(world: World) -> None:
    folder = Path(os.environ.get("HCRM_SYNTHEA") or DEFAULT)
    assert (folder / "Patient.ndjson.gz").exists(), (
        f"no Synthea records in {folder}; name them: HCRM_SYNTHEA=/path make e2e"
    )
    with hospital() as his, world.clone_of_base("fhir") as database:
        start = time.monotonic()
        count = his.fill(folder)
        print(f"  {count} records stored in {time.monotonic() - start:.0f} s")
        install = ("-i", "hcrm_core", "--stop-after-init", "--no-http")
        world.odoo("fhir-install", "-c", world.conf, "-d", database, *install)
        with _copy(world, database, "live") as live:
            _follow(world, his, live)
        _same_as_files(world, his, database)
        _only_read(his)


# ----------------------------------------------------------------------
# following a hospital at work
# ----------------------------------------------------------------------


def _follow(world: World, his: Hospital, database: str) -> None:
    shell = Shell(world, database)
    source = _source(his)
    process = shell.start(
        f"source = make_source({source!r})\nanswer([source, pull(source)])\n"
    )
    _wait_for_pages(world, database, process)
    done = _work(his, process)
    source_id, first = shell.wait(process)
    _tell("first run, while the hospital worked", first)
    print(f"  meanwhile: {done} records made, changed and deleted")
    gone = 0
    pulls = "; ".join(f"r.append(pull({source_id}, {m!r}))" for m in _AFTERWARDS)
    for mode, run_ in zip(
        _AFTERWARDS, shell.run(f"r = []; {pulls}; answer(r)\n"), strict=True
    ):
        _tell(mode, run_)
        gone += run_["count_gone"]
    assert gone, "patients were deleted after they were read, and nothing is gone here"
    _compare(world, his, database, source_id)
    expected = _a_quiet_day(his)
    found = shell.run(f"answer(pull({source_id}, 'delta'))\n")
    _tell("changes of a quiet day", found)
    assert (found["count_new"], found["count_changed"]) == expected, (
        f"{expected} records were new and changed, {found} were read as such"
    )
    _compare(world, his, database, source_id)


# what is missing twice in a row is gone
_AFTERWARDS = ("delta", "reconcile", "reconcile", "delta")


def _wait_for_pages(world: World, database: str, process) -> None:
    """Until the patients are read and their visits are being read."""
    while process.poll() is None:
        ((count,),) = world.sql(
            "SELECT count(*) FROM hcrm_feed_identity WHERE res_type = 'Encounter'",
            database=database,
        )
        if count:
            return
        time.sleep(0.2)


def _work(his: Hospital, process) -> tuple[int, int, int]:
    """Work while the run reads; (made, changed, deleted) records."""
    made = changed = deleted = 0
    for step in range(STEPS):
        assert process.poll() is None or step > STEPS / 3, (
            f"the run ended after {step} of {STEPS} steps; it was to be disturbed"
        )
        new, other = his.work()
        made, changed = made + new, changed + other
        if step in ERASING:
            deleted += his.erase(his.random.choice(his.patients))
        time.sleep(0.05)
    return made, changed, deleted


def _a_quiet_day(his: Hospital) -> tuple[int, int]:
    """A few changes; (records new, records changed)."""
    time.sleep(1.1)  # the server's clock shows whole seconds
    totals = [his.admit(), his.correct(), his.rename()]
    return sum(new for new, _ in totals), sum(other for _, other in totals)


def _compare(world: World, his: Hospital, database: str, source_id: int) -> None:
    """Every record of the server is here and no other; values field by field."""
    wrong = []
    for name in TYPES:
        there = {data["id"]: data for data in his.all(name)}
        here = _here(world, database, source_id, name)
        lost, extra = set(there) - set(here), set(here) - set(there)
        if lost or extra:
            wrong.append(f"{name}: {len(lost)} missing, {len(extra)} too many")
        for ext_id in set(there) & set(here):
            told = _VALUES[name][1](there[ext_id]) if name in _VALUES else None
            if told is not None and told != here[ext_id]:
                wrong.append(f"{name}/{ext_id}: {told} there, {here[ext_id]} here")
    assert not wrong, "not the same as the server: " + "; ".join(wrong[:10])
    print("  every record of the server is here, and no other")


def _here(world: World, database: str, source_id: int, name: str) -> dict:
    """External id -> value shown by our tables, of what is live."""
    value, join = "NULL", ""
    if name in _VALUES:
        value, join = _VALUES[name][0]
    rows = world.sql(
        f"SELECT i.ext_id, {value} FROM hcrm_feed_identity i {join}"
        " WHERE i.source_id = %s AND i.res_type = %s AND i.state = 'live'",
        (source_id, name),
        database=database,
    )
    return dict(rows)


def _utc(text: str | None) -> str | None:
    """A FHIR dateTime with its offset as UTC."""
    if not text:
        return None
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


_START = "to_char(f.date_start, 'YYYY-MM-DD HH24:MI:SS')"
# type -> (SQL of what is here, what the resource says)
_VALUES = {
    "Patient": (
        (
            "p.hcrm_gender || ' ' || p.hcrm_birthdate",
            "JOIN res_partner p ON p.id = i.res_id",
        ),
        lambda data: f"{data['gender']} {data['birthDate']}",
    ),
    "Encounter": (
        (_START, "JOIN hcrm_encounter f ON f.id = i.res_id"),
        lambda data: _utc(data["period"]["start"]),
    ),
    "Condition": (
        ("f.name", "JOIN hcrm_condition f ON f.id = i.res_id"),
        lambda data: data["code"].get("text"),
    ),
    "MedicationRequest": (
        (_START, "JOIN hcrm_medication f ON f.id = i.res_id"),
        lambda data: _utc(data.get("authoredOn")),
    ),
    "Observation": (
        (
            "round(f.value::numeric, 3)::text",
            "JOIN hcrm_observation f ON f.id = i.res_id",
        ),
        lambda data: (
            f"{data['valueQuantity']['value']:.3f}" if "valueQuantity" in data else None
        ),
    ),
}


# ----------------------------------------------------------------------
# the same from files
# ----------------------------------------------------------------------


def _same_as_files(world: World, his: Hospital, database: str) -> None:
    """Server and export, each read into a database of its own, give the same state."""
    hashes = {}
    for way in ("rest", "files"):
        with _copy(world, database, way) as copy:
            source = _source(his)
            if way == "files":
                upload = world.data_dir / "hcrm_feed" / copy / "upload" / "export"
                upload.mkdir(parents=True, exist_ok=True)
                his.export(upload)
                source = {"name": "Export", "kind": "fhir_file", "path": str(upload)}
            run_, hashes[way] = Shell(world, copy).run(
                f"source = make_source({source!r})\n"
                "answer([pull(source), state_hash(source)])\n"
            )
            _tell(f"whole, by {way}", run_)
    assert hashes["rest"] == hashes["files"], f"different states: {hashes}"
    print(f"  server and export give the same state hash {hashes['rest']}")


@contextmanager
def _copy(world: World, database: str, name: str):
    """Another database like ``database``; the suite needs no files of its own."""
    copy = f"{database}_{name}"
    world.sql(f'DROP DATABASE IF EXISTS "{copy}"', database="postgres")
    world.sql(f'CREATE DATABASE "{copy}" TEMPLATE "{database}"', database="postgres")
    try:
        yield copy
    finally:
        world.sql(f'DROP DATABASE "{copy}" WITH (FORCE)', database="postgres")


def _only_read(his: Hospital) -> None:
    """The feed asked with GET and nothing else."""
    asked = his.asked()
    print(f"  asked of the server: {json.dumps(asked)}")
    assert set(asked["HCRM feed"]) == {"GET"}, "the feed did more than read"
    assert set(asked) == {"HCRM feed", "Hospital"}


def _source(his: Hospital) -> dict:
    return {
        "name": "FHIR server",
        "kind": "fhir_rest",
        "url": his.url,
        "auth_kind": "bearer",
        "auth_secret": TOKEN,
        "page_size": 500,
        "overlap_minutes": 0,
    }


def _tell(what: str, run_: dict) -> None:
    counts = {
        key[6:]: value
        for key, value in run_.items()
        if key.startswith("count_") and value
    }
    rate = round(run_["count_read"] / run_["seconds"]) if run_["seconds"] else "-"
    print(f"  {what}: {run_['seconds']:.0f} s, {rate} records/s, {counts}", flush=True)
    assert run_["state"] == "done", f"{what} is {run_['state']}: {run_['message']}"
