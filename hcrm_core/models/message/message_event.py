import logging

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from .settled import settled

_logger = logging.getLogger(__name__)

# receipts only ever move a message forward
RANK = {
    "claimed": 0,
    "unknown": 0,
    "accepted": 1,
    "failed": 2,
    "delivered": 3,
    "read": 4,
}


class HcrmMessageEvent(models.Model):
    """Append-only inbox of what gateways tell: receipts and texts from people.

    The only thing a callback writes; one worker applies it later, so that a receipt
    neither deadlocks with its sender nor gets lost before it. Rows: about 40 per
    patient-year, unique on gateway, external id and kind; kept 90 days.
    """

    _name = "hcrm.message.event"
    _description = "Message Event"
    _log_access = False
    _order = "id"
    _rec_name = "external_id"

    gateway_id = fields.Many2one("hcrm.gateway", required=True, ondelete="restrict")
    company_id = fields.Many2one(related="gateway_id.company_id")
    external_id = fields.Char(required=True)
    kind = fields.Selection(
        [
            ("accepted", "Accepted"),
            ("delivered", "Delivered"),
            ("read", "Read"),
            ("failed", "Failed"),
            ("inbound", "From a person"),
        ],
        required=True,
    )
    uuid = fields.Char()
    provider_ref = fields.Char()
    peer = fields.Char("From")
    receiver = fields.Char("To")
    body = fields.Text()
    failure = fields.Char()
    reason = fields.Char()
    date = fields.Datetime(required=True)
    date_applied = fields.Datetime()

    _uniq = models.Constraint(
        "UNIQUE(gateway_id, external_id, kind)", "This was told already."
    )
    problem = fields.Char(
        readonly=True, help="Why it could not be applied; it waits for somebody's look."
    )

    # what the applier takes next
    _open_idx = models.Index("(id) WHERE date_applied IS NULL AND problem IS NULL")
    # what waits for somebody's look
    _problem_idx = models.Index("(id DESC) WHERE problem IS NOT NULL")

    @api.model
    def _append(self, gateway_id: int, events) -> int:
        """Store events; what was told before is left out. Returns how many are new."""
        count = 0
        now = fields.Datetime.now()
        for event in events:
            self.env.cr.execute(
                """
                INSERT INTO hcrm_message_event (gateway_id, external_id, kind, uuid,
                       provider_ref, peer, receiver, body, failure, reason, date)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (gateway_id, external_id, kind) DO NOTHING
                """,
                (
                    gateway_id,
                    event.external_id[:200],
                    event.kind,
                    event.uuid or None,
                    event.provider_ref or None,
                    event.peer or None,
                    event.port or None,
                    event.text.replace("\x00", "") or None,
                    event.failure or None,
                    event.reason.replace("\x00", "")[:200] or None,
                    event.at or now,
                ),
            )
            count += self.env.cr.rowcount
        return count

    @api.model
    def _told_until(self, gateway):
        """Until when the receipts of a gateway that is asked are here, an hour spared
        for clocks and for transactions that were under way; None where none is."""
        self.env.cr.execute(
            "SELECT date - interval '1 hour' FROM hcrm_message_event"
            " WHERE gateway_id = %s AND kind <> 'inbound' ORDER BY id DESC LIMIT 1",
            (gateway.id,),
        )
        row = self.env.cr.fetchone()
        return row and row[0]

    @api.model
    def _cron_apply(self):
        """Apply what gateways told, in batches, until nothing is left."""
        while settled(self.env, self._apply_batch):
            if not self.env["ir.cron"]._commit_progress(1):
                return

    @api.model
    def _apply_batch(self, limit: int = 2000) -> int:
        """Apply the next events; returns how many were taken.

        One that cannot be applied is set aside with its reason; the rest goes on.
        """
        self.flush_model()
        self.env.cr.execute(
            "SELECT id FROM hcrm_message_event WHERE date_applied IS NULL"
            " AND problem IS NULL ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
            (limit,),
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        if ids:
            self._apply_apart(ids)
        return len(ids)

    def _apply_apart(self, ids) -> None:
        """Apply events together; where that fails, halves of them, down to the one
        that is at fault."""
        try:
            with self.env.cr.savepoint():
                self._apply(ids)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # nobody's fault: the batch is done again
        except Exception as error:
            if len(ids) == 1:
                self._set_aside(ids[0], error)
                return
            half = len(ids) // 2
            self._apply_apart(ids[:half])
            self._apply_apart(ids[half:])

    def _apply(self, ids) -> None:
        self._apply_receipts(ids)
        inbound = self.browse(ids).filtered(lambda event: event.kind == "inbound")
        self.env["hcrm.inbound"]._receive(inbound)
        self.env.cr.execute(
            "UPDATE hcrm_message_event SET date_applied = now() AT TIME ZONE 'UTC'"
            " WHERE id = ANY(%s)",
            (ids,),
        )
        self.invalidate_model(flush=False)

    def _set_aside(self, event_id, error) -> None:
        # the first line says what is wrong; the others carry values of the row
        said = str(error).strip().partition("\n")[0][:200]
        event = self.browse(event_id)
        event.problem = f"{type(error).__name__}: {said}"
        _logger.warning("Message event %s is set aside: %s", event_id, event.problem)

    def action_try_again(self):
        """The reason is mended: the applier takes them again."""
        self.check_access("write")
        self.filtered("problem").write({"problem": False})

    def _apply_receipts(self, ids) -> None:
        """Move messages forward; late, repeated and reordered receipts change nothing
        that is further already. One that waits for another try, because nobody knew
        what became of the first, needs none when the first did arrive."""
        self.env["hcrm.message"].flush_model()
        rank = SQL(" ").join(
            SQL("WHEN %s THEN %s", state, number) for state, number in RANK.items()
        )
        self.env.cr.execute(
            SQL(
                """
                WITH told AS (
                    SELECT DISTINCT ON (m.id) m.id, e.kind, e.failure, e.reason, e.date
                      FROM hcrm_message_event e
                      JOIN hcrm_message m ON m.uuid = e.uuid
                        OR e.uuid IS NULL AND m.provider_ref = e.provider_ref
                       AND m.gateway_id = e.gateway_id
                     WHERE e.id = ANY(%(ids)s) AND e.kind <> 'inbound'
                  ORDER BY m.id, CASE e.kind %(rank)s END DESC)
                UPDATE hcrm_message m
                   SET state = t.kind,
                       failure = CASE WHEN t.kind = 'failed' THEN t.failure END,
                       failure_text = CASE WHEN t.kind = 'failed' THEN t.reason END,
                       date_receipt = t.date, date_sent = COALESCE(m.date_sent, t.date)
                  FROM told t
                 WHERE m.id = t.id
                   AND (CASE t.kind %(rank)s END > COALESCE(CASE m.state %(rank)s END, 9)
                        OR m.state = 'queued' AND m.attempt_count > 0
                       AND t.kind <> 'failed')
                """,
                ids=ids,
                rank=rank,
            ),
            log_exceptions=False,  # done again where it met a sender
        )
        self.env["hcrm.message"].invalidate_model(flush=False)
