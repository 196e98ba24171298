"""The generator: the same twice, the same by any number of processes, whole."""

import gzip
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hospital import build, clock, noise

from .conftest import UNTIL, read

PEOPLE = {"Organization", "Location", "Practitioner", "Patient", "RelatedPerson"}
REQUIRED = {
    "Organization": ("identifier", "name", "type"),
    "Location": ("identifier", "name", "physicalType", "managingOrganization"),
    "Practitioner": ("identifier", "name"),
    "Patient": ("identifier", "name", "gender", "birthDate", "managingOrganization"),
    "RelatedPerson": ("patient", "relationship", "name"),
    "Coverage": ("status", "type", "beneficiary", "payor"),
    "Encounter": ("status", "class", "subject", "period", "serviceProvider"),
    "Appointment": ("status", "start", "participant"),
    "AllergyIntolerance": ("clinicalStatus", "code", "patient", "criticality"),
    "Condition": ("clinicalStatus", "code", "subject", "recordedDate"),
    "Procedure": ("status", "code", "subject", "performedPeriod", "category"),
    "MedicationRequest": ("status", "intent", "medicationCodeableConcept", "subject"),
    "Observation": ("status", "category", "code", "subject", "effectiveDateTime"),
    "ChargeItem": ("status", "code", "subject", "occurrenceDateTime", "priceOverride"),
}


def _references(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "reference":
                yield inner
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _texts(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            # the supply of a drug lasts beyond today
            if key not in ("birthDate", "dispenseRequest"):
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def test_same_seed_same_bytes_whatever_the_processes(plan, hospital, tmp_path):
    build.build(plan, tmp_path / "two", 2, tmp_path / "truth")
    for path in hospital.folder.iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path
    assert (tmp_path / "truth").read_bytes() == hospital.truth_file.read_bytes()


def test_other_seed_other_people(plan, hospital, tmp_path):
    build.build(replace(plan, seed=12), tmp_path / "other", 1)
    assert build.checksum(tmp_path / "other") != build.checksum(hospital.folder)


def test_counts(plan, hospital):
    records = hospital.records
    assert len(records["Patient"]) == plan.patients
    assert set(records) == set(REQUIRED)
    assert all(records.values())
    assert {k: len(v) for k, v in records.items()} == hospital.truth["records"]


def test_facts_follow_the_parameter(plan):
    def facts(rate):
        block = build.make_block(replace(plan, patients=2000, facts=rate), 5)
        return block.facts() / block.size

    assert 7 < facts(10) < 14
    assert facts(30) > 2 * facts(10)


def test_too_few_patients_are_refused(plan, tmp_path):
    with pytest.raises(ValueError, match="at least 500"):
        build.build(replace(plan, patients=100), tmp_path)


@pytest.mark.parametrize("kind", REQUIRED)
def test_shape(hospital, kind):
    for record in hospital.records[kind]:
        assert record["resourceType"] == kind
        assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", record["id"])
        missing = [name for name in REQUIRED[kind] if not record.get(name)]
        assert not missing, (missing, record)


def test_ids_are_unique_and_references_exist(hospital):
    known = set()
    for kind, records in hospital.records.items():
        ids = [f"{kind}/{record['id']}" for record in records]
        assert len(ids) == len(set(ids)), kind
        known.update(ids)
    for records in hospital.records.values():
        for record in records:
            missing = set(_references(record)) - known
            assert not missing, record


def test_nothing_after_until_but_appointments(hospital):
    last = UNTIL.isoformat()
    allowed = {"Appointment", "Practitioner"}
    for kind, records in hospital.records.items():
        if kind in allowed:
            continue
        for record in records:
            if record.get("status") == "planned":
                continue
            for text in _texts(record):
                if re.match(r"\d{4}-\d\d-\d\d(T|$)", text):
                    assert text[:10] <= last, record


def test_nothing_in_the_night_without_the_his(hospital):
    gap = hospital.truth["facts"]["night_without_his"]
    inside = [
        record
        for records in hospital.records.values()
        for record in records
        for text in _texts(record)
        if re.match(r"\d{4}-\d\d-\d\dT", text) and gap["from"] <= text < gap["to"]
    ]
    assert not inside


def test_ends_do_not_precede_starts(hospital):
    for record in hospital.records["Encounter"]:
        period = record["period"]
        assert period.get("end", period["start"]) >= period["start"], record


def test_nobody_comes_after_death(hospital):
    dead = {
        f"Patient/{record['id']}": record["deceasedDateTime"]
        for record in hospital.records["Patient"]
        if record.get("deceasedDateTime")
    }
    assert dead
    for record in hospital.records["Encounter"]:
        day = dead.get(record["subject"]["reference"])
        assert not day or record["period"]["start"][:10] <= day, record


def test_every_desk_has_work(hospital):
    """R25: arrivals today and tomorrow at every campus."""
    days = {(UNTIL + timedelta(days=n)).isoformat() for n in (1, 2)}
    seen = Counter()
    for record in hospital.records["Appointment"]:
        campus = record["participant"][2]["actor"]["reference"]
        if record["start"][:10] in days and record["status"] == "booked":
            seen[record["start"][:10], campus] += 1
    assert len(seen) == 6, seen
    states = {record["status"] for record in hospital.records["Appointment"]}
    assert {
        "booked",
        "fulfilled",
        "cancelled",
        "noshow",
        "waitlist",
        "pending",
    } <= states


def test_payers_add_up_to_the_price(hospital):
    """R17: the parts of the payers are the amount, to the cent."""
    payers = {"pooled", "account", "self", "commercial", "employer"}
    kinds = Counter()
    for record in hospital.records["ChargeItem"]:
        extension = {e["url"].rsplit("/", 1)[1]: e for e in record["extension"]}
        kind = extension["charge-kind"]["valueCode"]
        kinds[kind] += 1
        parts = extension["payer-split"]["extension"]
        total = sum(p["valueDecimal"] for p in parts if p["url"] in payers)
        amount = record["priceOverride"]["value"]
        assert round(total, 2) == amount, record
        if kind == "refund":
            assert amount < 0
    assert set(kinds) == {"charge", "refund", "deposit", "settlement"}


def test_flu_comes_in_autumn(plan):
    months = Counter()
    for number in range(1, 6):
        block = build.make_block(replace(plan, patients=2000, facts=30), number)
        for line in block.lines["Condition"]:
            record = json.loads(line)
            if record["code"]["coding"][0]["code"] == "J11.1":
                months[int(record["recordedDate"][5:7])] += 1
    assert sum(months[m] for m in (10, 11, 12)) > 0.65 * sum(months.values())


@pytest.mark.parametrize("model", noise.MODELS)
def test_second_cards_differ_as_their_model_says(plan, model, tmp_path):
    build.build(
        replace(plan, noise="high", error_model=model),
        tmp_path / "x",
        1,
        tmp_path / "t",
    )
    patients = {record["id"]: record for record in read(tmp_path / "x")["Patient"]}
    truth = json.loads(gzip.decompress((tmp_path / "t").read_bytes()))
    pairs = truth["planted"]["duplicates"]
    assert len(pairs) >= 15
    for pair in pairs:
        first, second = patients[pair["first"]], patients[pair["second"]]
        if "name" in pair["errors"]:
            assert first["name"][0]["text"] != second["name"][0]["text"]
        if "birth" not in pair["errors"]:
            assert first["birthDate"] == second["birthDate"]


def test_no_noise_no_second_cards(plan):
    block = build.make_block(replace(plan, noise="none"), 1)
    assert "duplicates" not in block.truth


def test_clock_knows_days_far_back():
    ticks = clock.Clock(date(2026, 3, 1))
    assert ticks.day(0) == "2026-03-01"
    assert ticks.day(-1) == "2026-02-28"
    assert ticks.day(-36525)[:2] == "19"
    moment = datetime.fromisoformat(ticks.at(-1, 24 * 60 + 5))
    assert moment.isoformat() == "2026-03-01T00:05:00+08:00"
