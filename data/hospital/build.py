"""From a seed to files: blocks of patients, made in any number of processes."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from . import births, cases, churn, lives, noise, orgfiles, people
from .clock import Clock
from .model import TYPES, Block, Person

BLOCK = 250
MINIMUM = 500
# Measured: a person has FIXED facts however seldom people come, and PACE more when
# everybody comes as often as the tables of ``medicine`` say.
FIXED_FACTS = 5.7
PACE_FACTS = 13.7


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides the output; equal plans give equal files."""

    patients: int
    seed: int
    until: date
    facts: float = 10.0
    noise: str = "normal"
    error_model: str = "typing"

    @property
    def rate(self) -> float:
        """How often people come, 1.0 being true to life."""
        return max(0.05, (self.facts - FIXED_FACTS) / PACE_FACTS)

    def blocks(self):
        return range(-(-self.patients // BLOCK))


def make_block(plan: Plan, number: int) -> Block:
    first = number * BLOCK
    block = Block(
        plan.seed, number, first, min(BLOCK, plan.patients - first), plan.patients,
        Clock(plan.until), plan.rate, plan.noise, plan.error_model,
    )  # fmt: skip
    crowd: list[Person] = []
    if number == 0:
        cases.write(block, plan)
    else:
        cases.write_shared(block, plan)
    level = noise.LEVELS[plan.noise]
    spare = min(block.free, round(block.size * level.duplicates))
    block.size -= spare
    while block.free:
        crowd.extend(people.household(block))
    block.size += spare
    for person in crowd:
        churn.decide(block, person)
    births.all_births(block)
    for person in crowd:
        lives.live(block, person)
        churn.trace(block, person)
    _second_cards(block, crowd, spare)
    for person in crowd:
        people.write_patient(block, person)
        people.write_coverage(block, person)
    return block


def _second_cards(block, crowd, spare):
    """People registered twice: another card, other visits, errors on the card."""
    rng = block.rng
    known = [p for p in crowd if p.age(0) > 2 and p.death is None]
    for _i in range(spare):
        person = known.pop(int(rng.random() * len(known)))
        copy = Person(
            block.take_index(), person.sex, person.birth, person.family, person.given,
            person.name,
        )  # fmt: skip
        copy.birth_text = person.birth_text
        copy.address = person.address
        copy.home = person.home
        copy.coverage = person.coverage
        copy.joined = max(person.joined, -500)
        copy.leaves = person.leaves
        errors = noise.second_card(block, person, copy)
        lives.live(block, copy)
        people.write_patient(block, copy)
        block.plant(
            "duplicates", {"first": person.pid, "second": copy.pid, "errors": errors}
        )


def pack(lines) -> bytes:
    """One gzip member, the same bytes every time."""
    if not lines:
        return b""
    data = ("\n".join(lines) + "\n").encode()
    return gzip.compress(data, compresslevel=6, mtime=0)


def _work(task):
    plan, number = task
    block = make_block(plan, number)
    block.truth.pop("_births", None)
    packed = {kind: pack(lines) for kind, lines in block.lines.items()}
    counts = {kind: len(lines) for kind, lines in block.lines.items()}
    return number, packed, counts, block.truth


def build(plan: Plan, out: Path, processes: int = 1, truth: Path | None = None) -> dict:
    """Write ``<Type>.ndjson.gz`` for each type, and the truth beside the folder."""
    if plan.patients < MINIMUM:
        raise ValueError(f"The planted cases need at least {MINIMUM} patients.")
    out.mkdir(parents=True, exist_ok=True)
    totals = dict.fromkeys(TYPES, 0)
    planted: dict = {}
    files = {kind: (out / f"{kind}.ndjson.gz").open("wb") for kind in TYPES}
    try:
        for kind, lines in orgfiles.lines(Clock(plan.until)).items():
            files[kind].write(pack(lines))
            totals[kind] += len(lines)
        for _number, packed, counts, truths in _run(plan, processes):
            for kind, data in packed.items():
                files[kind].write(data)
                totals[kind] += counts[kind]
            for key, rows in truths.items():
                planted.setdefault(key, []).extend(rows)
    finally:
        for file in files.values():
            file.close()
    if truth:
        write_truth(truth, plan, totals, planted)
    return totals


def _run(plan, processes):
    tasks = [(plan, number) for number in plan.blocks()]
    if processes <= 1 or len(tasks) == 1:
        yield from map(_work, tasks)
        return
    # results come in the order of the blocks, whoever made them
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(_work, tasks, chunksize=2)


def write_truth(path: Path, plan: Plan, totals, planted) -> None:
    content = {
        "seed": plan.seed,
        "patients": plan.patients,
        "until": plan.until.isoformat(),
        "facts_per_patient": plan.facts,
        "noise": plan.noise,
        "error_model": plan.error_model,
        "records": totals,
        **cases.summary(Clock(plan.until), planted),
    }
    data = json.dumps(
        content, ensure_ascii=False, separators=(",", ":"), sort_keys=True
    )
    path.write_bytes(gzip.compress(data.encode(), mtime=0))


def checksum(folder: Path) -> str:
    """Of the records, not of the compressed bytes: zlib versions differ."""
    value = 0
    for path in sorted(folder.glob("*.ndjson.gz")):
        value = zlib.crc32(gzip.decompress(path.read_bytes()), value)
    return f"{value:08x}"
