"""Bills: lines by category, and who pays for each (R17)."""

from __future__ import annotations

from . import fhir, org

# Share that the pooled fund and the personal account carry, by kind of insurance.
_POOLED = {"urban_employee": 0.72, "resident": 0.55}
# Not covered by basic insurance, whoever pays it.
_UNINSURED = {"checkup", "other"}
_COST = {
    "registration": 0.9, "drug": 0.86, "material": 0.8, "laboratory": 0.42,
    "imaging": 0.48, "treatment": 0.6, "operation": 0.62, "bed": 0.7,
    "checkup": 0.5, "other": 0.6,
}  # fmt: skip


def split(rng, coverage: str, category: str, amount: float):
    """``((payer, part), ...)`` whose parts add up to ``amount`` to the cent."""
    if (
        coverage == "self"
        or amount == 0
        or category in _UNINSURED
        and coverage != "employer"
    ):
        return (("self", amount),)
    if coverage == "employer":
        return (("employer", amount),)
    if coverage == "commercial":
        part = round(amount * 0.8, 2)
        return (("commercial", part), ("self", round(amount - part, 2)))
    share = _POOLED[coverage] - (0.2 if category == "material" else 0)
    pooled = round(amount * share, 2)
    rest = round(amount - pooled, 2)
    if coverage == "urban_employee" and rng.random() < 0.6:
        account = round(rest * 0.6, 2)
        return (
            ("pooled", pooled),
            ("account", account),
            ("self", round(rest - account, 2)),
        )
    return (("pooled", pooled), ("self", rest))


def bill(block, person, enc, dept, doctor, when, lines) -> float:
    """One charge item per ``(category, name, amount)``; returns the person's own part."""
    reference = org.department_ref(dept)
    rng = block.rng
    own = 0.0
    for category, name, amount in lines:
        amount = round(amount, 2)
        parts = split(rng, person.coverage, category, amount)
        own += sum(part for payer, part in parts if payer in ("self", "account"))
        block.add(
            "ChargeItem",
            fhir.charge(
                person.next_id("c"), person.pid, enc, "charge", category, name, amount,
                parts, amount * _COST[category], when, reference, doctor,
            ),
        )  # fmt: skip
    return own


def refund(block, person, enc, dept, doctor, when, category, name, amount):
    """Money given back: a negative line of the same category and payers."""
    amount = -round(amount, 2)
    ext_id = person.next_id("c")
    block.add(
        "ChargeItem",
        fhir.charge(
            ext_id, person.pid, enc, "refund", category, name, amount,
            split(block.rng, person.coverage, category, amount), amount * _COST[category],
            when, org.department_ref(dept), doctor,
        ),
    )  # fmt: skip
    block.plant("refunds", ext_id)
    return ext_id


def moved(block, person, enc, dept, doctor, when, kind, amount):
    """A deposit or the settlement at discharge: money moved, no service."""
    name = "住院预交金" if kind == "deposit" else "出院结算"
    ext_id = person.next_id("c")
    block.add(
        "ChargeItem",
        fhir.charge(
            ext_id, person.pid, enc, kind, "other", name, round(amount, 2),
            (("self", round(amount, 2)),), 0, when, org.department_ref(dept), doctor,
        ),
    )  # fmt: skip
    return ext_id
