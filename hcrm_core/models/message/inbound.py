import re

from odoo import api, fields, models

from .purposes import OUTREACH

# whole-message words, full-width and case folded; data of the hospital come on top
OPTOUT = frozenset("r t td n qx 退订 拒收 取消 stop unsubscribe".split())
OPTOUT_PARAMETER = "hcrm_core.optout_words"
WRONG_PERSON = re.compile(r"打错|发错|不是本人|wrong\s*(person|number)", re.IGNORECASE)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


class HcrmInbound(models.Model):
    """A message from a person: on their card where the number is theirs alone, else
    in the triage list.

    Rows: about 3 per patient-year; kept as long as the person's file.
    """

    _name = "hcrm.inbound"
    _inherit = ["hcrm.person.mixin"]
    _description = "Message From a Person"
    _order = "date desc, id desc"
    _rec_name = "peer"

    partner_id = fields.Many2one("res.partner", "Person", ondelete="set null")
    company_id = fields.Many2one("res.company", required=True)
    gateway_id = fields.Many2one("hcrm.gateway", required=True, ondelete="restrict")
    event_id = fields.Many2one("hcrm.message.event", ondelete="set null")
    channel = fields.Selection(related="gateway_id.channel")
    peer = fields.Char("From", required=True, index=True)
    body = fields.Text()
    date = fields.Datetime(required=True)
    meaning = fields.Selection(
        [
            ("text", "Message"),
            ("optout", "No more marketing"),
            ("wrong_person", "Wrong person"),
            ("junk", "Junk"),
        ],
        required=True,
        default="text",
    )
    state = fields.Selection(
        [("new", "To do"), ("triage", "Whose?"), ("done", "Done")],
        required=True,
        default="new",
        index=True,
    )
    answers_id = fields.Many2one(
        "hcrm.message", ondelete="set null", index="btree_not_null"
    )
    user_id = fields.Many2one("res.users", "Handled By", ondelete="set null")
    is_urgent = fields.Boolean("Red Flag", readonly=True)

    # the timeline of a person
    _timeline_idx = models.Index("(partner_id, date DESC, id DESC)")
    # the triage list, by number
    _triage_idx = models.Index("(company_id, peer) WHERE state = 'triage'")
    # what waits for an answer
    _new_idx = models.Index("(partner_id, company_id) WHERE state = 'new'")
    _event_uniq = models.Constraint("UNIQUE(event_id)", "This message is here already.")

    @api.model
    def _receive(self, events):
        """Take in messages from people: whose, what they mean, what follows."""
        if not events:
            return self.browse()
        owners = self._owners(events)
        rows = self.create(
            [
                {
                    "event_id": event.id,
                    "gateway_id": event.gateway_id.id,
                    "company_id": event.gateway_id.company_id.id,
                    "peer": event.peer or "?",
                    "body": event.body,
                    "date": event.date,
                    "meaning": self._meaning(event.body or ""),
                    **owners.get(event.id, {"state": "triage"}),
                }
                for event in events
            ]
        )
        rows._apply_optouts()
        rows._apply_wrong_person()
        rows._open_conversations()
        return rows

    def _open_conversations(self):
        """What a machine may answer is answered; the rest waits for a human."""
        Conversation = self.env["hcrm.conversation"]
        Autoreply = self.env["hcrm.autoreply"]
        answered = Autoreply._answer_words(self)
        opened = Conversation._heard(self)
        answered |= Autoreply._answer_rest(self - answered, opened)
        if answered:
            self.env.ref("hcrm_core.ir_cron_message_send")._trigger()
        self._conversations()._notify("new")

    def _conversations(self):
        """The conversations that these messages belong to."""
        return self.env["hcrm.conversation"].search(
            [
                ("company_id", "in", self.company_id.ids),
                "|",
                ("partner_id", "in", self.partner_id.ids),
                "&",
                ("partner_id", "=", False),
                ("peer", "in", self.mapped("peer")),
            ]
        )

    def _owners(self, events) -> dict:
        """Whose each message is: who was written to last on that number, else the one
        person on it. A number somebody called wrong is not theirs."""
        events.flush_recordset()
        self.env.cr.execute(
            """
            SELECT e.id, last.id, COALESCE(last.partner_id, one.partner_id)
              FROM hcrm_message_event e
              JOIN hcrm_gateway g ON g.id = e.gateway_id
         LEFT JOIN LATERAL (
                   SELECT m.id, m.partner_id FROM hcrm_message m
                    WHERE m.address = e.peer AND m.company_id = g.company_id
                      AND m.date_sent > e.date - interval '30 days'
                      AND m.date_sent <= e.date + interval '5 minutes'
                      AND NOT EXISTS (SELECT FROM hcrm_contact_point w
                           WHERE w.partner_id = m.partner_id AND w.number = e.peer
                             AND w.is_wrong)
                 ORDER BY m.date_sent DESC LIMIT 1) last ON true
         LEFT JOIN LATERAL (
                   SELECT min(p.partner_id) AS partner_id FROM hcrm_contact_point p
                    WHERE p.number = e.peer AND p.company_id = g.company_id
                      AND p.is_wrong IS NOT TRUE
                   HAVING count(DISTINCT p.partner_id) = 1) one ON true
             WHERE e.id = ANY(%s)
            """,
            (events.ids,),
        )
        return {
            event_id: {
                "partner_id": partner_id,
                "answers_id": message_id,
                "state": "new",
            }
            for event_id, message_id, partner_id in self.env.cr.fetchall()
            if partner_id
        }

    @api.model
    def _meaning(self, text: str) -> str:
        word = text.translate(_FULL_WIDTH).strip().strip("。.!！").lower()
        # sudo: words that the hospital added
        more = self.env["ir.config_parameter"].sudo().get_param(OPTOUT_PARAMETER) or ""
        if word in OPTOUT or word in {w.strip().lower() for w in more.split(",") if w}:
            return "optout"
        if WRONG_PERSON.search(text):
            return "wrong_person"
        return "text"

    def _apply_optouts(self):
        """An opt-out ends marketing, surveys and research of the person; care goes on
        (R9).

        Where several people use the number, none of them gets any more on this
        channel, at once; who of them wrote is asked in the triage list. Nothing ever
        opts in again by itself (C8).
        """
        rows = self.filtered(lambda row: row.meaning == "optout")
        if not rows:
            return
        users = rows._people_by_number()
        withdrawn = []
        for row in rows:
            people = users.get((row.company_id.id, row.peer), set())
            people |= set(row.partner_id.ids)
            if len(people) > 1:
                row.write({"state": "triage", "partner_id": False})
                withdrawn += row._prepare_withdrawal_vals(people, row.channel)
            else:
                row.state = "done"
                withdrawn += row._prepare_withdrawal_vals(people)
        self.env["hcrm.consent"].create(withdrawn)

    def _prepare_withdrawal_vals(self, partner_ids, channel=False):
        """The decision that an opt-out is, for each purpose beyond care."""
        return [
            {
                "partner_id": partner_id,
                "company_id": self.company_id.id,
                "purpose": purpose,
                "channel": channel,
                "decision": "withdrawn",
                "source": "reply",
                "note": self.body,
            }
            for partner_id in sorted(partner_ids)
            for purpose in OUTREACH
        ]

    def _apply_wrong_person(self):
        """The number is unverified for everybody on it, and nothing goes there (R9)."""
        for row in self.filtered(lambda row: row.meaning == "wrong_person"):
            # sudo: the number is wrong whoever's card it stands on
            self.env["hcrm.contact.point"].sudo().search(
                [("number", "=", row.peer), ("company_id", "=", row.company_id.id)]
            ).write({"is_wrong": True, "is_verified": False})

    def _people_by_number(self) -> dict:
        """Who uses the numbers of these messages: {(entity, number): ids}."""
        # sudo: who said no is nobody's secret from the sender of offers
        groups = (
            self.env["hcrm.contact.point"]
            .sudo()
            ._read_group(
                [
                    ("number", "in", self.mapped("peer")),
                    ("company_id", "in", self.company_id.ids),
                    ("is_wrong", "=", False),
                ],
                ["company_id", "number"],
                ["partner_id:recordset"],
            )
        )
        return {
            (company.id, number): set(people.ids) for company, number, people in groups
        }

    def action_done(self):
        """Answered or of no consequence."""
        self.check_access("write")
        self.write({"state": "done", "user_id": self.env.uid})
