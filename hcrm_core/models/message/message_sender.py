import logging
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...providers.base import TRANSIENT, NotSent, Outgoing, provider_class
from ...tools.sms_parts import count_parts
from .settled import settled

_logger = logging.getLogger(__name__)

BATCH = 200
ATTEMPTS = 5
RETRY_SECONDS = 60
# a sender that was killed is silent for longer than any gateway takes
ORPHAN_MINUTES = 10


class HcrmMessage(models.Model):
    _inherit = "hcrm.message"

    gateway_id = fields.Many2one(
        "hcrm.gateway", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    provider_ref = fields.Char(readonly=True, index="btree_not_null")
    body_neutral = fields.Text(help="Words for when others may read the message.")
    is_clinical = fields.Boolean(help="The words name something clinical.")
    attempt_count = fields.Integer("Attempts", readonly=True)
    tried_ids = fields.Char("Gateways Tried", readonly=True)
    date_handed = fields.Datetime(
        "Handed Over", readonly=True, help="From here on it may be on its way."
    )
    date_receipt = fields.Datetime("Receipt", readonly=True)
    failure = fields.Char(readonly=True)
    failure_text = fields.Char("What the Gateway Said", readonly=True)
    parts = fields.Integer(readonly=True)
    cost = fields.Float(readonly=True, digits=(12, 4))

    # receipts that come before the answer, and replies, find their message by these
    _claimed_idx = models.Index("(date_judged) WHERE state = 'claimed'")
    _address_idx = models.Index("(address, date_sent DESC) WHERE address IS NOT NULL")

    # ------------------------------------------------------------------
    # the sender
    # ------------------------------------------------------------------

    @api.model
    def _cron_send(self):
        """Claim, commit, send without locks, write what came of it, commit; again.

        Several workers may run this at once: rows are claimed once.
        """
        settled(self.env, self._recover_orphans)
        while True:
            claimed = settled(
                self.env, lambda: self._claim(BATCH, self._sendable_channels())
            )
            if not self.env["ir.cron"]._commit_progress(max(len(claimed), 1)):
                return
            if not claimed:
                return
            self._hand_over(claimed)
            if not self.env["ir.cron"]._commit_progress(0):
                return

    @api.model
    def _sendable_channels(self):
        """Channels that have a gateway; the others wait for one."""
        # sudo: whether there is one, not which
        groups = self.env["hcrm.gateway"].sudo()._read_group([], ["channel"])
        return [channel for (channel,) in groups] or ["none"]

    def _hand_over(self, messages) -> None:
        """Give claimed messages to their gateways and write the results."""
        groups = {}
        Gateway = self.env["hcrm.gateway"]
        chosen = {}
        for message in messages:
            tried = tuple(int(x) for x in (message.tried_ids or "").split(",") if x)
            key = (message.company_id, message.channel, message.purpose, tried)
            if key not in chosen:
                chosen[key] = Gateway._for_purpose(*key)
            groups.setdefault(chosen[key], self.browse())
            groups[chosen[key]] |= message
        for gateway, group in groups.items():
            if gateway:
                self._send_group(gateway, group)
            else:
                settled(
                    self.env, lambda group=group: group._try_later("no_gateway", "")
                )

    def _send_group(self, gateway, group) -> None:
        provider = gateway._provider()
        # a second's worth at a time: the pace holds, and a stop is heard in between
        size = min(filter(None, (provider_class(gateway.kind).max_batch, gateway.rate)))
        try:
            for start in range(0, len(group), size):
                self._send_batch(gateway, provider, group[start : start + size])
        finally:
            provider.close()

    def _send_batch(self, gateway, provider, batch) -> None:
        """The moment of truth: what was stopped since the claim drops out here."""
        rate = gateway.rate
        handed, outgoing = settled(self.env, lambda: batch._take_in_hand(gateway))
        if not handed:
            return
        started = time.monotonic()
        # no transaction is open while the gateway is asked: receipts come meanwhile
        try:
            results = provider.send(outgoing)
        except NotSent as error:
            reason = str(error)
            settled(self.env, lambda: handed._not_reached(gateway, reason))
            return
        settled(self.env, lambda: handed._write_results(gateway, results, outgoing))
        if rate:
            time.sleep(max(0.0, len(outgoing) / rate - (time.monotonic() - started)))

    def _take_in_hand(self, gateway):
        """What may still go, marked, and as the gateway gets it."""
        handed = self._mark_handed(gateway)
        return handed, [message._outgoing(gateway) for message in handed]

    def _not_reached(self, gateway, reason) -> None:
        """Nothing went out: an outage of the gateway uses up no attempt."""
        gateway._book_failure()
        for message in self:
            message.attempt_count -= 1
        self._try_later("server", reason, gateway)

    def _mark_handed(self, gateway):
        """Mark what is still claimed as handed over; returns it. Committed before the
        gateway hears of it, so that a kill in between can be told from one before."""
        self.flush_model()
        self.env.cr.execute(
            "UPDATE hcrm_message SET date_handed = now() AT TIME ZONE 'UTC',"
            " gateway_id = %s, attempt_count = COALESCE(attempt_count, 0) + 1"
            " WHERE id = ANY(%s) AND state = 'claimed' AND date_handed IS NULL"
            " RETURNING id",
            (gateway.id, self.ids),
            log_exceptions=False,  # done again where it met a stop
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        self.invalidate_model(flush=False)
        return self.browse(sorted(ids))

    def _outgoing(self, gateway) -> Outgoing:
        return Outgoing(
            uuid=self.uuid,
            address=self.address or "",
            body=gateway._words(self),
            subject=self.subject or "",
            sender=gateway.sender or "",
            purpose=self.purpose,
        )

    # ------------------------------------------------------------------
    # results
    # ------------------------------------------------------------------

    def _write_results(self, gateway, results, outgoing) -> None:
        """Write what the gateway answered; a receipt that was faster stays."""
        words = {item.uuid: item.body for item in outgoing}
        accepted = [result for result in results if result.state == "accepted"]
        failed = [result for result in results if result.state != "accepted"]
        parts = {r.uuid: r.parts or count_parts(words[r.uuid]) for r in accepted}
        self.env.cr.execute(
            SQL(
                """
                UPDATE hcrm_message m
                   SET state = CASE WHEN m.state = 'claimed' THEN 'accepted'
                                    ELSE m.state END,
                       provider_ref = NULLIF(v.ref, ''), parts = v.parts,
                       cost = v.parts * %(price)s
                  FROM unnest(%(uuids)s::text[], %(refs)s::text[], %(parts)s::int[])
                       AS v(uuid, ref, parts)
                 WHERE m.uuid = v.uuid
                """,
                price=gateway.cost_per_part or 0.0,
                uuids=[result.uuid for result in accepted],
                refs=[result.provider_ref for result in accepted],
                parts=[parts[result.uuid] for result in accepted],
            ),
            log_exceptions=False,  # done again where it met a receipt
        )
        self.invalidate_model(flush=False)
        by_uuid = {message.uuid: message for message in self}
        for result in failed:
            by_uuid[result.uuid]._book_failed(gateway, result)
        if accepted:
            gateway._book_success()
        elif all(result.failure in TRANSIENT for result in failed):
            gateway._book_failure()

    def _book_failed(self, gateway, result) -> None:
        """Try again, elsewhere, or give up; an outcome nobody knows is never guessed."""
        if result.failure == "unknown":
            self._outcome_unknown(result.reason)
        elif result.failure == "busy":
            self.attempt_count -= 1
            self._try_later("throttled", result.reason, gateway, result.retry_after)
        elif result.failure in (*TRANSIENT, "auth", "credit", "later"):
            self._try_later(result.failure, result.reason, gateway, result.retry_after)
        else:
            self.write(
                {
                    "state": "failed",
                    "failure": result.failure,
                    "failure_text": result.reason,
                    "date_sent": False,
                }
            )

    def _try_later(self, failure, reason, gateway=None, wait=None) -> None:
        """Back to the queue with a growing delay; another gateway is tried first."""
        now = fields.Datetime.now()
        for message in self:
            count = message.attempt_count
            if count >= ATTEMPTS and failure != "no_gateway":
                state, due = "failed", message.date_planned
            else:
                state = "queued"
                delay = wait or RETRY_SECONDS * 2 ** max(count - 1, 0)
                tried = set(filter(None, (message.tried_ids or "").split(",")))
                if gateway and failure not in ("throttled", "later"):
                    tried.add(str(gateway.id))
                    other = self.env["hcrm.gateway"]._for_purpose(
                        message.company_id,
                        message.channel,
                        message.purpose,
                        [int(x) for x in tried],
                    )
                    if other:
                        delay = 0
                    else:
                        tried = set()  # all were tried: from the start, later
                message.tried_ids = ",".join(sorted(tried)) or False
                due = now + timedelta(seconds=delay)
            message.write(
                {
                    "state": state,
                    "failure": failure,
                    "failure_text": reason,
                    "date_planned": due,
                    "date_handed": False,
                    "date_sent": False,
                }
            )

    def _outcome_unknown(self, reason) -> None:
        """It may have gone out. Marketing is never sent again; care is, because a
        reminder twice is better than none."""
        for message in self:
            again = message.purpose in ("care", "security") and (
                message.attempt_count < ATTEMPTS
            )
            values = {"failure": "unknown", "failure_text": reason}
            if again:
                values.update(
                    state="queued",
                    date_handed=False,
                    date_sent=False,
                    date_planned=fields.Datetime.now()
                    + timedelta(seconds=RETRY_SECONDS),
                )
            else:
                values["state"] = "unknown"
            message.write(values)

    @api.model
    def _recover_orphans(self) -> None:
        """Messages whose sender was killed.

        Claimed and not handed over: nothing went out, back to the queue. Handed over:
        the gateway is asked where it can tell; else the outcome is unknown.
        """
        limit = fields.Datetime.now() - timedelta(minutes=ORPHAN_MINUTES)
        self.flush_model()
        self.env.cr.execute(
            "UPDATE hcrm_message SET state = 'queued', date_sent = NULL"
            " WHERE state = 'claimed' AND date_handed IS NULL AND date_judged < %s",
            (limit,),
        )
        self.invalidate_model(flush=False)
        orphans = self.search(
            [("state", "=", "claimed"), ("date_handed", "<", limit)], limit=1000
        )
        for gateway, group in orphans.grouped("gateway_id").items():
            known = {}
            if "lookup" in provider_class(gateway.kind).capabilities:
                provider = gateway._provider()
                try:
                    known = provider.lookup(group.mapped("uuid"))
                except NotSent:
                    _logger.info("Gateway %s cannot tell now", gateway.id)
                    continue
                finally:
                    provider.close()
            for message in group:
                told = known.get(message.uuid)
                if told == "never":
                    message._try_later("server", "", gateway)
                elif told:
                    message.state = told
                else:
                    message._outcome_unknown(self.env._("The server stopped."))

    @api.model
    def _cron_poll(self):
        """Ask the gateways that do not call back."""
        Event = self.env["hcrm.message.event"]
        # sudo: credentials are for the provider
        for gateway in self.env["hcrm.gateway"].sudo().search([("kind", "=", "smsd")]):
            provider = gateway._provider()
            try:
                events = provider.poll(Event._told_until(gateway))
                Event._append(gateway.id, events)
                self.env["ir.cron"]._commit_progress(1)
                provider.confirm(events)
            except NotSent:
                gateway._book_failure()
            finally:
                provider.close()
        Event._cron_apply()
