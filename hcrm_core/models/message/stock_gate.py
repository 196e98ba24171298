from odoo import api, fields, models
from odoo.tools import SQL

from .governor_request import REQUEST_COLUMNS

REFUSED = "hcrm_refused"


class HcrmStockGate(models.AbstractModel):
    """A row of Odoo's own text or mail queue that passes the governor.

    The rows keep Odoo's states; what the governor said stands beside them. What went
    to a person, or was refused, leaves a row in the outbox's record as well, so that
    it counts against the person's limits and shows on the card.
    """

    _name = "hcrm.stock.gate"
    _description = "Stock Message Before the Governor"

    hcrm_message_id = fields.Many2one(
        "hcrm.message",
        "Judged Already",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The outbox handed it over: the governor was asked there.",
    )
    hcrm_company_id = fields.Many2one(
        "res.company",
        "Sent For",
        readonly=True,
        ondelete="set null",
        default=lambda self: self.env.company,
    )
    hcrm_reason_code = fields.Char(readonly=True, copy=False)
    hcrm_why = fields.Char("Why Not Sent?", compute="_compute_hcrm_why")

    @api.depends("hcrm_reason_code")
    @api.depends_context("lang")
    def _compute_hcrm_why(self):
        sentences = self.env["hcrm.governor.reason"]._sentences()
        for row in self:
            code = row.hcrm_reason_code
            row.hcrm_why = sentences.get(code, code) if code else False

    @api.model
    def _hcrm_verdicts(self, requests):
        """Verdicts on stock messages about to be sent, in their order.

        The people are locked first, as the outbox does, so that two senders cannot
        both pass a person's limit.

        :param requests: dicts of the governor's columns
        """
        self.env["hcrm.message"]._lock_partners(
            {
                request["partner_id"]
                for request in requests
                if request["partner_id"] and request["purpose"] != "security"
            }
        )
        return self.env["hcrm.governor"]._verdicts(requests, fields.Datetime.now())

    @api.model
    def _hcrm_book(self, rows):
        """Record verdicts that are final on people, in one statement.

        :param rows: tuples of key, uuid, request, verdict, subject, body, origin id;
            a row that is known by its key is written over: it was tried again
        """
        if not rows:
            return
        now = fields.Datetime.now()
        columns = {
            "key": "text",
            "uuid": "text",
            "partner_id": "int",
            "recipient_id": "int",
            "company_id": "int",
            "purpose": "text",
            "channel": "text",
            "address": "text",
            "subject": "text",
            "body": "text",
            "res_id": "int",
            "verdict": "text",
            "reason_code": "text",
            "is_neutral": "bool",
            "state": "text",
        }
        values = [self._hcrm_booked(*row) for row in rows]
        names = [SQL.identifier(name) for name in columns]
        self.env["hcrm.message"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO hcrm_message (%(names)s, res_model, user_id, priority,
                       date_planned, date_judged, date_sent, is_greeting, is_urgent,
                       create_uid, create_date, write_uid, write_date)
                SELECT %(names)s, %(model)s, %(uid)s, 10, %(now)s, %(now)s,
                       CASE WHEN u.verdict <> 'refuse' THEN %(now)s::timestamp END,
                       false, false, %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM unnest(%(arrays)s) AS u(%(names)s)
                 WHERE EXISTS (SELECT FROM res_partner p WHERE p.id = u.partner_id
                       AND p.hcrm_metrics_id IS NOT NULL)
                    ON CONFLICT (key) WHERE key IS NOT NULL DO UPDATE
                   SET verdict = EXCLUDED.verdict, reason_code = EXCLUDED.reason_code,
                       state = EXCLUDED.state, address = EXCLUDED.address,
                       recipient_id = EXCLUDED.recipient_id, failure = NULL,
                       date_judged = EXCLUDED.date_judged,
                       date_sent = EXCLUDED.date_sent
                """,
                names=SQL(", ").join(names),
                model=self._name,
                uid=self.env.uid,
                now=now,
                arrays=SQL(", ").join(
                    SQL("%s::%s[]", [row[name] for row in values], SQL(kind))
                    for name, kind in columns.items()
                ),
            )
        )
        self.env["hcrm.message"].invalidate_model(flush=False)

    @api.model
    def _hcrm_booked(self, key, uuid, request, verdict, subject, body, res_id):
        secret = request["purpose"] == "security"
        refused = verdict["verdict"] == "refuse"
        return {
            "key": key,
            "uuid": uuid,
            "partner_id": request["partner_id"] or verdict["recipient_id"],
            "recipient_id": verdict["recipient_id"],
            "company_id": request["company_id"],
            "purpose": request["purpose"],
            "channel": request["channel"],
            "address": verdict["address"],
            # codes are never stored
            "subject": None if secret else subject or None,
            "body": None if secret else body or None,
            "res_id": res_id,
            "verdict": verdict["verdict"],
            "reason_code": verdict["reason"],
            "is_neutral": verdict["is_neutral"],
            "state": "refused" if refused else "accepted",
        }

    @api.model
    def _hcrm_close_traces(self, traces, reason):
        """Mailing traces of what was refused are over, and say why.

        Their model belongs to an addon that need not be there; who depends on it may
        add our kind of failure to its list.
        """
        sentence = self.env["hcrm.governor.reason"]._sentences().get(reason, reason)
        kinds = dict(traces._fields["failure_type"].selection)
        traces.sudo().write(
            {
                "trace_status": "cancel",
                "failure_type": REFUSED if REFUSED in kinds else False,
                "failure_reason": sentence,
            }
        )

    @api.model
    def _hcrm_request(self, **told):
        return {name: told.get(name) for name in REQUEST_COLUMNS[1:]}

    @api.model
    def _hcrm_book_failed(self, keys, failure, reason=None):
        """What the governor let go and Odoo could not send counts against nothing."""
        if not keys:
            return
        self.env["hcrm.message"].flush_model()
        self.env.cr.execute(
            "UPDATE hcrm_message SET state = 'failed', failure = %s, failure_text = %s,"
            " date_sent = NULL WHERE key = ANY(%s) AND state = 'accepted'",
            (failure, reason, list(keys)),
        )
        self.env["hcrm.message"].invalidate_model(flush=False)
