"""A WeChat official (service) account. Implemented by the vendor's documents and tried
against our own simulator; not verified against the vendor."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from string import Template

from . import wechat_xml
from .base import Event, NotSent, Outgoing, Result, register
from .token_common import STALE, TokenProvider, TokenRefused

OUTREACH = frozenset(("survey", "research", "marketing"))
# the vendor's codes; every other one is a refusal
FAILURES = {
    **dict.fromkeys((40001, 40014, 41001, 42001), STALE),
    **dict.fromkeys((40013, 40125, 40164, 48001, 48004, 50002), "auth"),
    **dict.fromkeys((45009, 45011), "throttled"),
    **dict.fromkeys((40003, 43004, 43101, 46004, 50005), "address"),
    **dict.fromkeys((40037, 41028, 47003), "template"),
    **dict.fromkeys((45015, 45047), "window"),
    -1: "server",
}
# places that the vendor gives each type of variable; the type is in its name
LIMITS = {
    "thing": 20,
    "const": 20,
    "number": 32,
    "letter": 32,
    "symbol": 5,
    "character_string": 32,
    "phone_number": 17,
    "car_number": 8,
    "name": 10,
    "phrase": 5,
}
_TYPE = re.compile(r"^([a-z_]+?)\d*$")
# scenes of first-time followers carry this mark
_SCENE = "qrscene_"


@register("wechat")
class WeChat(TokenProvider):
    """``login`` is the AppID, ``secret`` the AppSecret, ``url`` the vendor's host.

    Care and service go as filed templates: the message's own, else that of its
    purpose (or ``*``) in the option ``templates``: ``{"care": {"id": ..., "fields":
    {"thing1": "$subject", "thing2": "$text"}}}``. Free words only answer what the
    person wrote in the last 48 hours. Nothing else is allowed there (R11).
    """

    channel = "wechat"
    capabilities = frozenset(("delivery_report", "inbound", "template", "scene"))
    reply_hours = 48
    callback_answer = "success"

    # ------------------------------------------------------------------
    # sending
    # ------------------------------------------------------------------

    def validate(self, message: Outgoing) -> Result | None:
        if message.purpose in OUTREACH:
            return self._failed(
                message, "purpose", "templates are for care and service"
            )
        if message.is_reply:
            return None
        code, values = self._template(message)
        if not code:
            return self._failed(message, "template", "no filed template")
        for name, value in values.items():
            match = _TYPE.match(name)
            limit = LIMITS.get(match[1]) if match else None
            if not value or limit and len(value) > limit:
                return self._failed(
                    message, "template", f"{name}: {len(value)}/{limit}"
                )
        return None

    def _template(self, message: Outgoing) -> tuple[str, dict[str, str]]:
        """The vendor's code and the values of its variables."""
        if message.template:
            return message.template, message.variables
        filed = self.config.options.get("templates") or {}
        chosen = filed.get(message.purpose) or filed.get("*") or {}
        words = {
            "text": message.body,
            "subject": message.subject,
            **message.variables,
        }
        return chosen.get("id", ""), {
            name: Template(text).safe_substitute(words)
            for name, text in (chosen.get("fields") or {}).items()
        }

    def _request(self, message: Outgoing) -> Result:
        if message.is_reply:
            path = "/cgi-bin/message/custom/send"
            payload = {"msgtype": "text", "text": {"content": message.body}}
        else:
            code, values = self._template(message)
            path = "/cgi-bin/message/template/send"
            payload = {
                "template_id": code,
                "data": {name: {"value": value} for name, value in values.items()},
                # the vendor sends one message for it, so another try is safe
                "client_msg_id": message.uuid.replace("-", "")[:32],
            }
            if message.link:
                payload["url"] = message.link
        payload["touser"] = message.address
        answer = self._post(path, payload)
        failure = self._kind(answer)
        if failure:
            reason = f"{answer.get('errcode')} {answer.get('errmsg') or ''}".strip()
            return self._failed(message, failure, reason)
        return Result(
            message.uuid, "accepted", provider_ref=str(answer.get("msgid") or "")
        )

    def _kind(self, answer: dict) -> str:
        code = answer.get("errcode") or 0
        return FAILURES.get(code, "rejected") if code else ""

    def _fetch_token(self, is_stale: bool) -> dict:
        # the stable one: another system of the hospital may use the same account, and
        # a token of the older kind would end that system's
        response = self.session.post(
            f"{self.config.url.rstrip('/')}/cgi-bin/stable_token",
            json={
                "grant_type": "client_credential",
                "appid": self.config.login,
                "secret": self.config.secret,
                "force_refresh": is_stale,
            },
            timeout=self.config.timeout,
        )
        return self._read_answer(response)

    def make_scene(self, scene: str, seconds: int) -> str:
        """The address that a QR code shows: who scans it follows us, and we hear of
        ``scene``. :class:`NotSent` where the vendor gives none."""
        payload = {
            "expire_seconds": seconds,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        try:
            answer = self.call("/cgi-bin/qrcode/create", payload)
        except TokenRefused as error:
            raise NotSent(str(error)) from error
        if not answer.get("url"):
            raise NotSent(f"{answer.get('errcode')} {answer.get('errmsg') or ''}")
        return answer["url"]

    # ------------------------------------------------------------------
    # callbacks
    # ------------------------------------------------------------------

    def aes_key(self) -> str:
        return wechat_xml.aes_key(self.config.callback_secret)

    def handshake(self, query: dict[str, str]) -> str | None:
        if "echostr" not in query:
            return None
        wechat_xml.check(
            query.get("signature", ""),
            self.callback_token(),
            query.get("timestamp", ""),
            query.get("nonce", ""),
        )
        return query["echostr"]

    def parse_callback(self, query, body, raw_query, headers=None):
        """A receipt, a text, or somebody who follows us or no longer does."""
        fields = wechat_xml.open_callback(
            query, body, self.callback_token(), self.aes_key(), self.config.login
        )
        kind = fields.get("MsgType")
        event = _event(fields) if kind == "event" else _text(fields)
        return [event] if event else []


def _text(fields: dict[str, str]) -> Event | None:
    """A message of a person; what is no text shows as its kind."""
    if not fields.get("MsgId"):
        return None
    kind = fields.get("MsgType", "")
    words = fields.get("Content") or fields.get("Recognition") or f"[{kind}]"
    return Event(
        external_id=fields["MsgId"],
        kind="inbound",
        peer=fields.get("FromUserName", ""),
        port=fields.get("ToUserName", ""),
        text=words,
        at=_at(fields),
    )


def _event(fields: dict[str, str]) -> Event | None:
    name = fields.get("Event", "")
    peer = fields.get("FromUserName", "")
    stamp = fields.get("CreateTime", "")
    if name == "TEMPLATESENDJOBFINISH":
        status = fields.get("Status", "")
        is_ok = status == "success"
        blocked = "block" in status
        return Event(
            external_id=f"{fields.get('MsgID')}:{status}",
            kind="delivered" if is_ok else "failed",
            provider_ref=fields.get("MsgID", ""),
            failure="" if is_ok else "address" if blocked else "not_delivered",
            reason="" if is_ok else status,
            at=_at(fields),
        )
    if name in ("subscribe", "SCAN", "unsubscribe"):
        return Event(
            external_id=f"{peer}:{stamp}:{name}",
            kind="unfollow" if name == "unsubscribe" else "follow",
            peer=peer,
            port=fields.get("ToUserName", ""),
            text=fields.get("EventKey", "").removeprefix(_SCENE),
            at=_at(fields),
        )
    return None


def _at(fields: dict[str, str]) -> datetime | None:
    stamp = fields.get("CreateTime", "")
    if not stamp.isdigit():
        return None
    return datetime.fromtimestamp(int(stamp), UTC).replace(tzinfo=None)
