"""Charges: ChargeItem with its payers; Claim and ExplanationOfBenefit."""

from __future__ import annotations

from typing import Any

from .canonical import Mapped
from .fhir_context import EXTENSION, MapContext
from .fhir_map_facts import add_ref, named, person_ref
from .fhir_values import (
    MapError,
    codes,
    coding,
    extensions,
    moment,
    money,
    number,
    obj,
    objs,
    ref,
    text,
)

_CHARGE_CATEGORY = "https://hcrm.example/fhir/CodeSystem/charge-category"
_PAYERS = {
    "pooled": "amount_pooled",
    "account": "amount_account",
    "self": "amount_self",
    "commercial": "amount_commercial",
    "employer": "amount_employer",
}


def split(values: dict, amount: float, parts: dict[str, float]) -> None:
    """Set the gross amount and who pays; what nobody is named for is paid by the person."""
    for column in _PAYERS.values():
        values[column] = round(parts.get(column, 0.0), 2)
    rest = round(amount - sum(values[column] for column in _PAYERS.values()), 2)
    values["amount_self"] = round(values["amount_self"] + rest, 2)
    values["amount"] = round(amount, 2)


def map_charge_item(data: dict, context: MapContext) -> Mapped:
    """A line of the bill."""
    refs = person_ref(data)
    values: dict[str, Any] = {}
    context.state("ChargeItem.status", data.get("status"), values)
    own = extensions(data, EXTENSION)
    kind = text(own.get("charge-kind"), "charge-kind") or "charge"
    values["kind"] = context.code("ChargeItem.charge-kind", kind)
    _charge_name(data, values, context)
    values["quantity"] = number(
        obj(data.get("quantity"), "quantity").get("value"), "quantity"
    )
    values["date"], values["tz_offset"] = moment(
        data.get("occurrenceDateTime")
        or obj(data.get("occurrencePeriod"), "occurrence").get("start")
        or data.get("enteredDate"),
        "occurrence",
        context.zone,
    )
    price = obj(data.get("priceOverride"), "priceOverride")
    values["currency"] = text(price.get("currency"), "currency", 3)
    payers = own.get("payer-split")
    payers = payers if type(payers) is dict else {}
    parts = {
        _PAYERS[name]: money(value, "payer-split") or 0.0
        for name, value in payers.items()
        if name in _PAYERS
    }
    amount = number(price.get("value"), "priceOverride")
    split(values, sum(parts.values()) if amount is None else amount, parts)
    values["cost"] = money(payers.get("cost"), "cost") or 0.0
    add_ref(refs, "encounter_id", data.get("context"), "Encounter")
    add_ref(refs, "department_id", data.get("performingOrganization"), "Organization")
    for item in objs(data.get("performer"), "performer"):
        add_ref(refs, "practitioner_id", item.get("actor"), "Practitioner")
    return Mapped(values, refs)


def _charge_name(data: dict, values: dict, context: MapContext) -> None:
    values["category"] = "other"
    concept = obj(data.get("code"), "code")
    values["code"] = None
    for item in objs(concept.get("coding"), "code"):
        code = text(item.get("code"), "code", 80)
        if item.get("system") == _CHARGE_CATEGORY:
            values["category"] = context.code("ChargeItem.category", code) or "other"
        elif values["code"] is None:
            values["code"] = code
    name = text(concept.get("text"), "code", 300)
    if not name:
        said = [
            text(item.get("display"), "code", 300)
            for item in objs(concept.get("coding"), "")
        ]
        name = next((item for item in said if item), None) or coding(concept, "code")[2]
    if not name:
        raise MapError("no_name", field="code")
    values["name"] = name


def map_claim(data: dict, context: MapContext) -> Mapped | None:
    """A bill sent to an insurer: one charge, paid by the person until told otherwise."""
    if text(data.get("use"), "use") not in (None, "claim"):
        return None
    refs = person_ref(data, "patient")
    values: dict[str, Any] = {"kind": "charge", "quantity": 1.0, "cost": 0.0}
    context.state("Claim.status", data.get("status"), values)
    kind = codes(data.get("type"), "type")
    values["category"] = context.first("Claim.type", kind) or "other"
    items = objs(data.get("item"), "item")
    said: dict[str, Any] = {}
    if items:
        named(items[0], "productOrService", said)
    values["code"] = said.get("code")
    values["name"] = said.get("name") or coding(data.get("type"), "type")[2] or "Claim"
    period = obj(data.get("billablePeriod"), "billablePeriod")
    values["date"], values["tz_offset"] = moment(
        period.get("start") or data.get("created"), "billablePeriod", context.zone
    )
    total = obj(data.get("total"), "total")
    values["currency"] = text(total.get("currency"), "currency", 3)
    split(values, number(total.get("value"), "total") or 0.0, {})
    for item in items:
        add_ref(refs, "encounter_id", item.get("encounter"), "Encounter")
    add_ref(refs, "department_id", data.get("provider"), "Organization")
    add_ref(refs, "practitioner_id", data.get("provider"), "Practitioner")
    return Mapped(values, refs)


def map_benefit(data: dict, context: MapContext) -> Mapped | None:
    """What the insurer decided: it settles the charge of its claim.

    With a claim it writes only who pays; without one it is a charge itself.
    """
    if text(data.get("use"), "use") not in (None, "claim"):
        return None
    refs = person_ref(data, "patient")
    values: dict[str, Any] = {}
    context.state("ExplanationOfBenefit.status", data.get("status"), values)
    amount = None
    for item in objs(data.get("total"), "total"):
        if "submitted" in codes(item.get("category"), "total") or amount is None:
            amount = money(item.get("amount"), "total")
            values["currency"] = text(
                obj(item.get("amount"), "total").get("currency"), ""
            )
    paid = money(obj(data.get("payment"), "payment").get("amount"), "payment") or 0.0
    split(values, amount if amount is not None else paid, {"amount_commercial": paid})
    claim = ref(data.get("claim"), "Claim")
    if claim:
        refs["_claim"] = claim
        return Mapped(values, refs)
    values.update(kind="charge", category="other", quantity=1.0, cost=0.0, code=None)
    values["name"] = coding(data.get("type"), "type")[2] or "Claim"
    period = obj(data.get("billablePeriod"), "billablePeriod")
    values["date"], values["tz_offset"] = moment(
        period.get("start") or data.get("created"), "billablePeriod", context.zone
    )
    for item in objs(data.get("item"), "item"):
        add_ref(refs, "encounter_id", item.get("encounter"), "Encounter")
    add_ref(refs, "practitioner_id", data.get("provider"), "Practitioner")
    add_ref(refs, "department_id", data.get("provider"), "Organization")
    return Mapped(values, refs)


MAPPERS = {
    "ChargeItem": map_charge_item,
    "Claim": map_claim,
    "ExplanationOfBenefit": map_benefit,
}
