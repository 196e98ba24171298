"""Pregnancies, deliveries and the babies born here."""

from __future__ import annotations

from . import numbers, visits
from .clock import HISTORY_DAYS
from .medicine import Disease

PREGNANCY = Disease("Z34.9", "正常妊娠监督", "Supervision of normal pregnancy", "OBS", (0, 1, 0),
                    sex="female", drugs=("B03AE",), tests=(("8480-6", 0), ("718-7", -1)),
                    imaging=(("产科超声", 180),))  # fmt: skip
VAGINAL = Disease("O80.9", "单胎顺产", "Single spontaneous delivery", "OBS", (0, 1, 0),
                  stay=(3, 4), operation="73.59")  # fmt: skip
CAESAREAN = Disease("O82.9", "剖宫产分娩", "Delivery by caesarean section", "OBS", (0, 1, 0),
                    stay=(5, 7), operation="74.1")  # fmt: skip
TWINS = Disease("O84.2", "双胎剖宫产分娩", "Twin delivery by caesarean section", "OBS", (0, 1, 0),
                stay=(6, 8), operation="74.1")  # fmt: skip
STILLBORN = Disease("O36.4", "胎死宫内", "Intrauterine death", "OBS", (0, 1, 0), stay=(4, 6),
                    operation="73.59")  # fmt: skip
NEWBORN = Disease("Z38.0", "活产婴儿", "Liveborn infant", "NEO", (1, 0, 0), stay=(3, 5))
CHILD_CARE = Disease("Z00.1", "儿童保健", "Routine child health examination", "PED", (1, 0, 0),
                     tests=(("29463-7", -5.8),))  # fmt: skip
RECOVERY = Disease("Z39.2", "产后康复", "Postpartum care", "OBS", (0, 1, 0))


def prenatal(block, mother, birth, until):
    """Check-ups through pregnancy, as far as they lie within the three years."""
    first = True
    for week in (12, 20, 26, 32, 37):
        day = birth - (40 - week) * 7 + int(block.rng.random() * 5)
        if not first and block.rng.random() > 0.35 + 0.6 * block.rate:
            continue
        if -HISTORY_DAYS < day < min(birth, until, 1):
            visits.outpatient(block, mother, PREGNANCY, day, first=first)
            first = False


def deliver(block, mother, babies, birth, *, kind=None, outcome="活产"):
    """The mother's stay and the babies' own; returns the mother's encounter."""
    rng = block.rng
    kind = kind or (CAESAREAN if rng.random() < 0.44 else VAGINAL)
    enc, out = visits.inpatient(
        block, mother, kind, birth, outcome=outcome, category="delivery",
        follow=False, stay=0,
    )  # fmt: skip
    if out < 0:
        _recovery(block, mother, enc, out)
    for baby in babies:
        newborn(block, baby, birth)
    return enc


def newborn(block, baby, birth):
    baby.home = "HQ02"
    baby.joined = birth
    baby.papers = [("BC", numbers.birth_certificate(baby.index), birth, None)]
    visits.inpatient(
        block, baby, NEWBORN, birth, dept="NEO", follow=False, reason="新生儿"
    )
    for month in (1, 3, 6, 12):
        day = birth + month * 30 + 2
        alive = baby.death is None or day < baby.death
        if alive and day <= 0 and block.rng.random() < 0.2 + 0.5 * block.rate:
            visits.outpatient(
                block, baby, CHILD_CARE, day, first=month == 1, reason="儿童保健"
            )


def _recovery(block, mother, enc, out):
    """Planted: four in ten mothers come for recovery treatment within two months."""
    back = out + 25 + int(block.rng.random() * 30)
    if back > 0:
        return
    row = {"person": mother.pid, "first": enc, "second": None}
    if block.rng.random() < 0.4:
        row["second"] = visits.outpatient(
            block, mother, RECOVERY, back, first=False, drugs=False,
            extra=(("treatment", "盆底康复治疗", 680),),
        )  # fmt: skip
    block.plant("sequences.delivery_recovery", row)


def all_births(block):
    """Deliver every child whose date of birth lies within the three years."""
    for mother, child in block.truth.pop("_births", ()):
        if mother.pid == child.pid or mother.leaves <= child.birth:
            continue
        if mother.age(child.birth) < 18 or mother.death is not None:
            continue
        mother.joined = min(mother.joined, child.birth - 200)
        prenatal(block, mother, child.birth, mother.leaves)
        enc = deliver(block, mother, [child], child.birth)
        block.plant(
            "births", {"mother": mother.pid, "baby": child.pid, "encounter": enc}
        )
