"""The shipped set: complete, small, and it ends on any day one likes."""

import gzip
import json
from datetime import date, datetime, timedelta

import prepare
import pytest
from hospital import build
from hospital.clock import HISTORY_DAYS
from shift import Shifter, shift_file

from .conftest import UNTIL, read


@pytest.fixture(scope="module")
def moved(hospital, tmp_path_factory):
    """The small hospital, 45 days later."""
    folder = tmp_path_factory.mktemp("moved")
    shifter = Shifter(45, UNTIL - timedelta(days=HISTORY_DAYS))
    for path in hospital.folder.glob("*.ndjson.gz"):
        shift_file(path, folder / path.name, shifter)
    return read(folder)


def test_shift_keeps_intervals_and_times(hospital, moved):
    days = timedelta(days=45)
    before = {r["id"]: r["period"] for r in read(hospital.folder)["Encounter"]}
    for record in moved["Encounter"]:
        for key, text in record["period"].items():
            old = datetime.fromisoformat(before[record["id"]][key])
            assert datetime.fromisoformat(text) - old == days


def test_shift_moves_births_with_their_deliveries_only(hospital, moved):
    first = (UNTIL - timedelta(days=HISTORY_DAYS)).isoformat()
    before = {r["id"]: r["birthDate"] for r in read(hospital.folder)["Patient"]}
    babies = 0
    for record in moved["Patient"]:
        old, new = before[record["id"]], record["birthDate"]
        if old >= first:
            babies += 1
            assert date.fromisoformat(new) - date.fromisoformat(old) == timedelta(45)
        else:
            # the identity number holds it
            assert new == old
    assert babies


def test_shift_leaves_free_text_alone():
    shifter = Shifter(1, date(2024, 1, 1))
    line = (
        '{"text":"since 2026-01-31","on":"2026-01-31","at":"2026-12-31T23:59:00+08:00"}'
    )
    assert json.loads(shifter.line(line)) == {
        "text": "since 2026-01-31",
        "on": "2026-02-01",
        "at": "2027-01-01T23:59:00+08:00",
    }


def test_shipped_set_is_whole_and_small():
    records = read(prepare.DEMO)
    truth = json.loads(gzip.decompress(prepare.TRUTH.read_bytes()))
    assert len(records["Patient"]) == 2000
    assert {k: len(v) for k, v in records.items()} == truth["records"]
    sizes = [path.stat().st_size for path in prepare.DEMO.iterdir()]
    assert max(sizes) < 1_500_000 and sum(sizes) < 3_000_000
    assert truth["counts"]["phone_on_many_cards"] == 300


def test_shipped_set_is_what_the_generator_writes(tmp_path):
    """Whoever changes the generator ships its output with it."""
    truth = json.loads(gzip.decompress(prepare.TRUTH.read_bytes()))
    until = date.fromisoformat(truth["until"])
    plan = build.Plan(2000, truth["seed"], until, facts=truth["facts_per_patient"])
    build.build(plan, tmp_path, 2)
    assert build.checksum(tmp_path) == build.checksum(prepare.DEMO)


def test_prepare_ends_on_the_day_and_is_done_once(tmp_path):
    until = date(2027, 2, 3)
    out = tmp_path / "demo"
    days = prepare.prepare(out, until)
    assert prepare.shipped_until() + timedelta(days=days) == until
    latest = max(
        record["period"]["start"][:10]
        for record in read(out)["Encounter"]
        if record["status"] != "planned"
    )
    assert latest == until.isoformat()
    assert prepare.shipped_until(tmp_path / "demo.truth.json.gz") == until
    stamp = (out / "Patient.ndjson.gz").stat().st_mtime_ns
    prepare.prepare(out, until)
    assert (out / "Patient.ndjson.gz").stat().st_mtime_ns == stamp
