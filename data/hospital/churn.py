"""Who stops coming, and why: the seven causes of the trade literature.

The shares are those the source gives (1, 3, 4, 5, 9, 10, 68 per cent). Each cause
leaves the traces a hospital would really have; two in ten leave none, and "reason
not known" is then the right answer.
"""

from __future__ import annotations

from . import visits
from .clock import HISTORY_DAYS
from .people import ELSEWHERE, pick

CAUSES = (
    ("death", 1),
    ("moved", 3),
    ("natural", 4),
    ("friend_advice", 5),
    ("price", 9),
    ("dissatisfied", 10),
    ("ignored", 68),
)
YEARLY = 0.13


def decide(block, person) -> None:
    """Whether and when the person leaves for good."""
    rng = block.rng
    if person.age(0) < 3 or person.death is not None:
        return
    first = max(person.joined, -HISTORY_DAYS + 1)
    years = -first / 365
    if years < 0.8 or rng.random() > YEARLY * years:
        return
    # long enough ago that the silence can be noticed
    person.leaves = first + 90 + int(rng.random() * max(30, -first - 330))
    cause = pick(rng, CAUSES)
    # death and a new address show; who drifts away says nothing
    traced = cause in ("death", "moved") or (cause != "natural" and rng.random() < 0.8)
    person.levels["_cause"] = (cause, traced)
    if cause == "death":
        person.death = person.leaves + int(rng.random() * 20)


def trace(block, person) -> None:
    """Leave the evidence, and the truth. Only people who came can leave."""
    told = person.levels.pop("_cause", None)
    if not told:
        return
    cause, traced = told
    if person.visits < 2:
        person.leaves = 1
        return
    rng = block.rng
    end = person.leaves
    dept = next(iter(person.doctor), "CAR")
    if cause == "moved":
        city, state, zipcode = ELSEWHERE[int(rng.random() * len(ELSEWHERE))]
        person.city_moved = (
            f"示范路{1 + int(rng.random() * 300)}号",
            city,
            state,
            zipcode,
        )
    elif traced and cause == "price":
        visits.book(block, person, dept, end + 6, "cancelled", reason="费用太高")
    elif traced and cause == "friend_advice":
        visits.book(
            block, person, dept, end + 8, "cancelled", reason="朋友推荐，改去外院"
        )
    elif traced and cause == "dissatisfied":
        for back in (40, 18, -5):
            visits.book(
                block,
                person,
                dept,
                max(end - back, -1090),
                "cancelled",
                reason="医生停诊",
            )
    elif traced and cause == "ignored":
        # asked for an appointment twice and nobody answered
        for after in (5, 19):
            visits.book(
                block,
                person,
                dept,
                min(end + after, -30),
                "proposed",
                channel="微信公众号",
            )
    block.plant(
        "churn",
        {
            "person": person.pid,
            "cause": cause,
            "traced": traced,
            "last_possible_visit": block.clock.day(end - 1),
        },
    )
