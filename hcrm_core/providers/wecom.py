"""WeCom (WeChat Work): texts to staff. Implemented by the vendor's documents and tried
against our own simulator; not verified against the vendor."""

from __future__ import annotations

from datetime import UTC, datetime

from . import wechat_xml
from .base import Event, Outgoing, Result, register
from .token_common import STALE, TokenProvider

FAILURES = {
    **dict.fromkeys((40014, 41001, 42001), STALE),
    **dict.fromkeys((40001, 40013, 48002, 60020, 301002), "auth"),
    **dict.fromkeys((45009, 45033), "throttled"),
    **dict.fromkeys((40003, 60111, 81013), "address"),
    -1: "server",
}
ADDED, DELETED = "add_external_contact", "del_external_contact"


@register("wecom")
class WeCom(TokenProvider):
    """``login`` is the corporation's id, ``secret`` that of the app, ``account`` the
    app's AgentId. The address is the user id of a member; ``party:3`` is a department
    of the address book, ``tag:2`` a tag: a roster change reaches its group at once.
    """

    channel = "wecom"
    capabilities = frozenset(("inbound",))
    callback_answer = "success"

    def _request(self, message: Outgoing) -> Result:
        word, _colon, number = message.address.partition(":")
        target = {"party": "toparty", "tag": "totag"}.get(word if number else "")
        payload = {
            target or "touser": number if target else message.address,
            "msgtype": "text",
            "agentid": int(self.config.account or 0),
            "text": {"content": message.body},
            # the vendor drops a repeat within half an hour: another try is safe
            "enable_duplicate_check": 1,
            "duplicate_check_interval": 1800,
        }
        answer = self._post("/cgi-bin/message/send", payload)
        failure = self._kind(answer)
        names = ("invaliduser", "invalidparty", "invalidtag")
        invalid = [answer[name] for name in names if answer.get(name)]
        if not failure and invalid:
            failure, answer = "address", {"errcode": "invalid", "errmsg": invalid[0]}
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
        response = self.session.get(
            f"{self.config.url.rstrip('/')}/cgi-bin/gettoken",
            params={"corpid": self.config.login, "corpsecret": self.config.secret},
            timeout=self.config.timeout,
        )
        return self._read_answer(response)

    # ------------------------------------------------------------------
    # callbacks: always encrypted
    # ------------------------------------------------------------------

    def aes_key(self) -> str:
        return wechat_xml.aes_key(self.config.callback_secret)

    def handshake(self, query: dict[str, str]) -> str | None:
        sealed = query.get("echostr")
        if sealed is None:
            return None
        wechat_xml.check(
            query.get("msg_signature", ""),
            self.callback_token(),
            query.get("timestamp", ""),
            query.get("nonce", ""),
            sealed,
        )
        return wechat_xml.decrypt(self.aes_key(), self.config.login, sealed).decode()

    def parse_callback(self, query, body, raw_query, headers=None):
        """A text of a member, or an outside contact who was added or left."""
        fields = wechat_xml.open_callback(
            query, body, self.callback_token(), self.aes_key(), self.config.login
        )
        stamp = fields.get("CreateTime", "")
        at = None
        if stamp.isdigit():
            at = datetime.fromtimestamp(int(stamp), UTC).replace(tzinfo=None)
        peer = fields.get("FromUserName", "")
        if fields.get("MsgType") == "event":
            change = fields.get("ChangeType")
            if change not in (ADDED, DELETED):
                return []
            peer = fields.get("ExternalUserID", "")
            return [
                Event(
                    external_id=f"{peer}:{stamp}:{change}",
                    kind="follow" if change == ADDED else "unfollow",
                    peer=peer,
                    port=fields.get("UserID", ""),
                    text=fields.get("State", ""),
                    at=at,
                )
            ]
        if not fields.get("MsgId"):
            return []
        return [
            Event(
                external_id=fields["MsgId"],
                kind="inbound",
                peer=peer,
                port=fields.get("AgentID", ""),
                text=fields.get("Content") or f"[{fields.get('MsgType', '')}]",
                at=at,
            )
        ]
