"""gammu-smsd's SQL spool: a GSM modem on a serial port."""

from __future__ import annotations

import re
import zlib
from contextlib import contextmanager
from datetime import datetime

import psycopg2
from psycopg2.extras import execute_values

from ..tools.sms_parts import is_gsm7, split_parts
from .base import Event, Health, NotSent, Outgoing, Provider, Result, register

# What waits in the spool is out of our hands: a stop does not reach it. So the spool
# is kept short, about a minute's worth of a modem, and the rest waits with us.
SPOOL_LIMIT = 15
SECONDS_PER_TEXT = 4
# parts of a long text that are not here after this long will not come
PARTS_MINUTES = 15
# headers of a concatenated text: reference of one or two bytes, total, number
_HEADER = re.compile(r"^(?:050003(..)|060804(....))(..)(..)$", re.IGNORECASE)

_SPOOLED = (
    'SELECT "CreatorID" FROM outbox WHERE "CreatorID" = ANY(%(uuids)s)'
    ' UNION SELECT "CreatorID" FROM sentitems WHERE "CreatorID" = ANY(%(uuids)s)'
)
# A message is delivered when all its parts are. While one still waits in the outbox
# the modem is not done with it.
_STATES = """
SELECT "CreatorID",
       CASE WHEN bool_or("Status" IN ('DeliveryFailed', 'SendingError', 'Error'))
            THEN 'failed'
            WHEN bool_and("Status" = 'DeliveryOK') THEN 'delivered'
            ELSE 'accepted' END,
       bool_or("Status" IN ('SendingError', 'Error')),
       max("StatusError") FILTER (WHERE "Status" <> 'DeliveryOK'),
       max("UpdatedInDB")::timestamptz AT TIME ZONE 'UTC'
  FROM sentitems s
 WHERE "CreatorID" IN (SELECT "CreatorID" FROM sentitems
                        WHERE %(since)s::timestamp IS NULL OR "UpdatedInDB"
                            > (%(since)s::timestamp AT TIME ZONE 'UTC')::timestamp)
   AND NOT EXISTS (SELECT FROM outbox o WHERE o."CreatorID" = s."CreatorID")
 GROUP BY "CreatorID"
"""
_INBOX = """
SELECT "ID", "SenderNumber", "RecipientID", "TextDecoded", "UDH",
       "UpdatedInDB" < LOCALTIMESTAMP - %s * interval '1 minute'
  FROM inbox WHERE NOT "Processed" ORDER BY "ID" LIMIT 500
"""


@register("smsd")
class Smsd(Provider):
    """Writes into ``outbox``, reads ``sentitems`` and ``inbox`` of the spool.

    The role is not Odoo's own; readme/GATEWAYS.md tells what it may do. Options:
    ``phone_id`` (which modem), ``spool_limit``.
    """

    capabilities = frozenset(("delivery_report", "inbound", "lookup"))

    @contextmanager
    def _cursor(self):
        """A cursor on the spool; one transaction, closed in any case."""
        try:
            connection = psycopg2.connect(
                host=self.config.host,
                port=self.config.port or 5432,
                dbname=self.config.database,
                user=self.config.login,
                password=self.config.secret or None,
                connect_timeout=int(self.config.timeout),
            )
        except psycopg2.OperationalError as error:
            raise NotSent(type(error).__name__) from error
        try:
            with connection, connection.cursor() as cr:
                yield cr
        finally:
            connection.close()

    def send(self, batch: list[Outgoing]) -> list[Result]:
        """Spool a batch in one transaction: all of it or nothing. A message spooled
        before (its uuid is there) is not spooled again; what finds no room waits."""
        results = []
        with self._cursor() as cr:
            cr.execute(_SPOOLED, {"uuids": [message.uuid for message in batch]})
            known = {row[0] for row in cr.fetchall()}
            cr.execute("SELECT count(*) FROM outbox")
            waiting = cr.fetchone()[0]
            limit = int(self.config.options.get("spool_limit") or SPOOL_LIMIT)
            for message in batch:
                if message.uuid not in known:
                    waiting += 1
                    if waiting > limit:
                        results.append(self._no_room(message, waiting - limit))
                        continue
                    self._spool(cr, message)
                results.append(Result(message.uuid, "accepted"))
        return results

    @staticmethod
    def _no_room(message: Outgoing, place: int) -> Result:
        wait = float(place * SECONDS_PER_TEXT)
        return Result(message.uuid, "failed", "busy", retry_after=wait)

    def _spool(self, cr, message: Outgoing) -> None:
        parts = split_parts(message.body)
        plain = is_gsm7(message.body)
        coding = "Default_No_Compression" if plain else "Unicode_No_Compression"
        reference = f"{zlib.crc32(message.uuid.encode()) & 0xFF:02X}"
        header = f"050003{reference}{len(parts):02X}"
        is_long = len(parts) > 1
        cr.execute(
            'INSERT INTO outbox ("DestinationNumber", "TextDecoded", "CreatorID",'
            ' "Coding", "DeliveryReport", "MultiPart", "UDH", "SenderID")'
            " VALUES (%s, %s, %s, %s, 'yes', %s, %s, %s) RETURNING \"ID\"",
            (
                message.address,
                parts[0],
                message.uuid,
                coding,
                is_long,
                f"{header}01" if is_long else None,
                self.config.options.get("phone_id") or None,
            ),
        )
        row = cr.fetchone()[0]
        if is_long:
            execute_values(
                cr,
                'INSERT INTO outbox_multipart ("ID", "SequencePosition", "TextDecoded",'
                ' "Coding", "UDH") VALUES %s',
                [
                    (row, number, text, coding, f"{header}{number:02X}")
                    for number, text in enumerate(parts[1:], 2)
                ],
            )

    def poll(self, since: datetime | None = None) -> list[Event]:
        """What became of messages since then, and texts from people not taken yet."""
        with self._cursor() as cr:
            cr.execute(_STATES, {"since": since})
            events = [
                Event(
                    external_id=f"{uuid}:{kind}",
                    kind=kind,
                    uuid=uuid,
                    failure=("rejected" if unsent else "not_delivered")
                    if kind == "failed"
                    else "",
                    reason=f"status {code}" if kind == "failed" else "",
                    at=at,
                )
                for uuid, kind, unsent, code, at in cr.fetchall()
            ]
            cr.execute(_INBOX, (PARTS_MINUTES,))
            return events + list(_texts(cr.fetchall()))

    def confirm(self, events: list[Event]) -> None:
        ids = [
            int(row)
            for event in events
            if event.kind == "inbound"
            for row in event.external_id.partition(":")[2].split(",")
        ]
        if ids:
            with self._cursor() as cr:
                cr.execute(
                    'UPDATE inbox SET "Processed" = true WHERE "ID" = ANY(%s)', (ids,)
                )

    def lookup(self, uuids: list[str]) -> dict[str, str]:
        """Spooled or sent: accepted; found nowhere: it never got there."""
        with self._cursor() as cr:
            cr.execute(_SPOOLED, {"uuids": uuids})
            found = {row[0] for row in cr.fetchall()}
        return {uuid: "accepted" if uuid in found else "never" for uuid in uuids}

    def health(self) -> Health:
        """Whether the modem's daemon gave a sign of life."""
        try:
            with self._cursor() as cr:
                cr.execute(
                    "SELECT \"TimeOut\" > LOCALTIMESTAMP - interval '2 minutes',"
                    ' "Signal" FROM phones ORDER BY 1 DESC LIMIT 1'
                )
                row = cr.fetchone()
        except NotSent as error:
            return Health(False, str(error))
        return Health(bool(row and row[0]), f"signal {row[1]} %" if row else "no modem")


def _texts(rows):
    """Texts from people; parts of a long one are put together, in their order.

    The external id names the rows, so that they can be confirmed. A text whose parts
    are not all here waits for them for a while.
    """
    long, plain = {}, []
    for row, peer, port, text, header, is_old in rows:
        match = _HEADER.match(header or "")
        if not match:
            plain.append((row, [row], peer, port, text))
            continue
        total, number = int(match[3], 16), int(match[4], 16)
        key = (peer, port, match[1] or match[2], total)
        long.setdefault(key, {}).setdefault(number, (row, text, is_old))
    for (peer, port, _reference, total), parts in long.items():
        if len(parts) < total and not any(old for _row, _text, old in parts.values()):
            continue
        ordered = [parts[number] for number in sorted(parts)]
        ids = [row for row, _text, _old in ordered]
        text = "".join(text for _row, text, _old in ordered)
        plain.append((min(ids), ids, peer, port, text))
    for _first, ids, peer, port, text in sorted(plain, key=lambda item: item[0]):
        yield Event(
            external_id="inbox:" + ",".join(map(str, ids)),
            kind="inbound",
            peer=peer,
            port=port or "",
            text=text,
        )
