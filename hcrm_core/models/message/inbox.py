from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime

from ...tools.desk_times import to_local

MAX_ROWS = 200
FILTERS = ("open", "mine", "unowned", "waiting", "red", "snoozed", "closed")
# the clock turns yellow when less than this share of the time is left
SOON_SHARE = 0.25


class HcrmInbox(models.AbstractModel):
    """The team's inbox: who waits for an answer, since when, and who has it (F98).

    Every read is under the record rules of the user and costs the same number of
    queries for two conversations and for fifty.
    """

    _name = "hcrm.inbox"
    _description = "Team Inbox"

    @api.model
    @api.readonly
    def get_inbox(self, state="open", limit=50):
        """Conversations of the user's hospitals in one of :data:`FILTERS`.

        :return: dict of ``rows``, ``counts`` by filter, ``triage`` (numbers nobody
            knows), ``has_more``, ``can_write``, ``user_id``
        """
        if state not in FILTERS:
            state = "open"
        limit = max(1, min(int(limit), MAX_ROWS))
        Conversation = self.env["hcrm.conversation"]
        found = Conversation.search(
            self._get_inbox_domain(state), limit=limit + 1, order=self._sort_by(state)
        )
        rows = found[:limit]
        return {
            "rows": self._prepare_rows(rows),
            "counts": self._counts(),
            "has_more": len(found) > limit,
            "can_write": Conversation.has_access("write"),
            "user_id": self.env.uid,
        }

    @api.model
    def _get_inbox_domain(self, state):
        now = fields.Datetime.now()
        domain = Domain("company_id", "in", self.env.companies.ids)
        if state == "closed":
            return (
                domain
                & Domain("state", "=", "closed")
                & Domain("date_last", "!=", False)
            )
        domain &= Domain("state", "=", "open")
        snoozed = Domain("date_snooze", ">", now)
        if state == "snoozed":
            return domain & snoozed
        domain &= Domain("date_snooze", "=", False) | Domain("date_snooze", "<=", now)
        return (
            domain
            & {
                "open": Domain.TRUE,
                "mine": Domain("user_id", "=", self.env.uid),
                "unowned": Domain("user_id", "=", False),
                "waiting": Domain("date_waiting", "!=", False),
                "red": Domain("is_urgent", "=", True),
            }[state]
        )

    @api.model
    def _sort_by(self, state):
        if state == "waiting":
            return "date_waiting, id"
        if state == "closed":
            return "date_last desc, id desc"
        # red flags first, then whose answer is due first
        return "is_urgent desc nulls last, date_due, date_last desc, id"

    @api.model
    def _counts(self):
        """How many conversations each filter has, in one query; closed ones are not
        counted, they only grow."""
        now = fields.Datetime.now()
        Conversation = self.env["hcrm.conversation"]
        query = Conversation._search(
            Domain("company_id", "in", self.env.companies.ids)
            & Domain("state", "=", "open")
        )
        column = {
            name: SQL.identifier(query.table, name)
            for name in ("date_snooze", "user_id", "date_waiting", "is_urgent")
        }
        awake = SQL("COALESCE(%s <= %s, true)", column["date_snooze"], now)
        conditions = {
            "open": SQL("TRUE"),
            "mine": SQL("%s = %s", column["user_id"], self.env.uid),
            "unowned": SQL("%s IS NULL", column["user_id"]),
            "waiting": SQL("%s IS NOT NULL", column["date_waiting"]),
            "red": SQL("%s", column["is_urgent"]),
        }
        if query.is_empty():
            return dict.fromkeys((*conditions, "snoozed"), 0)
        counted = [
            SQL("count(*) FILTER (WHERE %s AND %s)", awake, condition)
            for condition in conditions.values()
        ]
        counted.append(SQL("count(*) FILTER (WHERE NOT %s)", awake))
        [values] = self.env.execute_query(query.select(*counted))
        return dict(zip((*conditions, "snoozed"), values, strict=True))

    # ------------------------------------------------------------------
    # ROWS
    # ------------------------------------------------------------------

    @api.model
    def _prepare_rows(self, conversations):
        """What the inbox shows of conversations, the person as R13 tells them."""
        now = fields.Datetime.now()
        lines, clocks = {}, {}
        for company, batch in conversations.grouped("company_id").items():
            lines[company] = batch.partner_id._hcrm_desk_lines(company)
            clocks[company] = self._clock(company, batch, now)
        channels = dict(
            conversations._fields["channel"]._description_selection(self.env)
        )
        # sudo: a colleague's name is no secret in the house
        holders = {user.id: user.name for user in conversations.user_id.sudo()}
        last = conversations.last_inbound_id
        last.fetch(["body"])
        rows = []
        for row in conversations:
            clock = clocks[row.company_id]
            rows.append(
                {
                    "id": row.id,
                    "partner_id": row.partner_id.id,
                    "person": lines[row.company_id].get(row.partner_id.id, False),
                    "peer": row.peer or "",
                    "company": row.company_id.name,
                    "channel": row.channel,
                    "channel_label": channels[row.channel],
                    "state": row.state,
                    "holder": holders.get(row.user_id.id, False),
                    "is_mine": row.user_id.id == self.env.uid,
                    "unread": row.unread_count,
                    "is_urgent": row.is_urgent,
                    "text": row.last_inbound_id.body or "",
                    "note": row.note or "",
                    "date_last": fields.Datetime.to_string(row.date_last) or False,
                    "date_snooze": fields.Datetime.to_string(row.date_snooze) or False,
                    **self._waiting(row, clock, now),
                }
            )
        return rows

    @api.model
    def _clock(self, company, batch, now):
        """Turns moments into the desk's time of an entity: one query."""
        tz = company.hcrm_tz
        since = [row.date_waiting for row in batch if row.date_waiting]
        local_now = to_local(now, tz).replace(tzinfo=None)
        first = to_local(min([*since, now]), tz).date()
        hours = company.sudo()._hcrm_desk_hours(first, local_now.date())
        return hours, tz, local_now

    @api.model
    def _waiting(self, row, clock, now):
        """How long the person waits, in minutes of desk time, and how that stands."""
        if not row.date_waiting or row.state != "open":
            return {"waiting": False, "clock": "", "due": False}
        hours, tz, local_now = clock
        since = to_local(row.date_waiting, tz).replace(tzinfo=None)
        waiting = hours.minutes(since, local_now)
        target = row.company_id.sudo().hcrm_answer_minutes
        if row.date_due and now > row.date_due:
            state = "late"
        elif waiting >= target * (1 - SOON_SHARE):
            state = "soon"
        else:
            state = "fine"
        return {
            "waiting": waiting,
            "clock": state,
            "due": row.date_due
            and format_datetime(self.env, row.date_due, tz=tz, dt_format="short"),
        }
