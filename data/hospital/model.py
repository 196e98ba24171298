"""The people of one block, and where their records go."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from . import org
from .clock import HISTORY_DAYS, Clock

TYPES = (
    "Organization",
    "Location",
    "Practitioner",
    "Patient",
    "RelatedPerson",
    "Coverage",
    "Encounter",
    "Appointment",
    "AllergyIntolerance",
    "Condition",
    "Procedure",
    "MedicationRequest",
    "Observation",
    "ChargeItem",
)


@dataclass(slots=True)
class Person:
    """Somebody the hospital has a card of. Days are relative to ``until``."""

    index: int
    sex: str
    birth: int
    family: str
    given: str
    name: str = ""
    pid: str = ""
    birth_text: str = ""
    # (type, value, from day or None, to day or None)
    papers: list = field(default_factory=list)
    # (value, use, whose relation to the person or "")
    phones: list = field(default_factory=list)
    email: str = ""
    aliases: list = field(default_factory=list)
    address: tuple | None = None
    entities: set = field(default_factory=set)
    home: str = ""  # entity that opened the card, when no visit tells
    mrn: dict = field(default_factory=dict)  # entity -> record numbers of its own
    coverage: str = "urban_employee"
    joined: int = -HISTORY_DAYS + 1
    leaves: int = 1  # no visit on or after this day
    death: int | None = None
    marital: str = ""
    language: str = "zh-CN"
    extensions: list = field(default_factory=list)
    chronic: list = field(default_factory=list)
    doctor: dict = field(default_factory=dict)  # department -> usual doctor
    levels: dict = field(default_factory=dict)  # test -> how far off, drifting
    visits: int = 0
    serial: int = 0
    city_moved: tuple | None = None

    def __post_init__(self):
        self.pid = self.pid or f"pt-{self.index:07d}"
        self.name = self.name or self.family + self.given

    def age(self, day: int) -> float:
        return (day - self.birth) / 365.25

    def next_id(self, letter: str) -> str:
        self.serial += 1
        return f"{letter}{self.index}-{self.serial}"


@dataclass
class Block:
    """One block of patients: its own random numbers, records and truths.

    Nothing here depends on other blocks or on the number of processes.
    """

    seed: int
    number: int
    first: int  # index of the first patient
    size: int
    total: int
    clock: Clock
    rate: float = 1.0
    noise: str = "normal"
    error_model: str = "typing"

    def __post_init__(self):
        self.rng = Random(f"{self.seed}/{self.number}")
        self.noise_rng = Random(f"{self.seed}/{self.number}/noise")
        self.lines = {t: [] for t in TYPES}
        self.truth = {}
        self.doctors = org.doctors()
        self._used = 0
        # No two people share an identity number: see people.draw_birth.
        self.birth_modulus = max(1, -(-self.total // 499))

    @property
    def free(self) -> int:
        return self.size - self._used

    def take_index(self) -> int:
        index = self.first + self._used
        self._used += 1
        return index

    def add(self, kind: str, line: str) -> None:
        self.lines[kind].append(line)

    def plant(self, key: str, value) -> None:
        """Remember a planted truth, for whoever scores the CRM later."""
        self.truth.setdefault(key, []).append(value)

    def facts(self) -> int:
        people = {
            "Organization",
            "Location",
            "Practitioner",
            "Patient",
            "RelatedPerson",
        }
        return sum(len(v) for k, v in self.lines.items() if k not in people)
