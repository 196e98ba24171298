"""What an e-mail tells us: a report of delivery, a reply, or nothing of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr

from lxml import etree, html

from ..tools.mail_text import without_quotes
from .mail_status import ENHANCED, failure_of

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
IN_ADDRESS = re.compile(rf"\+({UUID})@", re.IGNORECASE)
IN_MESSAGE_ID = re.compile(rf"<({UUID})@", re.IGNORECASE)
TO_HEADERS = ("To", "Cc", "Delivered-To", "X-Original-To", "X-Envelope-To")
TEXT_LIMIT = 20_000
# what a report says became of a message (RFC 3464); a delay changes nothing yet
ACTIONS = {
    "failed": "failed",
    "delayed": "accepted",
    "relayed": "accepted",
    "expanded": "accepted",
    "delivered": "delivered",
}


@dataclass(slots=True)
class Reading:
    """An e-mail, read.

    :ivar kind: ``report`` of a mail server, ``auto`` (a machine answers: holiday
        notices), or ``text`` from a person
    :ivar uuids: messages of ours it may be about, likeliest first
    :ivar state: kind of event of a report
    """

    kind: str
    external_id: str
    uuids: list[str] = field(default_factory=list)
    sender: str = ""
    receivers: list[str] = field(default_factory=list)
    text: str = ""
    state: str = ""
    failure: str = ""
    reason: str = ""


def read(message: EmailMessage) -> Reading:
    """Read an e-mail; nothing in it is believed but what it is about."""
    receivers = [
        address.lower()
        for _name, address in getaddresses(
            [str(value) for name in TO_HEADERS for value in message.get_all(name, [])]
        )
        if address
    ]
    reading = Reading(
        kind="text",
        external_id=str(message.get("Message-Id", "")).strip(),
        uuids=_uuids(message, receivers),
        sender=parseaddr(str(message.get("From", "")))[1].lower(),
        receivers=receivers,
    )
    report = _delivery_status(message)
    if report:
        reading.kind = "report"
        _read_report(reading, message, report)
    elif _is_machine(message):
        reading.kind = "auto"
        reading.reason = str(message.get("Subject", ""))
    else:
        reading.text = _text(message)
    return reading


def _uuids(message, receivers: list[str]) -> list[str]:
    """By the address it came to, then by the messages it names, newest first."""
    found = IN_ADDRESS.findall(" ".join(receivers))
    for header in ("In-Reply-To", "References"):
        value = " ".join(str(part) for part in message.get_all(header, []))
        found += reversed(IN_MESSAGE_ID.findall(value))
    return list(dict.fromkeys(uuid.lower() for uuid in found))


def _delivery_status(message) -> EmailMessage | None:
    return next(
        (
            part
            for part in message.walk()
            if part.get_content_type() == "message/delivery-status"
        ),
        None,
    )


def _read_report(reading: Reading, message, report) -> None:
    blocks = report.get_payload() if report.is_multipart() else []
    told = next((block for block in blocks if block.get("Action")), None)
    if told is None:
        return
    action = str(told.get("Action", "")).strip().lower()
    status = str(told.get("Status", "")).strip()
    diagnosis = " ".join(str(told.get("Diagnostic-Code", "")).split())
    reading.state = ACTIONS.get(action, "accepted")
    reading.reason = f"{status} {diagnosis}".strip()
    if reading.state == "failed":
        if status.startswith("4") or not ENHANCED.search(status):
            # given up after waiting: the address may be right
            reading.failure = "not_delivered"
        else:
            reading.failure = failure_of(status)
    if not reading.uuids:
        for part in message.walk():
            reading.uuids += IN_MESSAGE_ID.findall(str(part.get("Message-Id", "")))
            if part.get_content_type() == "text/rfc822-headers":
                reading.uuids += IN_MESSAGE_ID.findall(part.get_content())


def _is_machine(message) -> bool:
    """RFC 3834, and what programs that do not know it say."""
    auto = str(message.get("Auto-Submitted", "no")).strip().lower()
    return (
        not auto.startswith("no")
        or str(message.get("Precedence", "")).strip().lower() == "auto_reply"
        or any(name in message for name in ("X-Autoreply", "X-Autorespond"))
    )


def _text(message) -> str:
    """The words of a person, and the names of what they attached."""
    body = message.get_body(preferencelist=("plain", "html"))
    words = ""
    if body is not None:
        try:
            words = body.get_content()
        except (LookupError, UnicodeError):  # a charset nobody knows
            words = body.get_payload(decode=True).decode("utf-8", "replace")
        if body.get_content_subtype() == "html":
            words = _plain(words)
    lines = [without_quotes(words)[:TEXT_LIMIT]]
    lines += [
        f"[{name}]"
        for name in (part.get_filename() for part in message.iter_attachments())
        if name
    ]
    return "\n".join(line for line in lines if line)


def _plain(words: str) -> str:
    """Text of an HTML body; quoted blocks are left out."""
    try:
        tree = html.fromstring(words)
    except (etree.ParserError, ValueError):
        return ""
    for quoted in tree.xpath("//blockquote | //style | //script"):
        quoted.drop_tree()
    for node in tree.xpath("//br | //p | //div"):
        node.tail = "\n" + (node.tail or "")
    return re.sub(r"\n{3,}", "\n\n", tree.text_content()).strip()
