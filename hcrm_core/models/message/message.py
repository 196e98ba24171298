from uuid import uuid4

from odoo import api, fields, models
from odoo.tools import SQL

from .governor_request import REQUEST_COLUMNS
from .purposes import CHANNELS, PURPOSES, STAFF_PURPOSE

STATES = [
    ("queued", "Waiting"),
    ("claimed", "Being sent"),
    ("accepted", "Accepted by the gateway"),
    ("delivered", "Delivered"),
    ("read", "Read"),
    ("failed", "Failed"),
    ("expired", "Expired"),
    ("unknown", "Outcome unknown"),
    ("refused", "Not sent"),
    ("cancelled", "Cancelled"),
]
# these went out, or may have: they count against the limits of a person
COUNTED = ("claimed", "accepted", "delivered", "read", "unknown")
# these can still be stopped
OPEN = ("queued", "claimed")


class HcrmMessage(models.Model):
    """The outbox and its record: one row per recipient and channel, never rewritten
    by hand.

    A queued row is judged by the governor at the moment it is claimed for sending.
    Rows: about 30 per patient-year; unique on ``uuid`` and ``key``; bodies are
    purged by retention, the row stays 2 years.
    """

    _name = "hcrm.message"
    _inherit = ["hcrm.person.mixin", "hcrm.keyed.mixin"]
    _description = "Message"
    _order = "id desc"
    _rec_name = "uuid"

    uuid = fields.Char(required=True, readonly=True, copy=False)
    partner_id = fields.Many2one("res.partner", "Person", ondelete="restrict")
    recipient_id = fields.Many2one(
        "res.partner",
        "Goes To",
        ondelete="set null",
        index="btree_not_null",
        help="Guardian, proxy or surviving card, where it is not the person.",
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
    )
    purpose = fields.Selection(
        [*PURPOSES, STAFF_PURPOSE], required=True, default="marketing"
    )
    channel = fields.Selection(CHANNELS, required=True)
    address = fields.Char(readonly=True, help="Number or address it goes to.")
    asked_address = fields.Char(
        "Asked For", readonly=True, help="Address the sender named, if it did."
    )
    topic = fields.Char(
        index="btree_not_null", help="Campaign or subject it belongs to."
    )
    is_greeting = fields.Boolean()
    is_urgent = fields.Boolean(help="Knows no hours: a red flag, a danger.")
    is_answer = fields.Boolean(
        "Answer",
        readonly=True,
        help="To somebody who wrote just now: knows no hours and no limits.",
    )
    subject = fields.Char()
    body = fields.Text()
    res_model = fields.Char("Origin Model")
    res_id = fields.Many2oneReference("Origin", model_field="res_model")
    user_id = fields.Many2one(
        "res.users", "Sender", ondelete="set null", default=lambda self: self.env.user
    )
    priority = fields.Integer(default=10, help="Smaller goes first.")
    date_planned = fields.Datetime(
        "Not Before", required=True, default=fields.Datetime.now
    )
    date_stale = fields.Datetime(
        "Worthless After", help="A reminder is worth nothing after its appointment."
    )
    state = fields.Selection(STATES, required=True, default="queued", readonly=True)
    verdict = fields.Selection(
        [
            ("allow", "Sent"),
            ("redirect", "Sent to somebody else"),
            ("defer", "Waits"),
            ("refuse", "Not sent"),
        ],
        readonly=True,
    )
    reason_code = fields.Char(readonly=True)
    reason = fields.Char("Why", compute="_compute_reason")
    is_neutral = fields.Boolean(
        "Neutral Words", readonly=True, help="Others may read it: no clinical word."
    )
    date_judged = fields.Datetime(readonly=True)
    date_sent = fields.Datetime(readonly=True)

    _uuid_uniq = models.Constraint("UNIQUE(uuid)", "A message has one identifier.")
    # the sender's next batch
    _due_idx = models.Index("(date_planned, priority, id) WHERE state = 'queued'")
    # limits of a person and the card's list
    _person_idx = models.Index("(partner_id, date_sent DESC)")
    # the timeline of a person
    _timeline_idx = models.Index("(partner_id, date_planned DESC, id DESC)")

    @api.depends("verdict", "reason_code", "date_planned")
    @api.depends_context("lang", "tz")
    def _compute_reason(self):
        reasons = self.env["hcrm.governor.reason"]
        for message in self:
            message.reason = reasons._sentence(message)

    # ------------------------------------------------------------------
    # queueing
    # ------------------------------------------------------------------

    @api.model
    def _queue(self, vals_list):
        """Queue messages; those whose key is known already are left out.

        :param vals_list: dicts of partner_id, channel, purpose, body, and as needed
            company_id, key, subject, topic, address, date_planned, date_stale,
            is_urgent, is_greeting, res_model, res_id, priority
        :return: the rows that are new
        """
        fresh = []
        for vals in vals_list:
            vals = {**vals, "uuid": str(uuid4()), "state": "queued"}
            vals["asked_address"] = vals.pop("address", False)
            vals["purpose"] = vals.get("purpose") or "marketing"
            fresh.append(vals)
        return self._create_keyed(fresh)

    # ------------------------------------------------------------------
    # claiming: the one place where verdicts become deeds
    # ------------------------------------------------------------------

    @api.model
    def _claim(self, limit: int = 500, channels=None):
        """Judge the next due messages and claim those that may go.

        Rows are locked with SKIP LOCKED, so that several senders share the work;
        the recipients are locked too, so that two senders cannot both pass a
        person's limit. The caller commits before it sends.

        :return: the claimed rows
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """SELECT id FROM hcrm_message
                    WHERE state = 'queued' AND date_planned <= %(now)s
                      AND channel = ANY(%(channels)s)
                 ORDER BY date_planned, priority, id LIMIT %(limit)s
                      FOR UPDATE SKIP LOCKED""",
                now=fields.Datetime.now(),
                channels=list(channels or dict(CHANNELS)),
                limit=limit,
            )
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        return self._judge(ids)

    def _judge(self, ids):
        """Write the governor's verdicts on queued rows; returns what may go."""
        if not ids:
            return self.browse()
        self._lock_people(ids)
        verdicts = self._verdicts_of(ids)
        self.env.cr.execute(
            SQL(
                """WITH v AS (%(verdicts)s)
                   UPDATE hcrm_message m SET verdict = v.verdict, reason_code = v.reason,
                          is_neutral = v.is_neutral, date_judged = %(now)s,
                          recipient_id = v.recipient_id, address = v.address,
                          date_planned = COALESCE(v.until, m.date_planned),
                          date_sent = CASE WHEN v.verdict IN ('allow', 'redirect')
                                           THEN %(now)s::timestamp END,
                          state = CASE v.verdict WHEN 'refuse' THEN 'refused'
                                                 WHEN 'defer' THEN 'queued'
                                                 ELSE 'claimed' END
                     FROM v WHERE m.id = v.n
                RETURNING m.id, m.state""",
                verdicts=verdicts,
                now=fields.Datetime.now(),
            )
        )
        rows = self.env.cr.fetchall()
        self.invalidate_model(flush=False)
        return self.browse(sorted(row[0] for row in rows if row[1] == "claimed"))

    def _verdicts_of(self, ids) -> SQL:
        """The governor's verdicts on rows of ours, as a set."""
        columns = [SQL.identifier(name) for name in REQUEST_COLUMNS[1:]]
        return self.env["hcrm.governor"]._verdicts_sql(
            SQL(
                "SELECT id AS n, %s FROM hcrm_message WHERE id = ANY(%s)",
                SQL(", ").join(columns),
                list(ids),
            ),
            fields.Datetime.now(),
        )

    def _lock_people(self, ids):
        """Lock the people of queued rows: see ``_lock_partners``."""
        self.env.cr.execute(
            "SELECT DISTINCT partner_id FROM hcrm_message"
            " WHERE id = ANY(%s) AND partner_id IS NOT NULL",
            (list(ids),),
        )
        self._lock_partners({row[0] for row in self.env.cr.fetchall()})

    @api.model
    def _lock_partners(self, partner_ids):
        """One judge at a time per person: their limits are counted under this lock.
        Who was merged is counted on the card that survives."""
        if not partner_ids:
            return
        self.env.cr.execute(
            "SELECT id FROM hcrm_person_metrics WHERE id IN ("
            " SELECT COALESCE(p.hcrm_merged_into_id, p.id) FROM res_partner p"
            " WHERE p.id = ANY(%s)) ORDER BY id FOR NO KEY UPDATE",
            (list(partner_ids),),
        )

    @api.model
    def _may_contact(self, partner_id, purpose, channel):
        """What the governor would say now, without a message."""
        partner = self.env["res.partner"].browse(partner_id)
        partner.check_access("read")
        request = {
            "partner_id": partner.id,
            "company_id": self.env.company.id,
            "purpose": purpose,
            "channel": channel,
        }
        now = fields.Datetime.now()
        verdict = self.env["hcrm.governor"]._verdicts([request], now)[0]
        until = verdict["until"]
        row = self.new(
            {
                "verdict": verdict["verdict"],
                "reason_code": verdict["reason"],
                "date_planned": until or now,
            }
        )
        return {
            "verdict": verdict["verdict"],
            "reason": verdict["reason"],
            "sentence": row.reason,
            "until": until.isoformat() if until else None,
        }

    # ------------------------------------------------------------------
    # stopping
    # ------------------------------------------------------------------

    @api.model
    def _take_back(self, stops):
        """Stop what waits or is claimed, for every stop given (R24)."""
        for stop in stops:
            self._cancel_where(
                SQL(
                    "company_id = %s AND purpose = ANY(string_to_array(%s, ','))%s",
                    stop.company_id.id,
                    stop.stops,
                    SQL(" AND topic = %s", stop.topic) if stop.topic else SQL(),
                ),
                "stopped",
            )

    @api.model
    def _take_back_people(self, partners):
        """Refuse, at once, what waits or is claimed and may no longer go (R12).

        A claimed row that is still allowed stays claimed: its sender has it in hand.
        What was handed over is beyond recall and keeps its state.
        """
        if not partners:
            return
        self.flush_model()
        rows = self.sudo().search(
            [
                ("partner_id", "in", partners.ids),
                ("state", "in", OPEN),
                ("date_handed", "=", False),
            ]
        )
        if not rows:
            return
        self.env.cr.execute(
            SQL(
                "WITH v AS (%s) UPDATE hcrm_message m SET state = 'refused',"
                " verdict = 'refuse', reason_code = v.reason, date_judged = %s,"
                " date_sent = NULL FROM v WHERE m.id = v.n AND v.verdict = 'refuse'"
                " AND m.state = ANY(%s) AND m.date_handed IS NULL",
                self._verdicts_of(rows.ids),
                fields.Datetime.now(),
                list(OPEN),
            )
        )
        self.invalidate_model(flush=False)

    def _cancel_where(self, where: SQL, reason: str) -> None:
        """Refuse what nobody handed over yet; the rest may be on its way already."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                "UPDATE hcrm_message SET state = 'refused', verdict = 'refuse',"
                " reason_code = %s, date_judged = %s, date_sent = NULL"
                " WHERE state = ANY(%s) AND date_handed IS NULL AND %s",
                reason,
                fields.Datetime.now(),
                list(OPEN),
                where,
            )
        )
        self.invalidate_model(flush=False)
