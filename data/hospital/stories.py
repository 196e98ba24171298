"""The people of rule R25 whose story is the difficulty: births, silences, stays."""

from __future__ import annotations

from . import births, fhir, lives, money, numbers, org, people, visits
from .medicine import BY_CODE


def write(block) -> None:
    for make in (
        twins,
        one_of_twins_lost,
        stillbirth,
        babies_without_a_name,
        staff_and_relatives,
        public_persons,
        legally_sensitive,
        shielded_cancer,
        must_not_know,
        divorced_parents,
        old_and_alone,
        complainant,
        bills_and_stays,
        on_the_wards,
        open_states,
    ):
        make(block)


def _finish(block, person, lived=False):
    if lived:
        lives.live(block, person)
    person.address = person.address or people.address(block.rng)
    people.write_patient(block, person)
    people.write_coverage(block, person)


def _adult(block, sex, age, family="", given="", **changes):
    person = people.make(block, sex, age, family, given)
    person.death = None
    for key, value in changes.items():
        setattr(person, key, value)
    return person


def _baby(block, mother, sex, born, name, family="", given=""):
    """A newborn's card: linked to the mother, reached by her telephone."""
    baby = people.make(block, sex, 0.01, family, given, name)
    baby.birth, baby.death = born, None
    baby.birth_text = block.clock.day(born)
    baby.phones = [(mother.phones[0][0], "mobile", "mother")]
    baby.coverage = "self"
    people.related(block, baby, mother, "MTH", guardian=True)
    return baby


def _mother(block, family, given, age=29):
    mother = _adult(block, "female", age, family, given, home="HQ02", marital="M")
    mother.joined = -400
    return mother


def twins(block):
    """Born ten months ago, registered as 双胎A and 双胎B, named since."""
    mother = _mother(block, "张", "雯")
    born = -305
    pair = [
        _baby(block, mother, sex, born, "", "陆", given)
        for sex, given in (("male", "子昂"), ("female", "子悦"))
    ]
    for baby, letter in zip(pair, "AB", strict=True):
        baby.aliases.append(f"张雯之双胎{letter}")
    births.prenatal(block, mother, born, 1)
    births.deliver(block, mother, pair, born, kind=births.TWINS)
    for person in (mother, *pair):
        _finish(block, person)
    block.plant("twins", {"mother": mother.pid, "babies": [baby.pid for baby in pair]})


def one_of_twins_lost(block):
    """Both lived at birth; the second died on day 9. The first keeps its care."""
    mother = _mother(block, "许", "娟", 34)
    born = -40
    pair = [_baby(block, mother, "female", born, f"许娟之双胎{x}") for x in "AB"]
    pair[1].death = born + 9
    births.prenatal(block, mother, born, 1)
    births.deliver(block, mother, pair, born, kind=births.TWINS)
    for person in (mother, *pair):
        _finish(block, person)
    block.plant(
        "twin_lost",
        {"mother": mother.pid, "living": pair[0].pid, "lost": pair[1].pid},
    )
    for baby in pair:
        block.plant("placeholder_babies", baby.pid)


def stillbirth(block):
    """No card of a child, and nothing that congratulates the mother."""
    mother = _mother(block, "蒋", "慧", 31)
    day = -26
    births.prenatal(block, mother, day + 20, day)
    visits.inpatient(
        block,
        mother,
        births.STILLBORN,
        day,
        outcome="死产",
        category="delivery",
        stay=4,
    )
    _finish(block, mother)
    block.plant("stillbirths", mother.pid)


def babies_without_a_name(block):
    """On the ward now: the desk wrote what it knew."""
    for days, family, given, sex, text in (
        (-1, "李", "红", "female", "李红之女"),
        (-2, "王", "芳", "male", "王芳之子"),
        (-2, "刘", "敏", "male", "刘敏之子"),
    ):
        mother = _mother(block, family, given)
        baby = _baby(block, mother, sex, days, text)
        births.prenatal(block, mother, days, 1)
        births.deliver(block, mother, [baby], days)
        _finish(block, mother)
        _finish(block, baby)
        block.plant("placeholder_babies", baby.pid)
    mother = _mother(block, "周", "琳", 36)
    pair = [_baby(block, mother, "male", -3, f"双胎{x}") for x in "AB"]
    births.prenatal(block, mother, -3, 1)
    births.deliver(block, mother, pair, -3, kind=births.TWINS)
    for person in (mother, *pair):
        _finish(block, person)
    for baby in pair:
        block.plant("placeholder_babies", baby.pid)
    block.plant("twins", {"mother": mother.pid, "babies": [baby.pid for baby in pair]})


def _restricted(person, kind, alias):
    person.extensions.append(("confidentiality", "valueCode", kind))
    person.extensions.append(("alias", "valueString", alias))


def staff_and_relatives(block):
    """A doctor, a nurse and a clerk as patients; a head's wife and mother."""
    doctor = org.doctors()["GAS"][2]
    rows = (
        (doctor.name, doctor.sex, 41, "员工甲", "I10"),
        ("沈静怡", "female", 33, "员工乙", "F41.9"),
        ("陈晓雯", "female", 28, "员工丙", "E03.9"),
    )
    for name, sex, age, alias, code in rows:
        person = _adult(block, sex, age, name[0], name[1:])
        person.chronic = [BY_CODE[code]]
        _restricted(person, "staff", alias)
        _finish(block, person, lived=True)
        block.plant("staff", person.pid)
    for family, given, age, alias in (
        ("方", "秀珍", 68, "家属甲"),
        ("夏", "颖", 39, "家属乙"),
    ):
        person = _adult(block, "female", age, family, given)
        _restricted(person, "staff", alias)
        people.outsider(
            block, person, "FAMMEMB", doctor.name, doctor.sex, emergency=True
        )
        _finish(block, person, lived=True)
        block.plant("relatives_of_staff", person.pid)


def public_persons(block):
    """Under an alias everywhere; greeted today and tomorrow by the VIP centre."""
    rows = (
        (
            "欧阳",
            "若溪",
            "female",
            37,
            "林女士",
            "走西侧通道；经纪人陪同",
            "无麸质",
            "OBS",
            1,
            600,
        ),
        (
            "江",
            "一川",
            "male",
            58,
            "高先生",
            "需单独候诊室；司机陪同",
            "低盐",
            "CAR",
            1,
            560,
        ),
        (
            "雷",
            "振东",
            "male",
            46,
            "秦先生",
            "请勿当众称呼；保密病历",
            "",
            "CHK",
            2,
            480,
        ),
    )
    for family, given, sex, age, alias, alert, diet, dept, day, minute in rows:
        person = _adult(block, sex, age, family, given, coverage="commercial")
        _restricted(person, "public", alias)
        person.extensions.append(("service-alert", "valueString", alert))
        if diet:
            person.extensions.append(("diet", "valueString", diet))
        _finish(block, person, lived=True)
        visits.book(
            block, person, dept, day, "booked", minute=minute, channel="贵宾服务中心"
        )
        block.plant("public_persons", {"person": person.pid, "alias": alias})


def legally_sensitive(block):
    """HIV, psychiatry, reproduction: the law asks for more than discretion."""
    rows = (
        ("male", 34, "B24", "P01"),
        ("female", 29, "B24", "P02"),
        ("female", 22, "F32.9", "P03"),
        ("female", 33, "N97.9", "P04"),
        ("male", 16.4, "F32.9", "P05"),
    )
    for sex, age, code, alias in rows:
        person = _adult(block, sex, age)
        person.chronic = [BY_CODE[code]]
        person.joined = -900
        _restricted(person, "sensitive", alias)
        dept = BY_CODE[code].dept
        for day in (-210, -120, -35):
            visits.outpatient(
                block, person, BY_CODE[code], day, dept=dept, first=day == -210
            )
        visits.book(block, person, dept, 1 if age < 30 else 2, "booked")
        if age < 18:
            # may see the doctor without the parents learning it
            people.outsider(
                block, person, "FTH", "", "male", guardian=True, must_not_know=True
            )
            block.plant("teenager_sensitive_visit", person.pid)
        _finish(block, person)
        block.plant("legally_sensitive", person.pid)


def shielded_cancer(block):
    """She does not know; the family asked for it. Speak with the daughter."""
    person = _adult(block, "female", 71, "吴", "桂兰", coverage="resident")
    cancer = BY_CODE["C34.9"]
    person.joined = -170
    person.extensions.append(("disclosure", "valueCode", "shielded"))
    person.extensions.append(
        ("service-alert", "valueString", "病情请与女儿联系，勿与本人谈论")
    )
    visits.inpatient(
        block, person, cancer, -160, stay=11, reason="肺部结节待查", follow=False
    )
    for day in (-125, -92, -60, -31):
        visits.inpatient(
            block, person, cancer, day, stay=3, operation="", reason="肺部炎症治疗"
        )
    visits.book(block, person, "ONC", 5, "booked", service="呼吸专科复诊")
    daughter = people.outsider(
        block, person, "DAU", "郑丽萍", "female", emergency=True, proxy=True,
        scope="all", speak_with=True,
    )  # fmt: skip
    people.outsider(
        block, person, "HUSB", "郑国强", "male", must_not_know=True, emergency=False
    )
    _finish(block, person)
    block.plant("shielded_cancer", {"person": person.pid, "speak_with": daughter})


def must_not_know(block):
    """A visit the husband must not learn of."""
    person = _adult(block, "female", 35, "戴", "颖", marital="M")
    for day in (-64, -22):
        visits.outpatient(
            block, person, BY_CODE["N97.9"], day, dept="REP", first=day == -64
        )
    relative = people.outsider(
        block, person, "HUSB", "郭海涛", "male", must_not_know=True, emergency=True
    )
    _finish(block, person)
    block.plant("must_not_know", {"person": person.pid, "relative": relative})


def divorced_parents(block):
    """Both say they are the guardian of a nine-year-old with asthma."""
    father = _adult(block, "male", 39, "贺", "鹏", marital="D")
    mother = _adult(block, "female", 37, "段", "雪梅", marital="D")
    child = people.make(block, "male", 9.4, "贺", "子墨")
    child.death = None
    child.chronic = [BY_CODE["J45.9"]]
    child.phones = [
        (mother.phones[0][0], "mobile", "mother"),
        (father.phones[0][0], "mobile", "father"),
    ]
    child.extensions.append(
        ("service-alert", "valueString", "父母双方均主张监护，变更须核实文件")
    )
    for parent, role in ((father, "FTH"), (mother, "MTH")):
        people.related(block, child, parent, role, guardian=True, emergency=True)
    for person in (father, mother, child):
        _finish(block, person, lived=True)
    block.plant(
        "divorced_guardians",
        {"child": child.pid, "claims": [father.pid, mother.pid]},
    )


def old_and_alone(block):
    """Ninety-three, hard of hearing, a landline, her dialect only; a son with proxy."""
    person = _adult(block, "female", 93.3, "钱", "阿妹", coverage="resident")
    person.phones = [(numbers.landline(person.index), "home", "")]
    person.language = "wuu"
    person.chronic = [BY_CODE["I10"], BY_CODE["I48.9"]]
    person.joined = -1090
    person.extensions.append(
        ("service-alert", "valueString", "听力差，只讲苏州话；请慢讲、重复一遍")
    )
    person.extensions.append(("preferred-time", "valueCode", "morning"))
    people.outsider(
        block,
        person,
        "SON",
        "钱国平",
        "male",
        emergency=True,
        proxy=True,
        scope="booking",
    )
    _finish(block, person, lived=True)
    visits.book(block, person, "CAR", 1, "booked", minute=540, channel="电话")
    block.plant("landline_dialect", person.pid)
    person = _adult(block, "male", 80.2, "邱", "德明", coverage="urban_employee")
    person.chronic = [BY_CODE["E11.9"]]
    people.outsider(
        block,
        person,
        "DAU",
        "邱海燕",
        "female",
        emergency=True,
        proxy=True,
        scope="all",
    )
    _finish(block, person, lived=True)
    block.plant("proxy_of_the_old", person.pid)


def complainant(block):
    """Complained four times, now at court; the card says only who looks after him."""
    person = _adult(block, "male", 55, "龚", "立新")
    person.chronic = [BY_CODE["I48.9"]]
    person.joined = -1000
    person.extensions.append(
        ("service-alert", "valueString", "来访来电请转客服部专人接待")
    )
    enc, _out = visits.inpatient(
        block, person, BY_CODE["M17.9"], -420, stay=21, disposition="非医嘱离院"
    )
    _finish(block, person, lived=True)
    block.plant("complainant", {"person": person.pid, "stay": enc})


def bills_and_stays(block):
    """Discharged before settling, back on day three, moved between campuses."""
    for days in (-33, -12, -5):
        person = _adult(block, "male", 60)
        enc, _out = visits.inpatient(
            block,
            person,
            BY_CODE["J18.9"],
            days - 6,
            stay=6,
            settle=False,
            follow=False,
        )
        _finish(block, person)
        block.plant("discharged_unsettled", {"person": person.pid, "encounter": enc})
    for days, code in ((-80, "K80.2"), (-44, "K35.8"), (-16, "J18.9")):
        person = _adult(block, "female", 52)
        disease = BY_CODE[code]
        first, out = visits.inpatient(
            block,
            person,
            disease,
            days - 5,
            stay=5,
            follow=False,
            disposition="医嘱离院",
        )
        again, _out = visits.inpatient(
            block, person, disease, out + 3, operation="", follow=False,
            reason=f"{disease.zh}术后复发待查",
        )  # fmt: skip
        _finish(block, person)
        block.plant(
            "readmitted_day_3", {"person": person.pid, "first": first, "second": again}
        )
    for days in (-58, -21):
        person = _adult(block, "male", 66)
        first, out = visits.inpatient(
            block, person, BY_CODE["M17.9"], days, stay=4, settle=False, follow=False,
            disposition="转东院区",
        )  # fmt: skip
        second, _out = visits.inpatient(
            block, person, BY_CODE["I21.9"], out, part_of=first, follow=False
        )
        _finish(block, person)
        block.plant(
            "moved_between_campuses",
            {"person": person.pid, "first": first, "second": second},
        )
    _split_bills(block)


def _split_bills(block):
    """One visit whose bill each kind of payer shares, and half of it given back."""
    for coverage in ("urban_employee", "resident", "commercial", "employer", "self"):
        person = _adult(block, "female", 47, coverage=coverage)
        enc = visits.outpatient(block, person, BY_CODE["K29.7"], -18, doctor="GAS03")
        money.refund(
            block,
            person,
            enc,
            "GAS",
            "GAS03",
            block.clock.at(-15, 610),
            "drug",
            "退药",
            18,
        )
        _finish(block, person)
        block.plant(
            "payer_splits",
            {"person": person.pid, "coverage": coverage, "encounter": enc},
        )


WARDS = (
    ("CAR", "I25.1", 67), ("RES", "J18.9", 72), ("GSU", "K80.2", 49), ("ORT", "M17.9", 70),
    ("ONC", "C18.9", 63), ("NEU", "I63.9", 75), ("URO", "N20.1", 44), ("GYN", "D25.9", 42),
    ("PED", "J18.9", 5), ("RES", "J44.9", 78),
)  # fmt: skip


def on_the_wards(block):
    """Beds that are taken today, and people discharged in the last days."""
    for number, (dept, code, age) in enumerate(WARDS):
        sex = "female" if dept == "GYN" or number % 2 else "male"
        disease = BY_CODE[code]
        lying = people.make(block, sex, age)
        lying.death = None
        visits.inpatient(
            block, lying, disease, -1 - number % 4, stay=6 + number % 3, dept=dept
        )
        home = people.make(block, sex, age + 1)
        home.death = None
        out = 1 + number % 6
        visits.inpatient(
            block, home, disease, -out - 5, stay=5, dept=dept, follow=False
        )
        for person, key in ((lying, "on_ward_now"), (home, "just_discharged")):
            _finish(block, person)
            block.plant(key, person.pid)


def open_states(block):
    """Visits of every state that is not finished, for whoever shows them."""
    rows = (
        ("planned", "IMP", "ORT", 4),
        ("planned", "IMP", "OBS", 6),
        ("planned", "IMP", "GSU", 2),
        ("cancelled", "IMP", "OPH", -9),
        ("cancelled", "AMB", "DER", -4),
        ("onleave", "IMP", "PSY", -12),
        ("arrived", "EMER", "EMR", 0),
    )
    for number, (status, klass, dept, day) in enumerate(rows):
        person = _adult(block, "female", 30 + number)
        department = org.DEPARTMENT[dept]
        person.entities.add(org.ENTITY_OF[dept])
        enc = person.next_id("e")
        block.add(
            "Encounter",
            fhir.encounter(
                enc, f"DJ{person.index:07d}{person.serial:03d}", status, klass, person.pid,
                org.department_ref(dept), org.campus_ref(department.campus),
                visits.choose_doctor(block, person, dept, min(day, 0)),
                block.clock.at(day, 22 * 60 + 40 if status == "arrived" else 540),
                ward=f"{department.zh}病区" if status == "onleave" else "",
                bed="08床" if status == "onleave" else "",
            ),
        )  # fmt: skip
        _finish(block, person)
        block.plant(
            "open_states", {"person": person.pid, "encounter": enc, "state": status}
        )
