import email
import email.policy
import logging

from odoo import api, models

from ...providers.base import Event
from ...providers.mail_reading import read

_logger = logging.getLogger(__name__)


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def message_process(
        self,
        model,
        message,
        custom_values=None,
        save_original=False,
        strip_attachments=False,
        thread_id=None,
    ):
        """What concerns a message of the outbox goes to the card; all other mail takes
        Odoo's own way."""
        raw = getattr(message, "data", message)  # wrapped where it came over XML-RPC
        raw = raw.encode() if isinstance(raw, str) else bytes(raw)
        if self.env["hcrm.mail.intake"]._take(raw):
            return False
        return super().message_process(
            model, message, custom_values, save_original, strip_attachments, thread_id
        )


class HcrmMailIntake(models.AbstractModel):
    """Reads e-mails that Odoo fetched: reports and replies to our messages become
    events, like the callbacks of every other gateway; one worker applies them."""

    _name = "hcrm.mail.intake"
    _description = "Intake of E-mails"

    @api.model
    def _take(self, raw: bytes) -> bool:
        """Keep an e-mail that is ours; False where it is not.

        The same Message-Id twice is kept once.
        """
        reading = read(email.message_from_bytes(raw, policy=email.policy.SMTP))
        message = self._message_of(reading)
        gateway = message.gateway_id
        if not gateway and reading.kind == "text":
            gateway = self.env["hcrm.gateway"]._of_addresses(reading.receivers)
        if not gateway:
            return False
        event = self._event(reading, message)
        # sudo: append-only inbox
        Event_sudo = self.env["hcrm.message.event"].sudo()
        if Event_sudo._append(gateway.id, [event]):
            _logger.info("mail gateway %s: %s", gateway.id, event.kind)
            # sudo: wake the worker that applies
            self.env.ref("hcrm_core.ir_cron_message_apply").sudo()._trigger()
        return True

    def _message_of(self, reading):
        """The message of ours it is about; empty where it names none."""
        # sudo: mail is read before anybody is logged in
        Message = self.env["hcrm.message"].sudo()
        if not reading.uuids:
            return Message
        found = Message.search(
            [("uuid", "in", reading.uuids), ("gateway_id.kind", "=", "email")]
        )
        rank = {uuid: place for place, uuid in enumerate(reading.uuids)}
        return found.sorted(lambda message: rank[message.uuid])[:1]

    def _event(self, reading, message) -> Event:
        if reading.kind == "text":
            return Event(
                external_id=reading.external_id or f"{message.uuid}:reply",
                kind="inbound",
                uuid=message.uuid or "",
                peer=reading.sender,
                port=reading.receivers[0] if reading.receivers else "",
                text=reading.text,
            )
        # a machine that answers tells no more than that the message came somewhere
        return Event(
            external_id=reading.external_id or f"{message.uuid}:{reading.state}",
            kind=reading.state or "accepted",
            uuid=message.uuid,
            failure=reading.failure,
            reason=reading.reason.replace(message.address or "\x00", "…"),
        )
