"""WhatsApp Cloud API. Implemented by the vendor's documents and tried against our own
simulator; not verified against the vendor."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from string import Template

import orjson
import requests

from .base import Event, Forbidden, Health, Outgoing, Result, register
from .http_common import HttpProvider, retry_after

VERSION = "v21.0"
OUTREACH = frozenset(("survey", "research", "marketing"))
FAILURES = {
    **dict.fromkeys((0, 3, 10, 190, 368, 131031, 131042), "auth"),
    **dict.fromkeys((4, 80007, 130429, 131048, 131056), "throttled"),
    **dict.fromkeys((131021, 131026, 131030, 131050), "address"),
    **dict.fromkeys(
        (132000, 132001, 132005, 132007, 132012, 132015, 132016), "template"
    ),
    **dict.fromkeys((1, 2, 131000, 131016, 133004), "server"),
    131047: "window",
}
STATES = {
    "sent": "accepted",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
}


@register("whatsapp")
class WhatsApp(HttpProvider):
    """``account`` is the id of the phone number, ``secret`` the system user's token,
    ``app_secret`` signs callbacks. Options: ``version``; ``templates``: ``{"care":
    {"name": ..., "language": "en", "parameters": ["$text"]}}``, by purpose or ``*``.

    Free words only answer what the person wrote in the last 24 hours.
    """

    channel = "whatsapp"
    capabilities = frozenset(("delivery_report", "inbound", "template"))
    reply_hours = 24

    def validate(self, message: Outgoing) -> Result | None:
        if message.is_reply or self._template(message):
            return None
        return self._failed(message, "template", "no approved template")

    def _template(self, message: Outgoing) -> dict | None:
        """The template of a message as the vendor wants it, None where none fits."""
        if message.template:
            name, language = message.template, message.language or "en"
            words = list(message.variables.values())
        else:
            filed = self.config.options.get("templates") or {}
            # an offer never goes as what was approved for care
            shared = {} if message.purpose in OUTREACH else filed.get("*")
            chosen = filed.get(message.purpose) or shared or {}
            name = chosen.get("name")
            language = chosen.get("language") or "en"
            values = {
                "text": message.body,
                "subject": message.subject,
                **message.variables,
            }
            words = [
                Template(text).safe_substitute(values)
                for text in chosen.get("parameters") or ()
            ]
        if not name:
            return None
        template = {"name": name, "language": {"code": language}}
        if words:
            parameters = [{"type": "text", "text": word} for word in words]
            template["components"] = [{"type": "body", "parameters": parameters}]
        return template

    def _request(self, message: Outgoing) -> Result:
        payload = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.address.lstrip("+"),
            # comes back with every status
            "biz_opaque_callback_data": message.uuid,
        }
        if message.is_reply:
            payload |= {"type": "text", "text": {"body": message.body}}
        else:
            payload |= {"type": "template", "template": self._template(message)}
        response = self.session.post(
            f"{self._base()}/{self.config.account}/messages",
            json=payload,
            headers={"Authorization": f"Bearer {self.config.secret}"},
            timeout=self.config.timeout,
        )
        answer = _json(response.content)
        if response.status_code >= 400 or "error" in answer:
            return self._refused(message, response, answer.get("error") or {})
        reference = (answer.get("messages") or [{}])[0].get("id", "")
        return Result(message.uuid, "accepted", provider_ref=reference)

    def _refused(self, message: Outgoing, response, error: dict) -> Result:
        failure = FAILURES.get(error.get("code", ""), "")
        if not failure:
            status = response.status_code
            failure = {401: "auth", 403: "auth", 429: "throttled"}.get(
                status, "server" if status >= 500 else "rejected"
            )
        reason = f"{error.get('code', response.status_code)} {error.get('message', '')}"
        result = self._failed(message, failure, reason.strip())
        result.retry_after = retry_after(response)
        return result

    def _base(self) -> str:
        version = self.config.options.get("version") or VERSION
        return f"{self.config.url.rstrip('/')}/{version}"

    def health(self) -> Health:
        """Whether the vendor knows the number."""
        try:
            response = self.session.get(
                f"{self._base()}/{self.config.account}",
                headers={"Authorization": f"Bearer {self.config.secret}"},
                timeout=self.config.timeout,
            )
        except requests.RequestException as error:
            return Health(False, type(error).__name__)
        return Health(
            response.ok, "" if response.ok else f"HTTP {response.status_code}"
        )

    # ------------------------------------------------------------------
    # callbacks
    # ------------------------------------------------------------------

    def handshake(self, query: dict[str, str]) -> str | None:
        if query.get("hub.mode") != "subscribe":
            return None
        given = query.get("hub.verify_token", "")
        if not hmac.compare_digest(self.callback_token().encode(), given.encode()):
            raise Forbidden
        return query.get("hub.challenge", "")

    def parse_callback(self, query, body, raw_query, headers=None):
        """Statuses and messages of one callback, which may hold several."""
        given = (headers or {}).get("X-Hub-Signature-256", "")
        secret = self.config.app_secret.encode()
        digest = hmac.new(secret, body, hashlib.sha256).hexdigest()
        if not secret or not hmac.compare_digest(
            f"sha256={digest}".encode(), given.encode()
        ):
            raise Forbidden
        events = []
        for entry in _json(body).get("entry") or ():
            for change in entry.get("changes") or ():
                value = change.get("value") or {}
                port = (value.get("metadata") or {}).get("display_phone_number", "")
                events += filter(None, map(_status, value.get("statuses") or ()))
                events += [_text(item, port) for item in value.get("messages") or ()]
        return events


def _status(item: dict) -> Event | None:
    kind = STATES.get(item.get("status", ""))
    if not kind:
        return None
    error = (item.get("errors") or [{}])[0]
    failure = ""
    if kind == "failed":
        failure = FAILURES.get(error.get("code", ""), "not_delivered")
    return Event(
        external_id=f"{item.get('id')}:{item['status']}",
        kind=kind,
        uuid=item.get("biz_opaque_callback_data") or "",
        provider_ref=item.get("id", ""),
        failure=failure,
        reason=f"{error.get('code')} {error.get('title', '')}" if failure else "",
        at=_at(item),
    )


def _text(item: dict, port: str) -> Event:
    kind = item.get("type", "")
    part = item.get(kind) if isinstance(item.get(kind), dict) else {}
    reply = part.get("button_reply") or part.get("list_reply") or {}
    words = part.get("body") or part.get("text") or reply.get("title")
    return Event(
        external_id=item.get("id", ""),
        kind="inbound",
        peer=f"+{item.get('from', '').lstrip('+')}",
        port=port,
        text=words or part.get("caption") or f"[{kind}]",
        at=_at(item),
    )


def _at(item: dict) -> datetime | None:
    stamp = str(item.get("timestamp", ""))
    if not stamp.isdigit():
        return None
    return datetime.fromtimestamp(int(stamp), UTC).replace(tzinfo=None)


def _json(content: bytes) -> dict:
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return data if isinstance(data, dict) else {}
