"""A HIS made of Odoo addons, on a server of its own, is read over JSON-2 as it changes.

Its patients come out as from its own FHIR files: same state hash, same cards. Then the
HIS changes a contact, cancels a visit and deletes a patient; the feed finds all three,
and asks the HIS for nothing but ``search_read`` and ``fields_get``.
"""

from __future__ import annotations

import configparser
import re
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace

from .shell import Shell
from .world import LOG, ROOT, World

ADDONS = ROOT / "tests" / "addons"
PATIENTS = 40
PATIENCE = 120  # seconds

SEED = """
from datetime import datetime, timedelta
with env.registry.cursor() as cr:
    e = env(cr=cr)
    patients = e["medical.patient"].create([{{
        "name": f"Patient {{n}}", "internal_identifier": f"HIS{{n:06d}}",
        "gender": "female" if n % 2 else "male", "birth_date": f"19{{40 + n}}-05-06",
        "phone": f"+86136{{n:08d}}", "email": f"his{{n}}@example.com",
        "street": f"{{n}} Long Road", "city": "Shanghai",
    }} for n in range({count})])
    visits = e["medical.encounter"].create([{{
        "patient_id": p.id, "internal_identifier": f"E{{p.id}}", "state": "arrived",
    }} for p in patients[:10]])
    booked = e["medical.appointment"].create([{{
        "patient_id": p.id, "name": "Check", "state": "confirm",
        "date_start": "2027-01-05 01:00:00",
    }} for p in patients[:5]])
    user = e["res.users"].create({{"name": "Feed", "login": "feed_reader"}})
    key = e["res.users.apikeys"].with_user(user)._generate(
        "rpc", "feed", datetime.now() + timedelta(days=1))
    cr.flush()
    cr.execute("SELECT id, to_char(create_date, 'YYYY-MM-DD\\"T\\"HH24:MI:SS\\"Z\\"')"
               " FROM medical_encounter ORDER BY id")
    answer({{"key": key, "patients": patients.ids, "visits": cr.fetchall(),
            "booked": booked.ids}})
"""

CHANGE = """
with env.registry.cursor() as cr:
    e = env(cr=cr)
    patients = e["medical.patient"].search([], order="id")
    patients[0].partner_id.city = "Beijing"
    e["medical.encounter"].search([], order="id", limit=1).state = "cancelled"
    e["medical.patient"].browse(patients.ids[-1]).unlink()
    answer(patients.ids[-1])
"""

FILES = """
import json, os, shutil
with env.registry.cursor() as cr:
    e = env(cr=cr)
    Source = e["hcrm.feed.source"]
    folder = os.path.join(Source._data_folder("upload"), "odoo_his")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "all.ndjson"), "w") as out:
        out.writelines(json.dumps(record) + "\\n" for record in {records!r})
    source = Source.create({{"name": "HIS files", "path": folder}})
    run = source._start_run(enqueue=False)
    run._run_now()
    parts = source._state_parts()
    heads = [e["res.partner"].hcrm_get_card(i.res_id)["contacts"]
             for i in e["hcrm.feed.identity"].search(
                 [("source_id", "=", source.id), ("res_type", "=", "Patient")],
                 order="ext_id")]
    answer({{"parts": parts, "read": run.count_read, "message": run.message,
            "phones": [[c["number"] for c in head] for head in heads]}})
    shutil.rmtree(folder)
    cr.rollback()
"""

REMOTE = """
with env.registry.cursor() as cr:
    e = env(cr=cr)
    source = e["hcrm.feed.source"].create({{
        "name": "HIS over JSON-2", "kind": "odoo_json2", "preset": "medical",
        "url": {url!r}, "database": {database!r}, "auth_kind": "bearer",
        "auth_secret": {key!r}}})
    source.action_use_preset()
    source_id = source.id
run = pull(source_id)
with env.registry.cursor() as cr:
    e = env(cr=cr)
    source = e["hcrm.feed.source"].browse(source_id)
    heads = [e["res.partner"].hcrm_get_card(i.res_id)["contacts"]
             for i in e["hcrm.feed.identity"].search(
                 [("source_id", "=", source.id), ("res_type", "=", "Patient")],
                 order="ext_id")]
    answer({{"id": source.id, "run": run, "parts": source._state_parts(),
            "models": source.model_ids.mapped("model"),
            "phones": [[c["number"] for c in head] for head in heads]}})
"""

AFTER = """
delta = pull({source}, "delta")
pull({source}, "reconcile")
pull({source}, "reconcile")
again = pull({source}, "delta")
with env.registry.cursor() as cr:
    e = env(cr=cr)
    ids = {{i.ext_id: i.res_id for i in e["hcrm.feed.identity"].search(
        [("source_id", "=", {source})])}}
    gone = e["res.partner"].browse(ids["medical.patient-{gone}"])
    first = e["res.partner"].browse(ids["medical.patient-{first}"])
    visit = e["hcrm.encounter"].browse(ids["medical.encounter-{visit}"])
    answer({{"delta": delta, "again": again, "gone": gone.hcrm_status,
            "active": gone.active, "city": first.city, "visit": visit.state}})
"""


def run(world: World) -> None:
    with (
        world.clone_of_base("his") as database,
        _his(world) as his_world,
        _server(his_world, database) as url,
    ):
        his = Shell(his_world, database)
        hcrm = Shell(world, world.database)
        seed = his.run(SEED.format(count=PATIENTS))
        files = hcrm.run(FILES.format(records=_fhir(seed)))
        assert not files["message"], files["message"]
        remote = hcrm.run(REMOTE.format(url=url, database=database, key=seed["key"]))
        told = remote["run"]
        assert told["state"] == "done", told["message"]
        assert told["count_read"] == files["read"] == PATIENTS + 15
        assert told["count_new"] == PATIENTS + 15, told
        assert remote["parts"] == files["parts"], "another state than from files"
        assert remote["phones"] == files["phones"], "other cards than from files"
        print(f"  {PATIENTS + 15} records of {', '.join(remote['models'])}: as files")
        gone = his.run(CHANGE)
        after = hcrm.run(
            AFTER.format(
                source=remote["id"],
                gone=gone,
                first=seed["patients"][0],
                visit=seed["visits"][0][0],
            )
        )
        assert (after["city"], after["visit"]) == ("Beijing", "cancelled"), after
        assert (after["gone"], after["active"]) == ("gone", True), after
        assert after["again"]["count_changed"] == 0, after["again"]
        print("  changed there, changed here; deleted there, gone here")
        _assert_only_reads()


def _fhir(seed: dict) -> list[dict]:
    """What the HIS would write into FHIR files of its own."""
    records = [
        {
            "resourceType": "Patient",
            "id": f"medical.patient-{patient}",
            "identifier": [
                {
                    "type": {"coding": [{"code": "MR"}]},
                    "value": f"HIS{number:06d}",
                }
            ],
            "name": [{"text": f"Patient {number}"}],
            "gender": "female" if number % 2 else "male",
            "birthDate": f"19{40 + number}-05-06",
            "telecom": [
                {"system": "phone", "value": f"+86136{number:08d}"},
                {"system": "email", "value": f"his{number}@example.com"},
            ],
            "address": [{"line": [f"{number} Long Road"], "city": "Shanghai"}],
        }
        for number, patient in enumerate(seed["patients"])
    ]
    records += [
        {
            "resourceType": "Encounter",
            "id": f"medical.encounter-{visit}",
            "identifier": [{"value": f"E{patient}"}],
            "status": "arrived",
            "subject": {"reference": f"Patient/medical.patient-{patient}"},
            "period": {"start": created},
        }
        for (visit, created), patient in zip(
            seed["visits"], seed["patients"], strict=False
        )
    ]
    records += [
        {
            "resourceType": "Appointment",
            "id": f"medical.appointment-{booked}",
            "status": "booked",
            "start": "2027-01-05T01:00:00Z",
            "serviceType": [{"text": "Check"}],
            "participant": [
                {"actor": {"reference": f"Patient/medical.patient-{patient}"}}
            ],
        }
        for booked, patient in zip(seed["booked"], seed["patients"], strict=False)
    ]
    return records


@contextmanager
def _his(world: World):
    """The same machine for the HIS, which has an addon of its own and not the suite."""
    conf = configparser.RawConfigParser()
    conf.read(world.conf)
    conf["options"]["addons_path"] += f",{ADDONS}"
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as stream:
        conf.write(stream)
        stream.flush()
        yield replace(world, conf=stream.name)


@contextmanager
def _server(world: World, database: str):
    """The HIS in a process of its own; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = ["-c", world.conf, "-d", database]
    install = ["-i", "hcrm_test_his", "--stop-after-init", "--no-http"]
    world.odoo("odoo-his-install", *base, *install)
    (LOG / "odoo-his.log").unlink(missing_ok=True)
    with open(LOG / "odoo-his.log", "ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "odoo", *base]
            + [f"--http-port={port}", "--max-cron-threads=0", "--workers=0"]
            + [f"--db-filter=^{database}$", "--load=base,web"],
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, f"the HIS ended, see {LOG / 'odoo-his.log'}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise AssertionError("the server of the HIS does not answer")


def _assert_only_reads() -> None:
    """What the HIS's own log says it was asked for."""
    text = (LOG / "odoo-his.log").read_text(errors="replace")
    asked = set(re.findall(r"POST /json/2/[\w.]+/(\w+) HTTP", text))
    assert asked == {"search_read", "fields_get"}, f"the HIS was asked for {asked}"
    print(f"  the HIS was asked for nothing but {', '.join(sorted(asked))}")
