"""Services and invoices of GNU Health as charges."""

from __future__ import annotations

from typing import Any

from .fhir_context import EXTENSION
from .gnuhealth_fhir import (
    clean,
    concept,
    ext,
    extension,
    extensions,
    patient,
    resource,
)
from .gnuhealth_stream import Stream

_STATES = {
    "draft": "billable",
    "validated": "billable",
    "posted": "billed",
    "paid": "billed",
    "cancelled": "aborted",
}
_ORIGIN = "gnuhealth.health_service.line,"


def service(row: dict[str, Any]) -> dict:
    """A service rendered, priced by its invoice once there is one."""
    invoice = row["invoice"]
    state = "planned"
    if row["to_invoice"] is False:
        state = "not-billable"
    elif invoice:
        state = _STATES.get(invoice["state"], "billable")
    return _charge(
        ext("gnuhealth_health_service_line", row["id"]),
        state,
        row,
        invoice or {"quantity": row["qty"]},
    )


def credit(row: dict[str, Any]) -> dict:
    """A line of an invoice to a patient that no service stands behind: extras, and
    what is given back."""
    return _charge(
        ext("account_invoice_line", row["id"]),
        _STATES.get(row["state"], "billable"),
        row,
        row,
    )


def _charge(ext_id: str, state: str, row: dict[str, Any], price: dict) -> dict:
    amount = None
    if price.get("unit_price") is not None:
        amount = round((price.get("quantity") or 0) * price["unit_price"], 2)
    is_refund = amount is not None and amount < 0
    return resource(
        "ChargeItem",
        ext_id,
        status=state,
        code=concept(row["name"] or row["product"], row["product_code"]),
        subject=patient(row["patient"]),
        occurrenceDateTime=row["date"],
        quantity=clean({"value": price.get("quantity")}),
        priceOverride=clean({"value": amount, "currency": price.get("currency")})
        if amount is not None
        else {"value": 0},
        extension=extensions(
            extension("charge-kind", valueCode="refund") if is_refund else None,
            _payers(amount) if amount and price.get("is_insurer") else None,
        ),
    )


def _payers(amount: float) -> dict:
    return {
        "url": f"{EXTENSION}payer-split",
        "extension": [{"url": "commercial", "valueMoney": {"value": amount}}],
    }


_INVOICE_FIELDS = "i.state, c.code AS currency, p.is_insurance_company AS is_insurer"
SERVICE = Stream(
    "ChargeItem",
    "gnuhealth_health_service_line",
    'SELECT t.id, t."desc" AS name, t.qty, t.to_invoice, s.patient,'
    " COALESCE(t.from_date, s.service_date) AS date, pt.name AS product,"
    " pp.code AS product_code,"
    f" (SELECT row_to_json(v) FROM (SELECT {_INVOICE_FIELDS}, l.quantity, l.unit_price"
    " FROM account_invoice_line l JOIN account_invoice i ON i.id = l.invoice"
    " JOIN party_party p ON p.id = i.party"
    " LEFT JOIN currency_currency c ON c.id = i.currency"
    f" WHERE l.origin = '{_ORIGIN}' || t.id AND i.type = 'out'"
    " ORDER BY i.state = 'cancelled', l.id DESC LIMIT 1) v) AS invoice"
    " FROM gnuhealth_health_service_line t"
    " JOIN gnuhealth_health_service s ON s.id = t.service"
    " LEFT JOIN product_product pp ON pp.id = t.product"
    " LEFT JOIN product_template pt ON pt.id = pp.template",
    service,
    where="t.service IS NOT NULL",
    touched=(
        "gnuhealth_health_service x JOIN gnuhealth_health_service_line t"
        " ON t.service = x.id",
        "account_invoice_line x JOIN gnuhealth_health_service_line t"
        f" ON x.origin = '{_ORIGIN}' || t.id",
        "account_invoice x JOIN account_invoice_line l ON l.invoice = x.id"
        f" JOIN gnuhealth_health_service_line t ON l.origin = '{_ORIGIN}' || t.id",
    ),
)
CREDIT = Stream(
    "ChargeItem",
    "account_invoice_line",
    "SELECT t.id, t.description AS name, t.quantity, t.unit_price, pa.id AS patient,"
    f" {_INVOICE_FIELDS}, COALESCE(i.invoice_date, i.create_date::date) AS date,"
    " pt.name AS product, pp.code AS product_code"
    " FROM account_invoice_line t JOIN account_invoice i ON i.id = t.invoice"
    " JOIN party_party p ON p.id = i.party"
    " JOIN gnuhealth_patient pa ON pa.party = i.party"
    " LEFT JOIN currency_currency c ON c.id = i.currency"
    " LEFT JOIN product_product pp ON pp.id = t.product"
    " LEFT JOIN product_template pt ON pt.id = pp.template",
    credit,
    where="t.type = 'line' AND (t.origin IS NULL OR t.origin NOT LIKE 'gnuhealth.%%')"
    " AND EXISTS (SELECT 1 FROM account_invoice o JOIN gnuhealth_patient op"
    " ON op.party = o.party WHERE o.id = t.invoice AND o.type = 'out')",
    touched=("account_invoice x JOIN account_invoice_line t ON t.invoice = x.id",),
)
STREAMS = (SERVICE, CREDIT)
