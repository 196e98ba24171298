"""R25's people: as many as the truth file says, and as difficult as it says."""

import re
from collections import Counter, defaultdict

import phonenumbers
import pytest
from hospital import cases, names, numbers, org
from stdnum.cn import ric

EXPECTED = {
    "namesakes": 14,
    "namesakes_one_ward": 2,
    "reissued_numbers": 5,
    "twins": 2,
    "twin_lost": 1,
    "stillbirths": 1,
    "placeholder_babies": 7,
    "unnamed": 1,
    "renewed_passports": 10,
    "hk_macau_taiwan": 5,
    "compound_names": 8,
    "minority_names": 10,
    "staff": 3,
    "relatives_of_staff": 2,
    "public_persons": 3,
    "legally_sensitive": 5,
    "shielded_cancer": 1,
    "divorced_guardians": 1,
    "landline_dialect": 1,
    "complainant": 1,
    "discharged_unsettled": 3,
    "readmitted_day_3": 3,
    "moved_between_campuses": 2,
    "payer_splits": 5,
}


@pytest.fixture(scope="module")
def patients(hospital):
    return {record["id"]: record for record in hospital.records["Patient"]}


@pytest.fixture(scope="module")
def encounters(hospital):
    return {record["id"]: record for record in hospital.records["Encounter"]}


def _planted(hospital, key):
    return hospital.truth["planted"][key]


def _extensions(record):
    return {
        row["url"].rsplit("/", 1)[1]: next(v for k, v in row.items() if k != "url")
        for row in record.get("extension", ())
    }


def _papers(record, kind):
    return [
        row["value"]
        for row in record["identifier"]
        if row["type"]["coding"][0]["code"] == kind
    ]


def test_truth_counts_every_case(hospital):
    counts = hospital.truth["counts"]
    assert {key: counts.get(key) for key in EXPECTED} == EXPECTED
    for key, rows in hospital.truth["planted"].items():
        assert counts[key] == len(rows)


def test_namesakes(hospital, patients, encounters):
    found = {i for i, p in patients.items() if p["name"][0]["text"] == "王伟"}
    assert found == set(_planted(hospital, "namesakes"))
    pair = _planted(hospital, "namesakes_one_ward")
    assert len({patients[i]["birthDate"][:4] for i in pair}) == 1
    wards = {
        e["location"][1]["location"]["display"]
        for e in encounters.values()
        if e["subject"]["reference"][8:] in pair and e["status"] == "in-progress"
    }
    assert len(wards) == 1


def test_one_phone_on_many_cards(hospital, patients):
    """Three hundred of them, or fifteen in a hundred where people are few."""
    number = hospital.truth["facts"]["number_on_many_cards"]
    found = {
        i
        for i, p in patients.items()
        if any(t["value"] == number for t in p.get("telecom", ()))
    }
    assert found == set(_planted(hospital, "phone_on_many_cards"))
    assert len(found) == min(cases.CROWD, len(patients) * cases.CROWD_SHARE // 100)


def test_reissued_numbers_are_on_strangers(hospital, patients):
    for row in _planted(hospital, "reissued_numbers"):
        before, now = patients[row["before"]], patients[row["now"]]
        assert (
            before["telecom"][0]["value"] == now["telecom"][0]["value"] == row["number"]
        )
        assert before["name"] != now["name"]


def test_identity_numbers_are_nobodys(hospital, patients):
    wrong = set(_planted(hospital, "wrong_check_digit"))
    values = Counter()
    second = {row["second"] for row in hospital.truth["planted"].get("duplicates", ())}
    for ext_id, record in patients.items():
        for value in _papers(record, "RIC"):
            assert value.startswith(numbers.REGION)
            assert (ric.calc_check_digit(value) == value[-1]) is (ext_id not in wrong)
            assert value[6:14] == record["birthDate"].replace("-", "")
            assert (int(value[16]) % 2 == 1) is (record["gender"] == "male")
            if ext_id not in second:
                values[value] += 1
        for value in _papers(record, "HMT"):
            assert value[:6] in ("810000", "820000", "830000")
            assert ric.calc_check_digit(value) == value[-1]
    assert len(values) > 300 and max(values.values()) == 1


def test_phones_are_possible_and_nobodys(hospital, patients):
    odd = {row["person"] for row in _planted(hospital, "phone_forms")}
    odd |= set(_planted(hospital, "placeholder_phones"))
    checked = 0
    for ext_id, record in patients.items():
        for row in record.get("telecom", ()):
            if row["system"] != "phone" or ext_id in odd:
                continue
            number = phonenumbers.parse(row["value"], "CN")
            assert phonenumbers.is_possible_number(number), row
            assert not phonenumbers.is_valid_number(number), row
            checked += 1
    assert checked > 400


def test_babies_hang_on_their_mothers(hospital, patients):
    mothers = defaultdict(set)
    for record in hospital.records["RelatedPerson"]:
        if record["relationship"][0]["coding"][0]["code"] == "MTH":
            mothers[record["patient"]["reference"][8:]].add(
                _extensions(record)["patient"]["reference"][8:]
            )
    for ext_id in _planted(hospital, "placeholder_babies"):
        (mother,) = mothers[ext_id]
        baby, parent = patients[ext_id], patients[mother]
        assert baby["telecom"][0]["value"] == parent["telecom"][0]["value"]
        assert not _papers(baby, "RIC")
        assert re.search("之女|之子|双胎", baby["name"][0]["text"])
    outcomes = [
        record["outcome"]["text"]
        for record in hospital.records["Procedure"]
        if "outcome" in record
    ]
    assert outcomes.count("死产") == 1


def test_silences(hospital, patients):
    """R4, R8: who does not know, who must not know, who has another name."""
    (row,) = _planted(hospital, "shielded_cancer")
    told = _extensions(patients[row["person"]])
    assert told["disclosure"] == "shielded"
    related = {r["id"]: r for r in hospital.records["RelatedPerson"]}
    assert _extensions(related[row["speak_with"]])["is-proxy"]
    for row in _planted(hospital, "public_persons"):
        told = _extensions(patients[row["person"]])
        assert (told["confidentiality"], told["alias"]) == ("public", row["alias"])
    for key in ("staff", "relatives_of_staff"):
        for ext_id in _planted(hospital, key):
            assert _extensions(patients[ext_id])["confidentiality"] == "staff"
    (row,) = _planted(hospital, "must_not_know")
    assert _extensions(related[row["relative"]])["must-not-know"]
    (row,) = _planted(hospital, "divorced_guardians")
    claims = [
        _extensions(r)["patient"]["reference"][8:]
        for r in related.values()
        if r["patient"]["reference"][8:] == row["child"]
        and _extensions(r).get("is-guardian")
    ]
    assert sorted(claims) == sorted(row["claims"])


def test_stays(hospital, encounters):
    for row in _planted(hospital, "readmitted_day_3"):
        end = encounters[row["first"]]["period"]["end"][:10]
        start = encounters[row["second"]]["period"]["start"][:10]
        assert int(start[8:]) - int(end[8:]) in (3, 3 - 30, 3 - 31, 3 - 28)
    for row in _planted(hospital, "moved_between_campuses"):
        first, second = encounters[row["first"]], encounters[row["second"]]
        assert second["partOf"]["reference"].endswith(row["first"])
        assert first["location"][0] != second["location"][0]
    kinds = defaultdict(set)
    for record in hospital.records["ChargeItem"]:
        kinds[record["context"]["reference"][10:]].add(
            _extensions(record)["charge-kind"]
        )
    for row in _planted(hospital, "discharged_unsettled"):
        assert encounters[row["encounter"]]["status"] == "finished"
        assert "settlement" not in kinds[row["encounter"]]


def test_nobody_sees_the_doctor_who_left(hospital, encounters):
    left = hospital.truth["facts"]["doctor_who_left"]
    for record in encounters.values():
        doctor = record["participant"][0]["individual"]["reference"]
        if doctor.endswith(left["practitioner"]):
            assert record["period"]["start"][:10] <= left["on"]
    active = {r["id"]: r["active"] for r in hospital.records["Practitioner"]}
    assert [i for i, value in active.items() if not value] == [org.LEFT_DOCTOR]


def test_churn_has_a_cause_and_no_later_visit(hospital):
    rows = {row["person"]: row for row in _planted(hospital, "churn")}
    known = {
        "death",
        "moved",
        "natural",
        "friend_advice",
        "price",
        "dissatisfied",
        "ignored",
    }
    assert {row["cause"] for row in rows.values()} <= known
    for record in hospital.records["Encounter"]:
        row = rows.get(record["subject"]["reference"][8:])
        if row:
            assert record["period"]["start"][:10] <= row["last_possible_visit"], record


def test_names_are_spread_as_in_life():
    from random import Random

    rng = Random(1)
    seen = Counter(names.surname(rng) for _i in range(20_000))
    top = [name for name, _count in seen.most_common(3)]
    assert set(top) == {"王", "李", "张"}
    assert 0.05 < seen["王"] / 20_000 < 0.09
