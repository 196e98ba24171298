"""E-mail through a mail server that Odoo knows (host, encryption, login are its)."""

from __future__ import annotations

import email.policy
import smtplib
from email.message import EmailMessage
from email.utils import formataddr, localtime, parseaddr

from ..tools.mail_text import html_of
from .base import Health, NotSent, Outgoing, Provider, Result, register
from .mail_status import failure_of

REASON_LIMIT = 200


@register("email")
class MailServer(Provider):
    """One SMTP session for as long as the provider lives.

    Options: ``sender`` (From of the gateway), ``reply_to``, ``bounce`` (address to
    which reports of failed delivery go; each message gets its own, ``bounce+UUID@…``,
    so that a report names its message whatever else it quotes). Hook ``connect``
    returns an open session of ``smtplib``.
    """

    channel = "email"
    # a mail server takes one at a time anyway; a kill leaves one in doubt, not many
    max_batch = 1
    capabilities = frozenset(("delivery_report", "inbound"))

    def __init__(self, config):
        super().__init__(config)
        self._session: smtplib.SMTP | None = None

    # ------------------------------------------------------------------
    # sending
    # ------------------------------------------------------------------

    def send(self, batch: list[Outgoing]) -> list[Result]:
        results = [self._send_one(message) for message in batch]
        if results and all(result.failure == "unreached" for result in results):
            raise NotSent(results[0].reason)
        for result in results:
            if result.failure == "unreached":
                result.failure = "server"
        return results

    def _send_one(self, message: Outgoing) -> Result:
        """Send one message. Only a line that dies while the words are on it leaves
        the outcome unknown: before that nothing can have gone out."""
        try:
            content = self._write(message).as_bytes()
            recipient = ascii_address(message.address)
        except ValueError as error:
            return _failed(message, "address", type(error).__name__)
        try:
            refused = self._envelope(message, recipient)
        except smtplib.SMTPAuthenticationError:
            return _failed(message, "auth", "the mail server refuses the login")
        except OSError as error:  # every error of smtplib is one
            self._drop()
            return _failed(message, "unreached", type(error).__name__)
        if refused:
            return refused
        return self._hand_over(message, content)

    def _hand_over(self, message: Outgoing, content: bytes) -> Result:
        try:
            code, text = self._session.data(content)
        except smtplib.SMTPDataError as error:
            code, text = error.smtp_code, error.smtp_error
        except OSError as error:
            self._drop()
            return _failed(message, "unknown", type(error).__name__)
        if code == 250:
            return Result(message.uuid, "accepted", parts=1)
        return self._refusal(message, code, text, is_recipient=False)

    def _envelope(self, message: Outgoing, recipient: str) -> Result | None:
        """Tell the server from whom and to whom; the refusal, or None."""
        bounce = self._bounce(message)
        if not self._session:
            self._session = self._connect()
        try:
            code, text = self._session.mail(bounce)
        except smtplib.SMTPServerDisconnected:
            # a session that waited may be closed: once more with a fresh one
            self._drop()
            self._session = self._connect()
            code, text = self._session.mail(bounce)
        if code != 250:
            return self._refusal(message, code, text, is_recipient=False)
        code, text = self._session.rcpt(recipient)
        if code not in (250, 251):
            return self._refusal(message, code, text, is_recipient=True)
        return None

    def _connect(self) -> smtplib.SMTP:
        session = self.config.hooks["connect"]()
        if session is None:  # Odoo sends nothing while it tests or starts
            raise NotSent("sending is switched off")
        session.ehlo_or_helo_if_needed()
        return session

    def _refusal(self, message, code: int, text, is_recipient: bool) -> Result:
        """The result of a reply that is not yes; the session stays usable."""
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        reason = f"{code} {said}".replace(message.address, "…")
        if code == 421:
            self._drop()
        else:
            self._reset()
        if code < 500:
            return _failed(message, "later" if is_recipient else "server", reason)
        return _failed(message, failure_of(said, code, is_recipient), reason)

    def _reset(self) -> None:
        try:
            self._session.rset()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session:
            session.close()

    def close(self) -> None:
        session, self._session = self._session, None
        if session:
            try:
                session.quit()
            except OSError:
                session.close()

    # ------------------------------------------------------------------
    # the message
    # ------------------------------------------------------------------

    def _bounce(self, message: Outgoing) -> str:
        local, _at, domain = self.config.options["bounce"].rpartition("@")
        return f"{local}+{message.uuid}@{domain}"

    def _write(self, message: Outgoing) -> EmailMessage:
        """The message as it leaves: text and HTML, and the headers of a list where it
        is outreach."""
        options = self.config.options
        # the policy that Odoo uses, read now: Odoo replaces it when it starts
        letter = EmailMessage(policy=email.policy.SMTP)
        letter["Message-Id"] = message_id(message.uuid, options["bounce"])
        letter["Date"] = localtime()
        letter["From"] = formataddr(parseaddr(options["sender"]))
        letter["To"] = ascii_address(message.address)
        letter["Reply-To"] = options.get("reply_to") or options["sender"]
        letter["Subject"] = " ".join(message.subject.split())
        letter["Auto-Submitted"] = "auto-generated"
        letter["X-Auto-Response-Suppress"] = "OOF, AutoReply"
        if message.unsubscribe:
            letter["List-Unsubscribe"] = f"<{message.unsubscribe}>"
            letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        letter.set_content(message.body)
        letter.add_alternative(message.html or html_of(message.body), subtype="html")
        return letter

    # ------------------------------------------------------------------
    # health
    # ------------------------------------------------------------------

    def health(self) -> Health:
        """Whether the server lets us in and takes our senders."""
        if detail := self.config.options.get("trouble"):
            return Health(False, detail)
        try:
            session = self._connect()
        except (OSError, NotSent) as error:
            return Health(False, str(error) or type(error).__name__)
        try:
            code, text = session.mail(self.config.options["bounce"])
            session.rset()
            session.quit()
        except OSError as error:
            return Health(False, type(error).__name__)
        said = text.decode("utf-8", "replace")
        return Health(code == 250, f"{code} {said}"[:REASON_LIMIT])


def message_id(uuid: str, bounce: str) -> str:
    """The Message-Id of our message: a reply names it."""
    return f"<{uuid}@{bounce.rpartition('@')[2]}>"


def ascii_address(address: str) -> str:
    """The address as every mail server takes it; ValueError where there is none."""
    local, at, domain = address.strip().rpartition("@")
    if not (local and at and domain and local.isascii()) or set(address) & set(
        " <>,\n"
    ):
        raise ValueError("not an address")
    return f"{local}@{domain.encode('idna').decode()}"


def _failed(message: Outgoing, failure: str, reason: str) -> Result:
    return Result(message.uuid, "failed", failure, reason[:REASON_LIMIT])
