"""The people of rule R25 whose names, papers and telephones are the difficulty.

All stand in the first block, whatever the number of patients, except the crowd on
one telephone, which is spread. Every case is planted under a key, so that the
truth file can be counted; the care stories are in ``stories``.
"""

from __future__ import annotations

from datetime import date

from . import lives, names, noise, numbers, org, people, stories, visits
from .clock import GAP_DAY, GAP_END, GAP_START, MINUTES
from .medicine import BY_CODE

NAMESAKES = 14
CROWD = 300
CROWD_SHARE = 15  # at most this per cent of all patients
CROWD_PHONE = numbers.mobile(90_000_001)
DESK_PHONE = "021-10000100"  # the hospital's own switchboard, typed when in doubt
PLACEHOLDER_PHONES = (DESK_PHONE, "00000000000", "11111111111", "无")


def write(block, plan) -> None:
    """All single cases; the block's other patients are ordinary households."""
    for make in (
        namesakes,
        reissued_numbers,
        unnamed_emergency,
        foreigners,
        papers_of_elsewhere,
        rare_names,
        odd_papers,
        odd_phones,
        several_record_numbers,
    ):
        make(block)
    stories.write(block)
    write_shared(block, plan)


def write_shared(block, plan) -> None:
    """A factory's check-up day: the clerk typed one telephone on every card."""
    total = min(CROWD, plan.patients * CROWD_SHARE // 100)
    end = block.first + block.size
    count = end * total // plan.patients - block.first * total // plan.patients
    for _i in range(min(count, block.free)):
        sex = "male" if block.rng.random() < 0.6 else "female"
        person = people.make(block, sex, 20 + block.rng.random() * 38)
        person.phones = [(CROWD_PHONE, "mobile", "")]
        person.extensions.append(("occupation", "valueString", "纺织工人"))
        day = -240 + int(block.rng.random() * 3)
        person.joined = day
        person.home = "HQ01"
        visits.checkup(
            block, person, day, package=("单位团检套餐", 320), coverage="employer"
        )
        finish(block, person, lived=False)
        block.plant("phone_on_many_cards", person.pid)


def finish(block, person, *, lived=True) -> None:
    """Add an ordinary life where wanted, and write the card."""
    if lived:
        lives.live(block, person)
    if person.address is None and lived:
        person.address = people.address(block.rng)
    people.write_patient(block, person)
    people.write_coverage(block, person)


def namesakes(block) -> None:
    """Fourteen 王伟; two of one birth year lie in one ward."""
    ages = (48.3, 48.9, 19, 24, 31, 36, 41, 44, 53, 57, 62, 68, 74, 81)
    for number, age in enumerate(ages):
        sex = "female" if number in (4, 9) else "male"
        person = people.make(block, sex, age, "王", "伟")
        person.death = None
        if number < 2:
            year = int(block.clock.day(-int(48.6 * 365.25))[:4])
            _born_in(block, person, year, number)
            visits.inpatient(
                block, person, BY_CODE["I25.1"], -2 - number, stay=9, operation="",
                dept="CAR", bed=f"{11 + number}床",
            )  # fmt: skip
            block.plant("namesakes_one_ward", person.pid)
        finish(block, person)
        block.plant("namesakes", person.pid)


def _born_in(block, person, year, number):
    """Set a date of birth in ``year`` and make the identity number agree."""
    person.birth_text = f"{year}-0{3 + number * 4}-1{person.index % 10}"
    person.birth = block.clock.to_number(date.fromisoformat(person.birth_text))
    person.papers = [
        (
            "RIC",
            numbers.resident_number(person.birth_text, person.index, person.sex),
            None,
            None,
        )
    ]


def reissued_numbers(block) -> None:
    """A number given up long ago and handed to a stranger by the carrier."""
    for _i in range(5):
        before = people.make(block, "female", 40 + block.rng.random() * 30)
        before.joined, before.leaves, before.death = -1090, -760, None
        after = people.make(block, "male", 20 + block.rng.random() * 30)
        after.joined, after.death = -300, None
        after.phones = list(before.phones)
        for person in (before, after):
            visits.outpatient(block, person, BY_CODE["J06.9"], person.joined + 2)
            finish(block, person)
        block.plant(
            "reissued_numbers",
            {"number": before.phones[0][0], "before": before.pid, "now": after.pid},
        )


def unnamed_emergency(block) -> None:
    """Brought in by an ambulance, no paper, no name, the age guessed."""
    person = people.make(block, "male", 50, name="无名氏")
    person.papers, person.phones = [], []
    person.coverage, person.death, person.home = "self", None, "HQ01"
    person.birth_text = person.birth_text[:4]
    person.joined = 0
    stroke = BY_CODE["I63.9"]
    visits.outpatient(
        block, person, stroke, 0, klass="EMER", minute=190, reason="意识不清待查"
    )
    visits.inpatient(
        block, person, stroke, 0, stay=10, operation="", reason="意识不清待查"
    )
    finish(block, person, lived=False)
    block.plant("unnamed", person.pid)


def foreigners(block) -> None:
    """Two passports each: the old number stays searchable."""
    for text, family, given, sex, country, language in names.FOREIGN:
        person = people.make(
            block, sex, 28 + block.rng.random() * 30, family, given, text
        )
        person.language, person.coverage, person.death = language, "commercial", None
        renewed = -200 - person.index % 300
        old, new = (
            numbers.passport(person.index * 2),
            numbers.passport(person.index * 2 + 1),
        )
        person.papers = [
            ("PPN", old, renewed - 3650, renewed),
            ("PPN", new, renewed, None),
        ]
        nation = {"US": "USA", "DE": "DEU"}.get(country)
        if nation:
            born = person.birth_text[2:].replace("-", "")
            card = f"{nation}{person.index % 10_000:04d}{born}00"
            person.papers.append(("FPR", card, -900, None))
        person.extensions.append(("service-alert", "valueString", "需要外语服务"))
        if country == "IN":
            person.extensions.append(("diet", "valueString", "素食"))
        finish(block, person)
        block.plant("renewed_passports", {"person": person.pid, "old": old, "new": new})


def papers_of_elsewhere(block) -> None:
    """Residence permits and travel permits of Hong Kong, Macau and Taiwan."""
    for number, (family, given, sex, region, travel) in enumerate(
        (
            ("陈", "嘉欣", "female", "81", ("HRP", "H0000")),
            ("何", "志豪", "male", "82", ("HRP", "M0000")),
            ("林", "怡君", "female", "83", ("TWP", "0000")),
            ("黄", "俊杰", "male", "81", None),
            ("张", "雅婷", "female", "83", None),
        )
    ):
        person = people.make(block, sex, 30 + number * 9, family, given)
        permit = numbers.permit_number(person.birth_text, sex, region)
        person.papers = [("HMT", permit, None, None)]
        person.death = None
        if travel:
            kind, lead = travel
            person.papers.append(
                (kind, f"{lead}{person.index % 10_000:04d}", None, None)
            )
        person.language = (
            "yue" if region == "81" else "zh-TW" if region == "83" else "zh-CN"
        )
        finish(block, person)
        block.plant("hk_macau_taiwan", person.pid)


def rare_names(block) -> None:
    """Compound surnames, surnames of several readings, names with the dot."""
    for number, family in enumerate(names.COMPOUND):
        _named(block, "compound_names", family, number)
    for number, family in enumerate(names.POLYPHONES * 2):
        _named(block, "polyphone_names", family, number)
    for number, (text, sex) in enumerate(names.MINORITY):
        person = people.make(block, sex, 22 + number * 5, name=text)
        person.death = None
        if number in (0, 2):
            person.language = "ug"
        finish(block, person)
        block.plant("minority_names", person.pid)
    for text in ("李喆堃", "张㛃", "王𬭎", "陈淼焱"):
        person = people.make(block, "male", 35, text[0], text[1:])
        person.death = None
        finish(block, person)
        block.plant("rare_characters", person.pid)


def _named(block, key, family, number):
    sex = "male" if number % 2 else "female"
    person = people.make(block, sex, 20 + number * 5, family)
    person.death = None
    finish(block, person)
    block.plant(key, person.pid)


def odd_papers(block) -> None:
    """What hospitals really hold: old numbers, typing errors, no paper at all."""
    for number in range(3):
        person = people.make(block, "male", 79 + number)
        person.death = None
        person.papers = [
            (
                "RIC15",
                numbers.resident_number_15(person.birth_text, person.index, "male"),
                None,
                None,
            )
        ]
        finish(block, person)
        block.plant("old_identity_numbers", person.pid)
    for number in range(3):
        person = people.make(block, "female", 45 + number)
        person.death = None
        good = numbers.resident_number(person.birth_text, person.index, "female")
        person.papers = [
            ("RIC", good[:-1] + ("1" if good[-1] != "1" else "2"), None, None)
        ]
        finish(block, person)
        block.plant("wrong_check_digit", person.pid)
    for kind, value in (("MIL", "军字第0000123号"), ("NONE", "流动人口，证件遗失")):
        person = people.make(block, "male", 33)
        person.death = None
        person.papers = [(kind, value, None, None)]
        finish(block, person)
        block.plant("other_papers", person.pid)


def odd_phones(block) -> None:
    """One number in many written forms, and what is no number of anybody's."""
    forms = (
        "{0} {1} {2}", "{0}-{1}-{2}", "+86 {0}{1}{2}", "0086{0}{1}{2}", "9{0}{1}{2}",
        "{0}{1}{2}转2", "（{0}）{1}{2}", "{0}{1}{2}/{0}{1}{2}",
    )  # fmt: skip
    for form in forms:
        person = people.make(block, "female", 30 + block.rng.random() * 30)
        person.death = None
        number = person.phones[0][0]
        written = form.format(number[:3], number[3:7], number[7:])
        person.phones = [(written, "mobile", "")]
        finish(block, person)
        block.plant(
            "phone_forms", {"person": person.pid, "written": written, "number": number}
        )
    for value in PLACEHOLDER_PHONES:
        for _i in range(2):
            person = people.make(block, "male", 25 + block.rng.random() * 40)
            person.death = None
            person.phones = [(value, "mobile", "")]
            finish(block, person)
            block.plant("placeholder_phones", person.pid)


def several_record_numbers(block) -> None:
    """The HIS gave one person a second number at the same hospital."""
    for _i in range(4):
        person = people.make(block, "female", 30 + block.rng.random() * 40)
        person.death = None
        person.home = "HQ01"
        second = numbers.record_number("HQ01", 9_000_000 + person.index)
        person.mrn["HQ01"] = (numbers.record_number("HQ01", person.index), second)
        finish(block, person)
        block.plant("several_record_numbers", {"person": person.pid, "second": second})


def summary(clock, planted) -> dict:
    """What the truth file holds: counts, rows, and the facts of the group."""
    return {
        "counts": {key: len(rows) for key, rows in sorted(planted.items())},
        "planted": planted,
        "facts": {
            "night_without_his": {
                "from": clock.day(GAP_DAY) + MINUTES[GAP_START],
                "to": clock.day(GAP_DAY + 1) + MINUTES[GAP_END],
            },
            "doctor_who_left": {
                "practitioner": org.LEFT_DOCTOR,
                "on": clock.day(org.LEFT_DAY),
            },
            "number_on_many_cards": CROWD_PHONE,
            "switchboard": DESK_PHONE,
            "sequences": SEQUENCES,
            "error_models": list(noise.MODELS),
        },
    }


# planted: how often the second service follows the first, and within how many days
SEQUENCES = {
    "breath_test_gastroscopy": {"share": 0.5, "days": 32},
    "cataract_second_eye": {"share": 0.6, "days": 82},
    "delivery_recovery": {"share": 0.4, "days": 60},
}
