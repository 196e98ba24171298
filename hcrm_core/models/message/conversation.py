from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.desk_times import UTC, to_local
from ...tools.merge_plan import Move
from .purposes import CHANNELS

# who types is forgotten after this long without a key
TYPING_SECONDS = 30


class HcrmConversation(models.Model):
    """What is to be done about the messages of a person, or of a number nobody knows.

    The messages are in ``hcrm.message`` and ``hcrm.inbound``; here is who answers,
    since when somebody waits, and until when. One row per person and entity, opened
    again by the next message. Rows: one per person who ever wrote; kept as long as
    the file.
    """

    _name = "hcrm.conversation"
    _inherit = ["hcrm.person.mixin", "bus.listener.mixin"]
    _description = "Conversation"
    _order = "is_urgent desc, date_due, date_last desc, id"
    _rec_name = "peer"

    partner_id = fields.Many2one("res.partner", "Person", ondelete="cascade")
    company_id = fields.Many2one("res.company", "Legal Entity", required=True)
    peer = fields.Char("From", help="Number or address that wrote last.")
    channel = fields.Selection(CHANNELS, required=True, default="sms")
    last_inbound_id = fields.Many2one(
        "hcrm.inbound", ondelete="set null", index="btree_not_null"
    )
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")], required=True, default="open"
    )
    user_id = fields.Many2one("res.users", "Held By", ondelete="set null")
    date_taken = fields.Datetime("Held Since")
    note = fields.Char("Hand-over Note")
    date_last = fields.Datetime("Last Message")
    date_waiting = fields.Datetime(
        "Waiting Since", help="The first message without an answer."
    )
    date_due = fields.Datetime("Answer Until")
    date_snooze = fields.Datetime("Rests Until")
    unread_count = fields.Integer("Unread")
    is_urgent = fields.Boolean("Red Flag", default=False, required=True)
    typing_user_id = fields.Many2one("res.users", ondelete="set null")
    date_typing = fields.Datetime()

    _person_uniq = models.UniqueIndex(
        "(company_id, partner_id) WHERE partner_id IS NOT NULL",
        "This person has a conversation with the hospital already.",
    )
    _peer_uniq = models.UniqueIndex(
        "(company_id, peer) WHERE partner_id IS NULL",
        "This number has a conversation with the hospital already.",
    )
    # the team inbox
    _open_idx = models.Index("(company_id, date_due, id) WHERE state = 'open'")
    _held_idx = models.Index("(user_id) WHERE state = 'open' AND user_id IS NOT NULL")
    _partner_idx = models.Index("(partner_id)")

    def _hcrm_merge_plan(self):
        return [Move(self._name, "partner_id", unique=("company_id",))]

    # ------------------------------------------------------------------
    # what comes in
    # ------------------------------------------------------------------

    @api.model
    def _heard(self, inbound):
        """Open, or open again, the conversations of messages that want a human.

        Set-based: a fixed number of queries for any number of messages.

        :return: the conversations that were closed or not there before
        """
        inbound = inbound.filtered(lambda row: row.state != "done")
        if not inbound:
            return self.browse()
        inbound.flush_recordset()
        self.flush_model()
        known = self._open_ids(inbound)
        ids = self._upsert(inbound, is_matched=True)
        ids += self._upsert(inbound, is_matched=False)
        self.invalidate_model(flush=False)
        heard = self.browse(ids)
        heard._set_due()
        opened = heard.filtered(lambda row: row.id not in known)
        opened._log("opened")
        return opened

    def _open_ids(self, inbound) -> set[int]:
        return set(
            self.search(
                [
                    ("company_id", "in", inbound.company_id.ids),
                    ("state", "=", "open"),
                    "|",
                    ("partner_id", "in", inbound.partner_id.ids),
                    ("peer", "in", inbound.mapped("peer")),
                ]
            ).ids
        )

    def _upsert(self, inbound, is_matched: bool) -> list[int]:
        """Write what was heard, of known people or of numbers nobody knows."""
        target = SQL("partner_id" if is_matched else "peer")
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO hcrm_conversation AS c (company_id, partner_id, peer, channel,
                       last_inbound_id, state, date_last, date_waiting, unread_count,
                       is_urgent,
                       create_uid, create_date, write_uid, write_date)
                SELECT h.company_id, h.partner_id, h.peer, h.channel, h.id, 'open',
                       h.date_last, h.date_first, h.unread, h.is_urgent, %(uid)s,
                       %(now)s, %(uid)s, %(now)s
                  FROM (SELECT DISTINCT ON (i.company_id, i.%(target)s) i.company_id,
                               i.partner_id, i.peer, g.channel, i.id,
                               i.date AS date_last,
                               min(i.date) OVER told AS date_first,
                               count(*) OVER told AS unread,
                               COALESCE(bool_or(i.is_urgent) OVER told, false)
                                   AS is_urgent
                          FROM hcrm_inbound i JOIN hcrm_gateway g ON g.id = i.gateway_id
                         WHERE i.id = ANY(%(ids)s)
                           AND (i.partner_id IS NOT NULL) = %(is_matched)s
                        WINDOW told AS (PARTITION BY i.company_id, i.%(target)s)
                      ORDER BY i.company_id, i.%(target)s, i.date DESC, i.id DESC) h
                ON CONFLICT (company_id, %(target)s)
                      WHERE partner_id IS %(matched)s NULL
                DO UPDATE SET state = 'open', peer = EXCLUDED.peer,
                       channel = EXCLUDED.channel,
                       last_inbound_id = EXCLUDED.last_inbound_id,
                       date_last = GREATEST(c.date_last, EXCLUDED.date_last),
                       date_waiting = COALESCE(c.date_waiting, EXCLUDED.date_waiting),
                       unread_count = COALESCE(c.unread_count, 0)
                                      + EXCLUDED.unread_count,
                       is_urgent = c.is_urgent OR EXCLUDED.is_urgent,
                       date_snooze = NULL, write_date = EXCLUDED.write_date
                RETURNING id
                """,
                target=target,
                ids=inbound.ids,
                is_matched=is_matched,
                matched=SQL("NOT") if is_matched else SQL(),
                uid=self.env.uid,
                now=fields.Datetime.now(),
            ),
            log_exceptions=False,  # done again where two workers met
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def _set_due(self):
        """Until when an answer is due, in the desk's time by the day calendar (R10)."""
        rows = self.filtered(lambda row: row.date_waiting and not row.date_due)
        due = []
        for company, batch in rows.grouped("company_id").items():
            tz = company.hcrm_tz
            local = {
                row.id: to_local(row.date_waiting, tz).replace(tzinfo=None)
                for row in batch
            }
            first, last = min(local.values()).date(), max(local.values()).date()
            hours = company.sudo()._hcrm_desk_hours(first, last)
            zone = to_local(batch[0].date_waiting, tz).tzinfo
            for row in batch:
                end = hours.add(local[row.id], company.hcrm_answer_minutes)
                moment = end.replace(tzinfo=zone).astimezone(UTC)
                due.append((row.id, moment.replace(tzinfo=None)))
        if not due:
            return
        self.env.cr.execute(
            SQL(
                "UPDATE hcrm_conversation c SET date_due = v.due"
                " FROM unnest(%s::int[], %s::timestamp[]) AS v(id, due)"
                " WHERE c.id = v.id",
                [row[0] for row in due],
                [row[1] for row in due],
            )
        )
        rows.invalidate_recordset(["date_due"], flush=False)

    @api.model
    def _of_person(self, partner, company, create=False):
        """The conversation of a person with an entity; made where asked for."""
        # sudo: one row a person, whoever asks; the caller checked the person
        found = self.sudo().search(
            [("partner_id", "=", partner.id), ("company_id", "=", company.id)], limit=1
        )
        if not found and create:
            found = self.sudo().create(
                {
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "state": "closed",
                }
            )
        return self.browse(found.id)

    # ------------------------------------------------------------------
    # who answers
    # ------------------------------------------------------------------

    def _lock(self):
        """Who works on it other than the user: dict, or False (F19)."""
        self.ensure_one()
        me = self.env.user
        # sudo: a colleague's name is no secret in the house
        row = self.sudo()
        if row.state == "open" and row.user_id and row.user_id != me:
            return {
                "user_id": row.user_id.id,
                "name": row.user_id.name,
                "since": fields.Datetime.to_string(row.date_taken),
                "kind": "held",
            }
        typing = row._typing()
        if typing and typing != me:
            return {
                "user_id": typing.id,
                "name": typing.name,
                "since": fields.Datetime.to_string(row.date_typing),
                "kind": "typing",
            }
        return False

    def _typing(self):
        """Who is writing an answer at this moment; nobody is an empty user."""
        now = fields.Datetime.now()
        is_fresh = (
            self.date_typing
            and (now - self.date_typing).total_seconds() < TYPING_SECONDS
        )
        return self.typing_user_id if is_fresh else self.env["res.users"]

    def _take(self):
        """It is mine now; refused where a colleague was faster."""
        self.ensure_one()
        self.check_access("write")
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE hcrm_conversation SET user_id = %(uid)s, date_taken = %(now)s,"
                " write_uid = %(uid)s, write_date = %(now)s, date_snooze = NULL,"
                " state = 'open' WHERE id = %(id)s"
                " AND (user_id IS NULL OR state = 'closed') RETURNING id",
                uid=self.env.uid,
                now=fields.Datetime.now(),
                id=self.id,
            )
        )
        is_taken = bool(self.env.cr.rowcount)
        self.invalidate_recordset(flush=False)
        if is_taken:
            self._log("taken")
            self._notify("lock")
        elif self.user_id != self.env.user:
            raise UserError(
                self.env._(
                    "%s took this conversation already.", self.sudo().user_id.name
                )
            )

    def _hand_over(self, user, note):
        """Give it to a colleague, with what they must know; nobody: to the team."""
        self.ensure_one()
        self.check_access("write")
        if user:
            # as the colleague, at their own hospitals: may they answer at all?
            theirs = self.with_user(user).with_context(
                allowed_company_ids=user.sudo().company_ids.ids
            )
            if not theirs.has_access("write"):
                raise UserError(
                    self.env._("%s may not answer this person.", user.sudo().name)
                )
        self.write(
            {
                "state": "open",
                "user_id": user.id or False,
                "date_taken": user and fields.Datetime.now(),
                "note": note or False,
                "date_snooze": False,
            }
        )
        self._log("handed", note=note, other=user)
        self._notify("lock")

    def _close(self):
        """Nothing more to do. Needs no message (C21)."""
        self.check_access("write")
        self._answered()
        self.write(
            {
                "state": "closed",
                "user_id": False,
                "date_taken": False,
                "note": False,
                "date_snooze": False,
                "is_urgent": False,
            }
        )
        self._log("closed")
        self._notify("state")

    def _reopen(self):
        self.check_access("write")
        self.write({"state": "open"})
        self._log("opened")
        self._notify("state")

    def _snooze(self, until):
        """Out of the way until then, or until the person writes again."""
        self.check_access("write")
        if not until or until <= fields.Datetime.now():
            raise UserError(self.env._("Choose a time that is still to come."))
        self.write({"date_snooze": until})
        self._log("snoozed")
        self._notify("state")

    def _answered(self):
        """Nobody waits any more: the person's messages have what they need."""
        for row in self:
            domain = [("company_id", "=", row.company_id.id), ("state", "=", "new")]
            domain.append(
                ("partner_id", "=", row.partner_id.id)
                if row.partner_id
                else ("peer", "=", row.peer)
            )
            self.env["hcrm.inbound"].search(domain).write(
                {"state": "done", "user_id": self.env.uid}
            )
        self.write({"date_waiting": False, "date_due": False, "unread_count": 0})

    # ------------------------------------------------------------------
    # what colleagues are told
    # ------------------------------------------------------------------

    def _log(self, kind, note=False, other=None):
        """Append what happened to the log, as whoever did it."""
        # sudo: nobody writes the log by hand
        self.env["hcrm.conversation.log"].sudo().create(
            [row._prepare_log_vals(kind, note, other) for row in self]
        )

    def _prepare_log_vals(self, kind, note=False, other=None):
        return {
            "conversation_id": self.id,
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "kind": kind,
            "note": note or False,
            "other_user_id": other.id if other else False,
        }

    def _notify(self, kind):
        """Tell who looks at it that something changed: ids, never words.

        The channel of the person goes to whoever may read the person, that of the
        inbox to all who answer and says nothing but that it changed.
        """
        for row in self:
            row._tell(kind)
        for company in self.sudo().company_id:
            self.env["bus.bus"]._sendone((company, "HCRM_INBOX"), "hcrm_core/inbox", {})

    def _notify_typing(self):
        """Only who looks at the conversation is told that somebody types."""
        self._tell("typing")

    def _tell(self, kind):
        # sudo: a person who is hidden from the user is told to others
        partner = self.sudo().partner_id
        self.env["bus.bus"]._sendone(
            (partner or self, "HCRM_CHAT"),
            "hcrm_core/chat",
            {"conversation_id": self.id, "user_id": self.env.uid, "kind": kind},
        )
