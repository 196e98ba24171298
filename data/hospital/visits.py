"""Visits and stays, with all that belongs to one: the facts of a life with us."""

from __future__ import annotations

from . import fhir, money, org
from .clock import HISTORY_DAYS
from .medicine import CHECKUP_PACKAGES, CHECKUP_TESTS, DRUGS, OPERATIONS, TESTS
from .model import Block, Person

CHILD_DEPT = {
    "RES": "PED",
    "GAS": "PED",
    "CAR": "PED",
    "END": "PED",
    "NEU": "PED",
    "EMR": "PEM",
}
CHANNELS = ("微信公众号", "电话", "窗口", "自助机", "医生诊间预约")
CANCEL_REASONS = ("患者时间不便", "症状好转", "重复预约", "医生停诊")
DISPOSITIONS = ("医嘱离院", "医嘱离院", "医嘱离院", "医嘱转社区", "非医嘱离院")


def choose_doctor(block: Block, person: Person, dept: str, day: int) -> str:
    """The person's usual doctor of that department, as long as he or she is there."""
    code = person.doctor.get(dept)
    if code == org.LEFT_DOCTOR and day >= org.LEFT_DAY:
        code = None
        block.plant("patients_of_doctor_who_left", person.pid)
    if not code:
        staff = block.doctors[dept]
        while True:
            code = staff[int(block.rng.random() * len(staff))].code
            if code != org.LEFT_DOCTOR or day < org.LEFT_DAY:
                break
        person.doctor[dept] = code
    return code


def clinic_minute(rng) -> int:
    if rng.random() < 0.62:
        return 480 + int(rng.random() * 210)
    return 810 + int(rng.random() * 180)


def clinic_day(block: Block, day: int) -> int:
    """Clinics work all week; at the weekend four in ten come in the days after."""
    weekday = block.clock.weekday(day)
    if weekday > 4 and block.rng.random() < 0.4:
        day += 7 - weekday + int(block.rng.random() * 4)
    return min(day, 0)


def dept_for(person: Person, disease, day: int) -> str:
    if person.age(day) < 14:
        return CHILD_DEPT.get(disease.dept, disease.dept)
    return disease.dept


def measure(block: Block, person: Person, enc: str, code: str, shift: float, when: str):
    """One value: what the person tends to, drifting slowly, and chance."""
    test = TESTS[code]
    rng = block.rng
    level = person.levels.get(code)
    if level is None:
        level = rng.gauss(0, 0.6) + shift * (0.8 + rng.random() * 0.5)
    elif shift:
        # treatment pulls towards half the excess
        level += (shift * 0.5 - level) * 0.18 + rng.gauss(0, abs(shift) * 0.09 + 0.1)
    person.levels[code] = level
    value = test.mean + test.sd * (level + rng.gauss(0, 0.35))
    if value < 0.1:
        value = 0.1
    block.add(
        "Observation",
        fhir.observation(person.next_id("o"), person.pid, enc, test, value, when),
    )


def prescribe(block, person, enc, drug, day, when, doctor):
    end = day + drug.days
    status = "active" if end > 0 else "completed"
    block.add(
        "MedicationRequest",
        fhir.medication(
            person.next_id("m"), person.pid, enc, drug, status, when, doctor,
            block.clock.day(end),
        ),
    )  # fmt: skip


def outpatient(
    block: Block, person: Person, disease, day: int, *, minute=None, klass="AMB",
    dept="", doctor="", booked=None, first=True, drugs=True, extra=(), reason="",
) -> str:  # fmt: skip
    """A visit to a clinic or the emergency room; returns the encounter's id."""
    rng = block.rng
    clock = block.clock
    dept = dept or dept_for(person, disease, day)
    if klass == "EMER":
        dept = (
            "PEM"
            if person.age(day) < 14
            else "EMR"
            if org.ENTITY_OF[dept] == "HQ01"
            else dept
        )
        minute = int(rng.random() * 1440) if minute is None else minute
    else:
        day = clinic_day(block, day)
        minute = clinic_minute(rng) if minute is None else minute
    doctor = doctor or choose_doctor(block, person, dept, day)
    entity = org.ENTITY_OF[dept]
    person.entities.add(entity)
    person.visits += 1
    reference = org.department_ref(dept)
    campus = org.campus_ref(org.DEPARTMENT[dept].campus)
    enc = person.next_id("e")
    start = clock.at(day, minute)
    end_minute = minute + 12 + int(rng.random() * 40)
    if day == 0:
        end_minute = min(end_minute, 1439)
    if booked is None:
        booked = klass == "AMB" and rng.random() < 0.4
    if booked:
        lead = 1 + int(rng.random() * 9)
        block.add(
            "Appointment",
            fhir.appointment(
                person.next_id("a"), person.pid, "fulfilled", start,
                clock.at(day, minute + 10), clock.at(day - lead, 600 + int(rng.random() * 600)),
                reference, campus, doctor, org.DEPARTMENT[dept].zh,
                CHANNELS[int(rng.random() * 5)],
            ),
        )  # fmt: skip
    block.add(
        "Encounter",
        fhir.encounter(
            enc, f"{'MZ' if klass == 'AMB' else 'JZ'}{person.index:07d}{person.serial:03d}",
            "finished", klass, person.pid, reference, campus, doctor, start,
            clock.at(day, end_minute), reason=reason or disease.zh,
            disposition="留观后离院" if klass == "EMER" and rng.random() < 0.2 else "",
        ),
    )  # fmt: skip
    when = clock.at(day, min(minute + 8, 1439) if day == 0 else minute + 8)
    if first:
        diagnose(block, person, enc, disease, day, start)
    lines = [("registration", "诊查费", 50 if doctor[-1] == "1" else 25)]
    tests = disease.tests if (not disease.chronic_every or rng.random() < 0.75) else ()
    lab = 0.0
    for code, shift in tests:
        measure(block, person, enc, code, shift, when)
        lab += TESTS[code].price
    if lab:
        lines.append(("laboratory", "检验费", lab))
    for name, price in disease.imaging if first else ():
        lines.append(("imaging", name, price))
    cost = 0.0
    for code in disease.drugs if drugs else ():
        if rng.random() < 0.72:
            drug = DRUGS[code]
            prescribe(block, person, enc, drug, day, when, doctor)
            cost += drug.price
    if cost:
        lines.append(("drug", "西药费" if dept != "TCM" else "中药费", cost))
    if dept in ("DEN", "TCM") or klass == "EMER":
        lines.append(("treatment", "治疗费", 60 + int(rng.random() * 300)))
    if disease.operation and klass == "EMER" and not disease.admit:
        operate(
            block, person, enc, disease.operation, dept, doctor, day, minute + 15, lines
        )
    lines.extend(extra)
    money.bill(block, person, enc, dept, doctor, clock.at(day, end_minute), lines)
    if cost and rng.random() < 0.012 and day < -2:
        money.refund(
            block, person, enc, dept, doctor, clock.at(day + 1, 600), "drug", "退药",
            round(cost / 2, 2),
        )  # fmt: skip
    return enc


def diagnose(block, person, enc, disease, day, when, category="encounter-diagnosis"):
    clock = block.clock
    passes = not disease.chronic_every
    abated = clock.day(day + 12) if passes and day < -12 else ""
    block.add(
        "Condition",
        fhir.condition(
            person.next_id("d"), person.pid, enc, disease,
            "resolved" if abated else "active", when[:10], when,
            category if passes else "problem-list-item", abated,
        ),
    )  # fmt: skip


def operate(
    block,
    person,
    enc,
    code,
    dept,
    doctor,
    day,
    minute,
    lines,
    outcome="",
    category="operation",
):
    zh, en, price, material = OPERATIONS[code]
    ext_id = person.next_id("p")
    rng = block.rng
    block.add(
        "Procedure",
        fhir.procedure(
            ext_id, person.pid, enc, code, zh, en, category, "completed",
            block.clock.at(day, minute), block.clock.at(day, minute + 40 + int(rng.random() * 120)),
            org.department_ref(dept), doctor, outcome,
        ),
    )  # fmt: skip
    lines.append(("operation", zh, price))
    lines.append(("material", "手术材料费", material * (0.8 + rng.random() * 0.4)))
    return ext_id


def inpatient(
    block: Block, person: Person, disease, day: int, *, stay=0, operation=None, dept="",
    doctor="", outcome="", category="operation", settle=True, disposition="", bed="",
    part_of="", reason="", follow=True,
) -> tuple[str, int]:  # fmt: skip
    """A stay on a ward; open when it reaches past ``until``. Returns id and last day."""
    rng = block.rng
    clock = block.clock
    dept = dept or dept_for(person, disease, day)
    doctor = doctor or choose_doctor(block, person, dept, day)
    low, high = disease.stay
    stay = stay or low + int(rng.random() * (high - low + 1))
    last = day + stay
    is_open = last > 0
    person.entities.add(org.ENTITY_OF[dept])
    person.visits += 1
    reference = org.department_ref(dept)
    department = org.DEPARTMENT[dept]
    enc = person.next_id("e")
    minute = 560 + int(rng.random() * 480)
    start = clock.at(day, minute)
    block.add(
        "Encounter",
        fhir.encounter(
            enc, f"ZY{person.index:07d}{person.serial:03d}",
            "in-progress" if is_open else "finished", "IMP", person.pid, reference,
            org.campus_ref(department.campus), doctor, start,
            "" if is_open else clock.at(last, 600 + int(rng.random() * 120)),
            f"{department.zh}病区" if not department.is_sensitive else "综合病区",
            bed or f"{1 + int(rng.random() * (department.beds or 20)):02d}床",
            reason or disease.zh,
            "" if is_open else disposition or DISPOSITIONS[int(rng.random() * 5)], part_of,
        ),
    )  # fmt: skip
    diagnose(block, person, enc, disease, day, start)
    bill_day = min(last, 0)
    lines = [
        ("bed", "床位及护理费", stay * (90 + 30 * int(rng.random() * 4))),
        ("drug", "住院西药费", stay * (80 + rng.random() * 180)),
        ("laboratory", "住院检验费", 220 + rng.random() * 700),
        ("treatment", "住院治疗费", stay * (40 + rng.random() * 120)),
    ]
    code = disease.operation if operation is None else operation
    if code and (day + 1 <= 0):
        operate(block, person, enc, code, dept, doctor, day + 1 if stay > 1 else day,
                540 + int(rng.random() * 300), lines, outcome, category)  # fmt: skip
    for name, price in disease.imaging:
        lines.append(("imaging", name, price))
    # about what the patient's own part will be, in whole five hundreds
    deposit = max(1000, round(sum(line[2] for line in lines) * 0.3 / 500) * 500)
    money.moved(block, person, enc, dept, doctor, start, "deposit", deposit)
    for code, shift in disease.tests:
        measure(block, person, enc, code, shift, clock.at(day, minute + 40))
        if stay > 2 and last <= 0:
            measure(block, person, enc, code, shift * 0.3, clock.at(last - 1, 420))
    own = money.bill(block, person, enc, dept, doctor, clock.at(bill_day, 480), lines)
    if not is_open:
        for code in disease.drugs[:2]:
            if code in DRUGS and code != "L01XX":
                prescribe(
                    block, person, enc, DRUGS[code], last, clock.at(last, 560), doctor
                )
        if settle:
            due = round(own - deposit, 2)
            money.moved(
                block, person, enc, dept, doctor, clock.at(last, 620), "settlement", due
            )
        if follow and disease.code[0] != "C":
            back = last + 10 + int(rng.random() * 14)
            if back < min(person.leaves, 0) and rng.random() < 0.7:
                outpatient(
                    block,
                    person,
                    disease,
                    back,
                    dept=dept,
                    first=False,
                    reason="出院复查",
                )
    return enc, last


def checkup(
    block, person, day, *, package=None, coverage=None, dept="CHK", tests=CHECKUP_TESTS
) -> str:
    """A health check-up: one price, many values."""
    rng = block.rng
    clock = block.clock
    day = clinic_day(block, day)
    person.entities.add(org.ENTITY_OF[dept])
    doctor = choose_doctor(block, person, dept, day)
    name, price = package or CHECKUP_PACKAGES[int(rng.random() ** 2 * 3)]
    enc = person.next_id("e")
    minute = 450 + int(rng.random() * 150)
    start = clock.at(day, minute)
    reference = org.department_ref(dept)
    block.add(
        "Encounter",
        fhir.encounter(
            enc, f"TJ{person.index:07d}{person.serial:03d}", "finished", "CHECKUP",
            person.pid, reference, org.campus_ref(org.DEPARTMENT[dept].campus), doctor, start,
            clock.at(day, minute + 120), reason=name,
        ),
    )  # fmt: skip
    for code in tests:
        if rng.random() < 0.6 or package:
            measure(block, person, enc, code, 0, clock.at(day, minute + 15))
    own = person.coverage
    person.coverage = coverage or own
    money.bill(block, person, enc, dept, doctor, start, [("checkup", name, price)])
    person.coverage = own
    return enc


def book(
    block,
    person,
    dept,
    day,
    status,
    *,
    minute=None,
    lead=None,
    reason="",
    channel="",
    service="",
) -> str:
    """An appointment without a visit: to come, missed, called off, waiting."""
    rng = block.rng
    clock = block.clock
    person.entities.add(org.ENTITY_OF[dept])
    doctor = choose_doctor(block, person, dept, min(day, 0))
    minute = clinic_minute(rng) // 10 * 10 if minute is None else minute
    lead = 1 + int(rng.random() * 12) if lead is None else lead
    created_day = min(day - lead, 0)
    created_day = max(created_day, -HISTORY_DAYS - 20)
    ext_id = person.next_id("a")
    block.add(
        "Appointment",
        fhir.appointment(
            ext_id, person.pid, status, clock.at(day, minute), clock.at(day, minute + 10),
            clock.at(created_day, 480 + int(rng.random() * 720)), org.department_ref(dept),
            org.campus_ref(org.DEPARTMENT[dept].campus), doctor,
            service or org.DEPARTMENT[dept].zh, channel or CHANNELS[int(rng.random() * 5)],
            reason,
        ),
    )  # fmt: skip
    return ext_id
