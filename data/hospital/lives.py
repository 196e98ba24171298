"""A person's three years: chronic care, what comes and goes, check-ups, bookings."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from math import exp

from . import fhir, visits
from .clock import HISTORY_DAYS
from .medicine import ALLERGIES, CHECKUP_SEASON, CHRONIC, DISEASES, FLU
from .model import Block, Person
from .people import pick

ACUTE_PER_YEAR = 0.33
CHRONIC_SHARE = 0.7  # of the visits a textbook asks for
_BANDS = (14, 60, 200)


def _tables():
    """Cumulative frequencies of diseases by sex and age band."""
    result = {}
    for sex in ("male", "female"):
        for band in range(3):
            known = [d for d in DISEASES if d.rates[band] and d.sex in ("", sex)]
            bounds = list(accumulate(d.rates[band] for d in known))
            result[sex, band] = (known, bounds)
    return result


_ACUTE = _tables()
_ALLERGY = tuple((row, row[6]) for row in ALLERGIES)


def season_day(block: Block, season, first: int, last: int) -> int:
    """A day between ``first`` and ``last``, more likely where the season is high."""
    rng = block.rng
    if season == FLU:
        return _flu_day(block, first, last)
    peak = max(season)
    for _try in range(8):
        day = first + int(rng.random() * (last - first + 1))
        if rng.random() * peak < season[block.clock.month(day) - 1]:
            break
    return day


def _flu_day(block, first, last):
    """Every autumn a wave: it peaks in the last week of November, one year higher."""
    rng = block.rng
    until = block.clock.until
    for _try in range(12):
        back = (0, 1, 1, 2, 0)[int(rng.random() * 5)]
        peak = until.replace(year=until.year - back, month=11, day=26)
        if rng.random() < 0.92:
            day = block.clock.to_number(peak) + int(rng.gauss(0, 15))
        else:
            day = first + int(rng.random() * (last - first + 1))
        if first <= day <= last:
            return day
    return first + int(rng.random() * (last - first + 1))


def poisson(rng, mean: float) -> int:
    """Small means only."""
    if mean <= 0:
        return 0
    limit, count, product = exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def live(block: Block, person: Person) -> None:
    """Write all facts of ``person`` between joining and leaving."""
    last = min(0, person.leaves - 1, 0 if person.death is None else person.death - 1)
    first = max(person.joined, person.birth + 1, -HISTORY_DAYS + 1)
    if first > last:
        first = last
    _allergies(block, person, first)
    _catch_chronic(block, person)
    for disease in person.chronic:
        _care(block, person, disease, first, last)
    _acute(block, person, first, last)
    _checkups(block, person, first, last)
    is_new = person.joined > -HISTORY_DAYS + 1 and last > first
    if is_new and not person.visits and block.rng.random() < 0.7:
        # most cards are opened at a visit; the others are prospects
        _one_acute(block, person, person.joined, min(last, person.joined + 3))
    _bookings(block, person, first, last)


def _allergies(block, person, first):
    if block.rng.random() < 0.055:
        row = pick(block.rng, _ALLERGY)
        block.add(
            "AllergyIntolerance",
            fhir.allergy(
                person.next_id("l"),
                person.pid,
                row,
                block.clock.day(max(first, person.birth)),
            ),
        )
        if row[2] == "Penicillin":
            block.plant("penicillin", person.pid)


def _catch_chronic(block, person):
    rng = block.rng
    age = person.age(0)
    band = bisect(_BANDS, age)
    for disease in CHRONIC:
        if disease.sex and disease.sex != person.sex:
            continue
        rate = disease.rates[min(band, 2)]
        if disease.code == "N97.9" and not 24 < age < 43:
            continue
        if disease.code[0] != "N" and 14 < age < 30:
            rate *= 0.3
        if rate and rng.random() < rate * 0.6:
            person.chronic.append(disease)


def _care(block, person, disease, first, last):
    """Visits at the pace of the disease, seldom on the day."""
    rng = block.rng
    start = first
    if rng.random() < 0.4 and last - first > 90:
        start = first + int(rng.random() * (last - first - 60))
    gap = (
        disease.chronic_every
        / (CHRONIC_SHARE * block.rate)
        * (0.7 + rng.random() * 0.9)
    )
    day = start + int(rng.random() * gap)
    is_first = True
    while day <= last:
        if disease.admit and rng.random() < disease.admit * 0.5 and day + 12 < last:
            operation = disease.operation if is_first else ""
            visits.inpatient(block, person, disease, day, operation=operation)
        elif disease.code == "N97.9" and not is_first and rng.random() < 0.12:
            enc = visits.outpatient(block, person, disease, day, first=False)
            lines = []
            visits.operate(
                block, person, enc, disease.operation, "REP",
                visits.choose_doctor(block, person, "REP", day), day, 600, lines,
            )  # fmt: skip
        else:
            visits.outpatient(block, person, disease, day, first=is_first)
        is_first = False
        day += max(7, int(gap * (0.6 + rng.random() * 0.8)))


def _acute(block, person, first, last):
    years = (last - first) / 365
    age = person.age(last)
    pace = 1.9 if age < 6 else 1.2 if age < 14 else 0.8 if age < 60 else 1.1
    for _i in range(poisson(block.rng, ACUTE_PER_YEAR * years * pace * block.rate)):
        _one_acute(block, person, first, last)


def _one_acute(block, person, first, last):
    rng = block.rng
    age = person.age(last)
    known, bounds = _ACUTE[person.sex, bisect(_BANDS, age)]
    disease = known[bisect(bounds, rng.random() * bounds[-1])]
    day = season_day(block, disease.season, first, last)
    urgent = disease.emergency and rng.random() < disease.emergency
    if disease.admit and rng.random() < disease.admit:
        if urgent:
            visits.outpatient(
                block, person, disease, day, klass="EMER", first=False, drugs=False
            )
        _enc, out = visits.inpatient(
            block, person, disease, day, operation=disease.operation or ""
        )
        second_eye(block, person, disease, out, last)
    else:
        enc = visits.outpatient(
            block, person, disease, day, klass="EMER" if urgent else "AMB"
        )
        gastroscopy(block, person, disease, enc, day, last)
        if rng.random() < 0.18:
            back = day + 5 + int(rng.random() * 12)
            if back <= last:
                visits.outpatient(
                    block, person, disease, back, first=False, drugs=rng.random() < 0.5
                )


def gastroscopy(block, person, disease, enc, day, last):
    """Planted: half of those with a breath test have a gastroscopy in a month."""
    if disease.code != "K29.7" or person.age(day) < 14:
        return
    rng = block.rng
    follows = rng.random() < 0.5
    back = day + 5 + int(rng.random() * 25)
    if back > last:
        return
    row = {"person": person.pid, "first": enc, "second": None}
    if follows:
        lines = []
        second = visits.outpatient(
            block, person, disease, back, first=False, drugs=False, reason="胃镜检查"
        )
        visits.operate(
            block, person, second, "45.13", "GAS",
            visits.choose_doctor(block, person, "GAS", back), back, 560, lines,
            category="diagnostic",
        )  # fmt: skip
        row["second"] = second
    block.plant("sequences.breath_test_gastroscopy", row)


def second_eye(block, person, disease, out, last):
    """Planted: six in ten come for the second eye within three months."""
    if disease.code != "H25.9":
        return
    back = out + 20 + int(block.rng.random() * 60)
    if back > last:
        return
    row = {"person": person.pid, "first": out, "second": None}
    if block.rng.random() < 0.6:
        row["second"], _out = visits.inpatient(
            block, person, disease, back, follow=False
        )
    row["first"] = block.clock.day(out)
    block.plant("sequences.cataract_second_eye", row)


def _checkups(block, person, first, last):
    rng = block.rng
    if person.age(last) < 18 or rng.random() > min(0.25, 0.2 * block.rate):
        return
    day = season_day(block, CHECKUP_SEASON, first, last)
    yearly = rng.random() < 0.5
    while day <= last:
        visits.checkup(
            block, person, day, coverage="employer" if rng.random() < 0.3 else "self"
        )
        if not yearly:
            return
        day += 340 + int(rng.random() * 60)


def _bookings(block, person, first, last):
    """Appointments that were no visits, and those to come."""
    rng = block.rng
    alive = person.leaves > 0 and person.death is None
    depts = list(person.doctor) or (["PED"] if person.age(0) < 14 else ["CAR"])
    depts = [d for d in depts if d not in ("EMR", "PEM")] or ["TCM"]
    dept = depts[int(rng.random() * len(depts))]
    draw = rng.random()
    if draw < 0.17 and last - first > 30:
        day = first + int(rng.random() * (last - first))
        status = pick(rng, (("cancelled", 5), ("noshow", 4), ("waitlist", 1)))
        reason = ""
        if status == "cancelled":
            reason = visits.CANCEL_REASONS[int(rng.random() * 4)]
        visits.book(block, person, dept, day, status, reason=reason)
    if not alive:
        return
    draw = rng.random()
    if draw < 0.035:
        _today(block, person, dept)
    elif draw < 0.062:
        visits.book(block, person, dept, 2, "booked")
    elif draw < 0.125:
        status = pick(
            rng, (("booked", 16), ("pending", 2), ("proposed", 1), ("waitlist", 1))
        )
        visits.book(block, person, dept, 3 + int(rng.random() * 28), status)


def _today(block, person, dept):
    status = pick(block.rng, (("booked", 8), ("arrived", 1), ("checked-in", 1)))
    minute = None if status == "booked" else 480 + int(block.rng.random() * 3) * 10
    visits.book(block, person, dept, 1, status, minute=minute)
