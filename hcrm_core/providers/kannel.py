"""Kannel's sendsms interface (HTTP in front of SMPP, UCP, modems)."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from urllib.parse import parse_qs, unquote_to_bytes, urlencode

import requests

from ..tools.sms_parts import is_gsm7
from .base import Event, Health, Outgoing, Result, check_signature, register, sign
from .http_common import HttpProvider, retry_after

# receipts wanted: delivered, failed, rejected by the carrier
DLR_MASK = 1 | 2 | 16
_KINDS = {"1": "delivered", "2": "failed", "16": "failed", "8": "accepted"}
_STAT = re.compile(r"stat:(\w+)")
_NACK = re.compile(r"NACK/(0x[0-9a-f]+)", re.IGNORECASE)
_FAILURES = {
    "UNDELIV": "not_delivered",
    "EXPIRED": "expired",
    "REJECTD": "rejected",
    "DELETED": "rejected",
}
# SMPP error codes: invalid destination, throttled
_NACKS = {"0x0000000b": "address", "0x00000058": "throttled"}


@register("kannel")
class Kannel(HttpProvider):
    """Sends through ``url`` (the sendsms address); receipts come back signed."""

    capabilities = frozenset(("delivery_report", "inbound"))

    def _request(self, message: Outgoing) -> Result:
        response = self.session.get(
            self.config.url,
            params=self._params(message),
            timeout=self.config.timeout,
        )
        if response.status_code == 202:
            return Result(message.uuid, "accepted")
        failure = {403: "auth", 402: "credit", 400: "address"}.get(response.status_code)
        failure = failure or ("throttled" if response.status_code == 429 else "server")
        result = self._failed(message, failure, response.text)
        result.retry_after = retry_after(response)
        return result

    def _params(self, message: Outgoing) -> dict[str, str]:
        params = {
            "username": self.config.login,
            "password": self.config.secret,
            "to": message.address.lstrip("+"),
            "text": message.body,
            "charset": "UTF-8",
            "coding": "0" if is_gsm7(message.body) else "2",
        }
        if message.sender:
            params["from"] = message.sender
        if smsc := self.config.options.get("smsc"):
            params["smsc"] = smsc
        if self.config.callback_url:
            signature = sign(self.config.callback_secret, message.uuid)
            query = urlencode({"u": message.uuid, "s": signature})
            params["dlr-mask"] = str(DLR_MASK)
            # Kannel fills in the percent marks; they must not be encoded
            params["dlr-url"] = f"{self.config.callback_url}?{query}&t=%d&i=%F&r=%A"
        return params

    def parse_callback(self, query, body, raw_query, headers=None):
        """A receipt (``u`` our uuid) or a text from a person (``from``)."""
        if query.get("u"):
            return [self._receipt(query)]
        return [self._inbound(raw_query)]

    def _receipt(self, query) -> Event:
        check_signature(self.config.callback_secret, query["u"], query.get("s", ""))
        kind = _KINDS.get(query.get("t", ""), "accepted")
        reply = query.get("r", "")
        failure = ""
        if kind == "failed":
            stat, nack = _STAT.search(reply), _NACK.search(reply)
            failure = _FAILURES.get(stat[1].upper(), "") if stat else ""
            failure = failure or (_NACKS.get(nack[1].lower(), "") if nack else "")
            failure = failure or "not_delivered"
        return Event(
            external_id=f"{query['u']}:{query.get('t', '')}",
            kind=kind,
            uuid=query["u"],
            provider_ref=query.get("i", ""),
            failure=failure,
            reason=reply[:200],
        )

    def _inbound(self, raw_query: bytes) -> Event:
        """A text from a person; UCS-2 comes as raw bytes in the query, so it is
        decoded here and nowhere before."""
        fields = {
            name: unquote_to_bytes(value.replace(b"+", b" "))
            for name, _eq, value in (
                part.partition(b"=") for part in raw_query.split(b"&")
            )
            for name in [name.decode("ascii", "replace")]
        }
        peer = fields.get("from", b"").decode("ascii", "replace")
        stamp = fields.get("ts", b"").decode("ascii", "replace")
        raw = fields.get("text", b"")
        signed = fields.get("s", b"").decode("ascii", "replace")
        check_signature(self.config.callback_secret, "inbound", signed)
        ucs2 = fields.get("coding") == b"2"
        text = raw.decode("utf-16-be" if ucs2 else "utf-8", "replace")
        reference = fields.get("id", b"").decode("ascii", "replace")
        digest = hashlib.blake2b(raw_query, digest_size=12).hexdigest()
        return Event(
            external_id=reference or digest,
            kind="inbound",
            peer=f"+{peer}" if peer and not peer.startswith("+") else peer,
            port=fields.get("to", b"").decode("ascii", "replace"),
            text=text.strip(),
            at=datetime.fromisoformat(stamp) if stamp else None,
        )

    def inbound_url(self) -> str:
        """Address for Kannel's ``get-url``: texts from people come there, signed."""
        signature = sign(self.config.callback_secret, "inbound")
        fields = "from=%p&to=%P&text=%b&ts=%t&id=%I&coding=%c"
        return f"{self.config.callback_url}?s={signature}&{fields}"

    def health(self) -> Health:
        url = self.config.options.get("status_url")
        if not url:
            return Health(True, "")
        try:
            response = self.session.get(url, timeout=self.config.timeout)
        except requests.RequestException as error:
            return Health(False, type(error).__name__)
        return Health(response.ok, response.text[:200])


def query_of(raw_query: bytes) -> dict[str, str]:
    """The fields of a query string, first value each."""
    pairs = parse_qs(raw_query.decode("ascii", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in pairs.items()}
