"""Odoo's own text service: its in-app purchase, or Twilio where a company uses it."""

from __future__ import annotations

from .base import Outgoing, Provider, Result, register

# kinds of failure of Odoo's rows -> ours; an outage may have come after the hand-over
_FAILURES = {
    "sms_server": "unknown",
    "unknown": "unknown",
    "sms_credit": "credit",
    "sms_acc": "auth",
    "sms_number_missing": "address",
    "sms_number_format": "address",
    "sms_invalid_destination": "address",
    "sms_country_not_supported": "rejected",
    "sms_registration_needed": "rejected",
    "twilio_authentication": "auth",
    "twilio_callback": "auth",
    "twilio_from_missing": "auth",
    "twilio_from_to": "address",
}


@register("odoo")
class OdooSms(Provider):
    """The bridge to ``sms.sms``: hook ``send`` takes the batch and returns
    ``{uuid: (state, failure type, what the service said)}`` of Odoo's rows."""

    max_batch = 50
    capabilities = frozenset(("delivery_report",))

    def send(self, batch: list[Outgoing]) -> list[Result]:
        answers = self.config.hooks["send"](batch)
        return [self._result(message, answers.get(message.uuid)) for message in batch]

    @staticmethod
    def _result(message: Outgoing, answer) -> Result:
        if not answer:
            return Result(message.uuid, "failed", "unknown")
        state, failure, reason = answer
        if state in ("process", "pending", "sent"):
            return Result(message.uuid, "accepted")
        kind = _FAILURES.get(failure or "", "rejected")
        return Result(message.uuid, "failed", kind, reason or "")
