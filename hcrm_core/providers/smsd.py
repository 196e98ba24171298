"""gammu-smsd's SQL spool: a GSM modem on a serial port."""

from __future__ import annotations

import zlib

import psycopg2
from psycopg2.extras import execute_values

from .base import Event, Health, NotSent, Outgoing, Provider, Result, register

# a text that fits one part; longer ones are spooled as parts with a header
GSM_PART, UCS2_PART = 160, 70
GSM_LONG, UCS2_LONG = 153, 67
_SENT = {
    "SendingOK": "accepted",
    "SendingOKNoReport": "accepted",
    "DeliveryOK": "delivered",
    "DeliveryFailed": "failed",
    "SendingError": "failed",
    "Error": "failed",
}


@register("smsd")
class Smsd(Provider):
    """Writes into ``outbox``, reads ``sentitems`` and ``inbox`` of the spool.

    The role needs INSERT on outbox and outbox_multipart, SELECT on the rest and
    UPDATE of ``inbox."Processed"``; it is not Odoo's own role.
    """

    capabilities = frozenset(("delivery_report", "inbound", "lookup"))

    def _connect(self):
        try:
            return psycopg2.connect(
                host=self.config.host,
                port=self.config.port or 5432,
                dbname=self.config.database,
                user=self.config.login,
                password=self.config.secret or None,
                connect_timeout=int(self.config.timeout),
            )
        except psycopg2.OperationalError as error:
            raise NotSent(type(error).__name__) from error

    def send(self, batch: list[Outgoing]) -> list[Result]:
        """Spool a batch in one transaction: all of it or nothing. A message spooled
        before (its uuid is there) is not spooled again."""
        with self._connect() as connection, connection.cursor() as cr:
            cr.execute(
                'SELECT "CreatorID" FROM outbox WHERE "CreatorID" = ANY(%s)'
                ' UNION SELECT "CreatorID" FROM sentitems WHERE "CreatorID" = ANY(%s)',
                ([m.uuid for m in batch],) * 2,
            )
            known = {row[0] for row in cr.fetchall()}
            for message in batch:
                if message.uuid not in known:
                    self._spool(cr, message)
        connection.close()
        return [Result(message.uuid, "accepted") for message in batch]

    def _spool(self, cr, message: Outgoing) -> None:
        parts, coding = split_parts(message.body)
        reference = f"{zlib.crc32(message.uuid.encode()) & 0xFF:02X}"
        header = f"050003{reference}{len(parts):02X}"
        cr.execute(
            'INSERT INTO outbox ("DestinationNumber", "TextDecoded", "CreatorID",'
            ' "Coding", "DeliveryReport", "MultiPart", "UDH", "SenderID")'
            " VALUES (%s, %s, %s, %s, 'yes', %s, %s, %s) RETURNING \"ID\"",
            (
                message.address,
                parts[0],
                message.uuid,
                coding,
                "true" if len(parts) > 1 else "false",
                f"{header}01" if len(parts) > 1 else None,
                self.config.options.get("phone_id") or None,
            ),
        )
        row = cr.fetchone()[0]
        if len(parts) > 1:
            execute_values(
                cr,
                'INSERT INTO outbox_multipart ("ID", "SequencePosition", "TextDecoded",'
                ' "Coding", "UDH") VALUES %s',
                [
                    (row, number, text, coding, f"{header}{number:02X}")
                    for number, text in enumerate(parts[1:], 2)
                ],
            )

    def poll(self) -> list[Event]:
        """Receipts of the last two days and texts from people not taken yet."""
        with self._connect() as connection, connection.cursor() as cr:
            cr.execute(
                'SELECT "CreatorID", "Status", "StatusError", "DeliveryDateTime"'
                ' FROM sentitems WHERE "SequencePosition" = 1'
                " AND \"SendingDateTime\" > now() - interval '2 days'"
            )
            events = [
                Event(
                    external_id=f"{uuid}:{status}",
                    kind=_SENT[status],
                    uuid=uuid,
                    failure="not_delivered" if _SENT[status] == "failed" else "",
                    reason=f"{status} {error}" if _SENT[status] == "failed" else "",
                )
                for uuid, status, error, _at in cr.fetchall()
                if status in _SENT
            ]
            cr.execute(
                'SELECT "ID", "SenderNumber", "RecipientID", "TextDecoded"'
                ' FROM inbox WHERE NOT "Processed" ORDER BY "ID" LIMIT 500'
            )
            events += [
                Event(
                    external_id=f"inbox:{row}",
                    kind="inbound",
                    peer=peer,
                    port=port or "",
                    text=text,
                )
                for row, peer, port, text in cr.fetchall()
            ]
        connection.close()
        return events

    def confirm(self, events: list[Event]) -> None:
        ids = [
            int(event.external_id.partition(":")[2])
            for event in events
            if event.kind == "inbound"
        ]
        if not ids:
            return
        with self._connect() as connection, connection.cursor() as cr:
            cr.execute(
                'UPDATE inbox SET "Processed" = true WHERE "ID" = ANY(%s)', (ids,)
            )
        connection.close()

    def lookup(self, uuids: list[str]) -> dict[str, str]:
        """Spooled or sent: accepted; found nowhere: it never got there."""
        with self._connect() as connection, connection.cursor() as cr:
            cr.execute(
                'SELECT "CreatorID" FROM outbox WHERE "CreatorID" = ANY(%s)'
                ' UNION SELECT "CreatorID" FROM sentitems WHERE "CreatorID" = ANY(%s)',
                (uuids, uuids),
            )
            found = {row[0] for row in cr.fetchall()}
        connection.close()
        return {uuid: "accepted" if uuid in found else "never" for uuid in uuids}

    def health(self) -> Health:
        """Whether the modem's daemon gave a sign of life."""
        try:
            with self._connect() as connection, connection.cursor() as cr:
                cr.execute(
                    'SELECT "TimeOut" > now() - interval \'2 minutes\', "Signal"'
                    " FROM phones ORDER BY 1 DESC LIMIT 1"
                )
                row = cr.fetchone()
            connection.close()
        except NotSent as error:
            return Health(False, str(error))
        return Health(bool(row and row[0]), f"signal {row[1]} %" if row else "no modem")


def split_parts(text: str) -> tuple[list[str], str]:
    """Parts of a text and gammu's name of their coding."""
    if text.isascii():
        single, long, coding = GSM_PART, GSM_LONG, "Default_No_Compression"
    else:
        single, long, coding = UCS2_PART, UCS2_LONG, "Unicode_No_Compression"
    if len(text) <= single:
        return [text], coding
    return [text[at : at + long] for at in range(0, len(text), long)], coding
