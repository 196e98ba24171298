"""Any SMS house with an HTTP interface, by a mapping that an administrator fills in."""

from __future__ import annotations

import re
from string import Template
from typing import Any
from urllib.parse import parse_qs

import orjson

from .base import Event, Outgoing, Result, check_signature, register, sign
from .http_common import HttpProvider, retry_after

_STATUS = {429: "throttled", 401: "auth", 403: "auth", 402: "credit", 400: "rejected"}


@register("http")
class GenericHttp(HttpProvider):
    """Options: ``method``, ``headers`` and ``body`` (JSON or form, texts with
    ``$number $digits $text $sender $uuid $callback $login $secret``), ``ok_path`` and
    ``ok_values`` (where the answer says that it worked), ``ref_path``, ``reason_path``,
    ``failures`` (answer code -> kind of failure); for callbacks ``event_*`` paths and
    ``event_kinds``.
    """

    capabilities = frozenset(("delivery_report", "inbound"))

    def _request(self, message: Outgoing) -> Result:
        options = self.config.options
        values = self._values(message)
        body = _fill(options.get("body") or {}, values)
        kwargs: dict[str, Any] = {
            "headers": _fill(options.get("headers") or {}, values)
        }
        method = (options.get("method") or "POST").upper()
        if method == "GET":
            kwargs["params"] = body
        elif options.get("format", "json") == "form":
            kwargs["data"] = body
        else:
            kwargs["json"] = body
        response = self.session.request(
            method, self.config.url, timeout=self.config.timeout, **kwargs
        )
        return self._read(message, response)

    def _values(self, message: Outgoing) -> dict[str, str]:
        signature = sign(self.config.callback_secret, message.uuid)
        return {
            "number": message.address,
            "digits": message.address.lstrip("+"),
            "text": message.body,
            "sender": message.sender,
            "uuid": message.uuid,
            "login": self.config.login,
            "secret": self.config.secret,
            "callback": f"{self.config.callback_url}?u={message.uuid}&s={signature}",
        }

    def _read(self, message: Outgoing, response) -> Result:
        options = self.config.options
        if response.status_code >= 400:
            failure = _STATUS.get(response.status_code, "server")
            result = self._failed(message, failure, f"HTTP {response.status_code}")
            result.retry_after = retry_after(response)
            return result
        answer = _parse(response.content)
        code = str(_at(answer, options.get("ok_path")))
        if options.get("ok_path") and code not in options.get("ok_values", ["0"]):
            failure = (options.get("failures") or {}).get(code, "rejected")
            reason = _at(answer, options.get("reason_path")) or code
            return self._failed(message, failure, reason)
        reference = _at(answer, options.get("ref_path"))
        return Result(message.uuid, "accepted", provider_ref=str(reference or ""))

    def inbound_url(self) -> str:
        signature = sign(self.config.callback_secret, "inbound")
        return f"{self.config.callback_url}?s={signature}"

    def parse_callback(self, query, body, raw_query, headers=None):
        """A signed receipt for our uuid, or (``signature`` over ``inbound``) a text."""
        options = self.config.options
        data = {**query, **_parse(body)} if body else dict(query)
        uuid = query.get("u", "")
        check_signature(
            self.config.callback_secret, uuid or "inbound", query.get("s", "")
        )
        word = str(_at(data, options.get("event_kind_path") or "kind") or "")
        kind = (options.get("event_kinds") or {}).get(word, word)
        if kind not in ("accepted", "delivered", "read", "failed", "inbound"):
            return []
        reference = str(_at(data, options.get("event_id_path") or "id") or "")
        return [
            Event(
                external_id=reference or f"{uuid}:{kind}",
                kind=kind,
                uuid=uuid,
                peer=str(_at(data, options.get("event_peer_path") or "from") or ""),
                port=str(_at(data, options.get("event_port_path") or "to") or ""),
                text=str(_at(data, options.get("event_text_path") or "text") or ""),
                failure="not_delivered" if kind == "failed" else "",
                reason=str(
                    _at(data, options.get("event_reason_path") or "reason") or ""
                ),
            )
        ]


def _fill(template: Any, values: dict[str, str]) -> Any:
    """Put values into every text of a nested template."""
    if isinstance(template, dict):
        return {key: _fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_fill(value, values) for value in template]
    if isinstance(template, str):
        return Template(template).safe_substitute(values)
    return template


def _parse(content: bytes) -> dict:
    """JSON or form fields of an answer; anything else is empty."""
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError:
        fields = parse_qs(content.decode("utf-8", "replace"))
        return {name: values[0] for name, values in fields.items()}
    return data if isinstance(data, dict) else {"value": data}


def _at(data: Any, path: str | None) -> Any:
    """The value at a dotted path; numbers index lists."""
    for step in re.findall(r"[^.]+", path or ""):
        if isinstance(data, list) and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        elif isinstance(data, dict):
            data = data.get(step)
        else:
            return None
    return data if path else None
