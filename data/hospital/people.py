"""Households: who lives together, how old they are, whose telephone they give."""

from __future__ import annotations

from . import fhir, names, numbers, org
from .clock import HISTORY_DAYS
from .model import Block, Person

ROADS = (
    "示范路 海青路 松涛路 银杏街 和平里 桂花巷 书院街 清泉路 梧桐街 望江路 青石巷 新港路 "
    "学府路 春晖路 荷花池路 云锦路 长乐街 枫林路 百花巷 星光路"
).split()
# city, state, postal code, share
PLACES = (
    (("上海市", "上海市", "200000"), 58),
    (("苏州市", "江苏省", "215000"), 28),
    (("昆山市", "江苏省", "215300"), 7),
    (("嘉兴市", "浙江省", "314000"), 4),
    (("南通市", "江苏省", "226000"), 3),
)
ELSEWHERE = (
    ("成都市", "四川省", "610000"),
    ("武汉市", "湖北省", "430000"),
    ("合肥市", "安徽省", "230000"),
    ("郑州市", "河南省", "450000"),
)
OCCUPATIONS = (
    "职员 教师 工人 司机 个体经营者 工程师 农民 公务员 医药代表 厨师 会计".split()
)
HOUSEHOLDS = (
    ("single", 28),
    ("couple", 22),
    ("family", 26),
    ("old", 14),
    ("three", 10),
)


def pick(rng, weighted):
    """One of ``((value, weight), ...)``."""
    total = sum(weight for _value, weight in weighted)
    point = rng.random() * total
    for value, weight in weighted:
        point -= weight
        if point < 0:
            return value
    return weighted[-1][0]


def draw_birth(block: Block, index: int, age: float) -> int:
    """A date of birth near ``age``, such that no identity number comes twice.

    The number's sequence is the index modulo 499; people with the same sequence
    get dates of birth that differ modulo ``birth_modulus``.
    """
    day = -int(age * 365.25)
    m = block.birth_modulus
    return day - (day - index // 499) % m


def address(rng) -> tuple:
    city, state, zipcode = pick(rng, PLACES)
    street = (
        f"{ROADS[int(rng.random() * len(ROADS))]}{1 + int(rng.random() * 480)}弄"
        f"{1 + int(rng.random() * 60)}号{1 + int(rng.random() * 18)}0{1 + int(rng.random() * 4)}室"
    )
    return street, city, state, zipcode


def make(block: Block, sex: str, age: float, family="", given="", name="") -> Person:
    """A person with an identity number and a telephone of their own."""
    rng = block.rng
    index = block.take_index()
    birth = draw_birth(block, index, age)
    text = block.clock.day(birth)
    while not given and not name:
        family = family or names.surname(rng)
        given = names.given(rng, sex, int(text[:4]))
        if family + given == "王伟":  # the namesakes are planted and counted
            given = ""
    person = Person(index, sex, birth, family, given, name)
    person.birth_text = text
    if birth <= -HISTORY_DAYS and rng.random() < 0.9:
        person.papers.append(
            ("RIC", numbers.resident_number(text, index, sex), None, None)
        )
    person.phones.append((numbers.mobile(index), "mobile", ""))
    person.coverage = _coverage(rng, age)
    person.joined = _joined(rng)
    if age < 4 and birth > -HISTORY_DAYS:
        person.joined = birth
    if age > 55 and rng.random() < 0.0022 * (age - 52):
        person.death = -int(rng.random() * 900)
    person.home = "HQ01"
    return person


def _coverage(rng, age):
    draw = rng.random()
    if age < 18:
        return "resident" if draw < 0.86 else "commercial" if draw < 0.93 else "self"
    if age < 60:
        if draw < 0.66:
            return "urban_employee"
        return "resident" if draw < 0.86 else "commercial" if draw < 0.91 else "self"
    return "urban_employee" if draw < 0.6 else "resident" if draw < 0.96 else "self"


def _joined(rng):
    if rng.random() < 0.55:
        return -HISTORY_DAYS + 1
    return -int(rng.random() * (HISTORY_DAYS - 20)) - 10


def household(block: Block) -> list[Person]:
    """The patients of one household; relatives are linked, phones are shared."""
    rng = block.rng
    kind = pick(rng, HOUSEHOLDS)
    home = address(rng)
    members: list[Person] = []

    def add(sex, age, family="", **extra):
        if block.free <= 0:
            return None
        person = make(block, sex, age, family, **extra)
        person.address = home
        person.home = "HQ02" if home[1] != "上海市" else "HQ01"
        members.append(person)
        return person

    if kind == "single":
        add("male" if rng.random() < 0.47 else "female", 18 + rng.random() ** 1.3 * 60)
    elif kind == "old":
        age = 62 + rng.random() ** 1.5 * 32
        _marry(add("male", age), add("female", age - 4 + rng.random() * 6))
    else:
        age = 23 + rng.random() * (36 if kind == "couple" else 20)
        father = add("male", age + rng.random() * 4)
        mother = add("female", age)
        _marry(father, mother)
        if kind != "couple":
            for _i in range(2 if rng.random() < 0.3 else 1):
                _child(block, add, father, mother, age)
        if kind == "three":
            old = age + 24 + rng.random() * 6
            family = father.family if father and rng.random() < 0.6 else ""
            _marry(add("male", old + 2, family), add("female", old))
    _finish(block, members, kind)
    return members


def _marry(one, other):
    if one and other:
        one.marital = other.marital = "M"


def _child(block, add, father, mother, age):
    rng = block.rng
    child_age = rng.random() * min(17.0, age - 21)
    sex = "male" if rng.random() < 0.53 else "female"
    child = add(sex, child_age, father.family if father else "")
    if not child:
        return
    for parent, role in ((mother, "MTH"), (father, "FTH")):
        if parent:
            related(block, child, parent, role, guardian=True)
    if mother:
        # The desk takes the mother's number; the child has none.
        child.phones = [(mother.phones[0][0], "mobile", "mother")]
        if child.birth > -HISTORY_DAYS + 10:
            block.plant("_births", (mother, child))


def _finish(block: Block, members, kind):
    rng = block.rng
    for person in members:
        age = person.age(0)
        if person.papers and age > 18 and rng.random() < 0.04:
            person.email = f"patient{person.index}@example.com"
        if age > 70:
            draw = rng.random()
            if draw < 0.3:
                person.phones = [(numbers.landline(person.index), "home", "")]
            elif draw < 0.45:
                person.phones.append((numbers.landline(person.index), "home", ""))
        if age > 18 and rng.random() < 0.2:
            job = OCCUPATIONS[int(rng.random() * len(OCCUPATIONS))]
            person.extensions.append(("occupation", "valueString", job))
    adults = [p for p in members if p.age(0) >= 18]
    if len(adults) > 1:
        if kind == "old" and rng.random() < 0.35:
            adults[1].phones = [
                (adults[0].phones[0][0], adults[0].phones[0][1], "spouse")
            ]
        if rng.random() < 0.35:
            related(block, adults[0], adults[1], "SPS", emergency=True)
    elif members and rng.random() < 0.3:
        outsider(block, members[0])


def related(block, person, relative, role, **flags) -> str:
    """``relative``, a patient too, is the mother (...) of ``person``."""
    ext_id = person.next_id("r")
    extension = [
        {
            "url": f"{org.EXT}/patient",
            "valueReference": {"reference": f"Patient/{relative.pid}"},
        }
    ]
    _related_line(
        block, ext_id, person, role, relative.name, relative.sex, relative.birth_text,
        relative.phones[0][0] if relative.phones else "", extension, flags,
    )  # fmt: skip
    return ext_id


def outsider(block, person, role="", name="", sex="", phone="", **flags) -> str:
    """A relative or friend who is no patient: the contact the desk wrote down."""
    rng = block.rng
    if not role:
        role = pick(
            rng, (("SPS", 4), ("CHILD", 3), ("SIB", 1), ("FRND", 1), ("PRN", 1))
        )
    sex = sex or ("male" if rng.random() < 0.5 else "female")
    if not name:
        name = names.surname(rng) + names.given(rng, sex, 1980)
        name = name if name != "王伟" else "王玮"
    ext_id = person.next_id("r")
    # a range of its own above that of the patients
    phone = phone or numbers.mobile(50_000_000 + person.index)
    flags.setdefault("emergency", True)
    _related_line(block, ext_id, person, role, name, sex, "", phone, [], flags)
    return ext_id


def _related_line(
    block, ext_id, person, role, name, sex, birth, phone, extension, flags
):
    urls = {
        "guardian": ("is-guardian", "valueBoolean"),
        "proxy": ("is-proxy", "valueBoolean"),
        "must_not_know": ("must-not-know", "valueBoolean"),
        "emergency": ("emergency", "valueBoolean"),
        "scope": ("proxy-scope", "valueCode"),
        "speak_with": ("speak-with", "valueBoolean"),
    }
    for key, value in flags.items():
        if key in urls and value:
            url, slot = urls[key]
            extension.append({"url": f"{org.EXT}/{url}", slot: value})
    line = {"resourceType": "RelatedPerson", "id": ext_id}
    if extension:
        line["extension"] = extension
    line |= {
        "active": True,
        "patient": {"reference": f"Patient/{person.pid}"},
        "relationship": [
            {"coding": [{"system": f"{fhir.TERM}/v3-RoleCode", "code": role}]}
        ],
        "name": [{"text": name}],
        "gender": sex,
    }
    if phone:
        line["telecom"] = [{"system": "phone", "value": phone, "use": "mobile"}]
    if birth:
        line["birthDate"] = birth
    if flags.get("period"):
        line["period"] = flags["period"]
    block.add("RelatedPerson", fhir.dump(line))


PAPER_SYSTEMS = {
    "RIC": "http://www.mps.gov.cn/resident-identity",
    "SSN": f"{org.BASE}/medical-insurance",
}


def _identifier(block, kind, value, start, end, system=""):
    row = {
        "type": {"coding": [{"code": kind}]},
        "system": system or PAPER_SYSTEMS.get(kind, f"{org.BASE}/paper/{kind}"),
        "value": value,
    }
    if start is not None or end is not None:
        row["period"] = {}
        if start is not None:
            row["period"]["start"] = block.clock.day(start)
        if end is not None:
            row["period"]["end"] = block.clock.day(end)
    return row


def write_patient(block: Block, person: Person) -> None:
    """The card, last: the entities that know the person are those they visited."""
    if person.entities and person.home not in person.entities:
        person.home = min(person.entities)
    entities = sorted(person.entities | {person.home or "HQ01"})
    identifiers = []
    for entity in entities:
        for value in person.mrn.get(
            entity, (numbers.record_number(entity, person.index),)
        ):
            identifiers.append(
                _identifier(block, "MR", value, None, None, f"{org.BASE}/mrn/{entity}")
            )
    identifiers += [_identifier(block, *paper) for paper in person.papers]
    if person.coverage in ("urban_employee", "resident") and person.papers:
        identifiers.append(
            _identifier(
                block, "SSN", numbers.insurance_number(person.index), None, None
            )
        )
    name = {"use": "official", "text": person.name}
    if person.family:
        name |= {"family": person.family, "given": [person.given]}
    line = {
        "resourceType": "Patient",
        "id": person.pid,
        "extension": [
            {"url": f"{org.EXT}/{url}", slot: value}
            for url, slot, value in person.extensions
        ],
        "identifier": identifiers,
        "active": True,
        "name": [name]
        + [{"use": "nickname", "text": alias} for alias in person.aliases],
        "telecom": [_phone(rank, *p) for rank, p in enumerate(person.phones, 1)],
        "gender": person.sex,
        "birthDate": person.birth_text,
        "communication": _languages(person),
        "managingOrganization": {
            "reference": f"Organization/{(person.home or entities[0])}"
        },
    }
    if person.email:
        line["telecom"].append({"system": "email", "value": person.email})
    if person.death is not None:
        line["deceasedDateTime"] = block.clock.day(person.death)
    if person.marital:
        line["maritalStatus"] = {
            "coding": [
                {"system": f"{fhir.TERM}/v3-MaritalStatus", "code": person.marital}
            ]
        }
    place = person.city_moved or person.address
    if place:
        line["address"] = [
            {
                "use": "home",
                "line": [place[0]],
                "city": place[1],
                "state": place[2],
                "postalCode": place[3],
                "country": "CN",
            }
        ]
    block.add(
        "Patient", fhir.dump({k: v for k, v in line.items() if v not in ([], "")})
    )


LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "ko": "한국어",
    "ja": "日本語",
    "ru": "Русский",
    "pt": "Português",
    "vi": "Tiếng Việt",
    "ug": "维吾尔语",
    "yue": "粤语",
    "wuu": "吴语（苏州话）",
    "zh-TW": "国语",
}


def _languages(person):
    """Only what is worth telling: nearly everybody speaks Mandarin."""
    code = person.language
    if code not in LANGUAGES:
        return []
    language = {"coding": [{"code": code}], "text": LANGUAGES[code]}
    return [{"language": language, "preferred": True}]


def _phone(rank, value, use, whose):
    row = {"system": "phone", "value": value, "use": use, "rank": rank}
    if whose:
        # whose number it is, where it is not the person's own
        row["extension"] = [{"url": f"{org.EXT}/whose", "valueCode": whose}]
    return row


def write_coverage(block: Block, person: Person) -> None:
    payors = {
        "urban_employee": "城镇职工基本医疗保险",
        "resident": "城乡居民基本医疗保险",
        "commercial": "示范健康保险公司",
        "employer": "单位付费",
    }
    if person.coverage not in payors:
        return
    block.add(
        "Coverage",
        fhir.coverage(
            person.next_id("v"),
            person.pid,
            person.coverage,
            payors[person.coverage],
            numbers.insurance_number(person.index),
            block.clock.day(max(person.birth, -HISTORY_DAYS)),
        ),
    )
