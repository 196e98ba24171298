from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.autoreply import (
    is_automatic,
    is_service_number,
    language,
    names,
    word_list,
)
from ...tools.desk_times import to_local
from .purposes import CHANNELS

# whatever the rules say: two machines that found each other stop here
MAX_A_DAY = 5


class HcrmAutoreply(models.Model):
    """An answer that needs nobody: opening hours, the address, "we got it" (F105).

    What no rule knows goes to a human, and so does what a rule answered but for
    those that say they suffice. One answer a message; none to machines.
    """

    _name = "hcrm.autoreply"
    _description = "Automatic Answer"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10, help="The smallest that fits answers.")
    company_id = fields.Many2one(
        "res.company", "Legal Entity", help="Empty: every hospital of the group."
    )
    kind = fields.Selection(
        [
            ("keyword", "A short message names a word"),
            ("optout", "Somebody wants no more offers"),
            ("urgent", "A red flag: the emergency number"),
            ("closed", "The desk is closed"),
            ("first", "First message of a conversation"),
        ],
        "When",
        required=True,
        default="keyword",
    )
    language = fields.Selection(
        [("zh", "Chinese"), ("en", "Other languages")],
        "Written In",
        help="Only messages in this language; empty: all.",
    )
    channel = fields.Selection(CHANNELS, help="Empty: every channel.")
    words = fields.Text(help="Separated by commas or one a line, e.g. 预约, 挂号.")
    max_length = fields.Integer(
        "Longest Message",
        default=20,
        help="Characters; a longer message says more than the word and wants a human.",
    )
    body = fields.Text(
        "Answer",
        required=True,
        help="{hospital}, {phone}, {address}, {opens}, {closes} and {minutes} are"
        " filled in.",
    )
    is_enough = fields.Boolean(
        "Needs Nobody", help="The answer suffices: no colleague is asked."
    )
    hours = fields.Integer(
        "Once in Hours", default=4, help="One person gets it once in this time."
    )

    _check_hours = models.Constraint(
        "CHECK(hours > 0)", "An answer rests an hour or more."
    )
    _check_words = models.Constraint(
        "CHECK(kind <> 'keyword' OR words <> '')",
        "Give the words that the answer is for.",
    )

    # ------------------------------------------------------------------
    # answering
    # ------------------------------------------------------------------

    @api.model
    def _answer_words(self, inbound):
        """Answer what is plain: known words and opt-outs; returns what got an answer.

        Messages with a red flag get no mere automatic answer.
        """
        chosen = {}
        rules = self._rules()
        for row in self._answerable(inbound):
            if row.is_urgent:
                continue
            kind = "optout" if row.meaning == "optout" else "keyword"
            rule = rules._for(row, kind).filtered(
                lambda rule, row=row: rule.kind != "keyword" or rule._fits(row.body)
            )[:1]
            if rule:
                chosen[row] = rule
        answered = self._send(chosen)
        for row in answered:
            if chosen[row].is_enough and row.state == "new":
                row.state = "done"
        return answered

    @api.model
    def _answer_rest(self, inbound, opened):
        """Answer what a human will see to: red flags, closed desks, first messages.

        :param opened: conversations that the messages opened
        """
        is_open = {
            company: self._is_desk_open(company) for company in inbound.company_id
        }
        keys = {(c.company_id, c.partner_id or c.peer) for c in opened}
        chosen = {}
        rules = self._rules()
        for row in self._answerable(inbound):
            if row.meaning != "text" or row.state == "done":
                continue
            kinds = []
            if row.is_urgent:
                kinds = ["urgent"]
            else:
                if not is_open[row.company_id]:
                    kinds.append("closed")
                if (row.company_id, row.partner_id or row.peer) in keys:
                    kinds.append("first")
            for kind in kinds:
                if rule := rules._for(row, kind)[:1]:
                    chosen[row] = rule
                    break
        return self._send(chosen)

    @api.model
    def _answerable(self, inbound):
        """The last message of each number that a machine may answer."""
        last = {}
        for row in inbound.sorted("date"):
            if row.meaning == "wrong_person" or is_service_number(row.peer):
                continue
            if is_automatic(row.body or "") and not row.is_urgent:
                continue
            last[row.company_id, row.peer] = row
        return last.values()

    @api.model
    def _rules(self):
        """All rules, the hospitals' own before the group's."""
        # sudo: whoever wrote, the rules are read by the server
        return (
            self.sudo()
            .search([("active", "=", True)])
            .sorted(lambda rule: (not rule.company_id, rule.sequence, rule.id))
        )

    def _for(self, row, kind):
        """Those of these rules that a message may meet."""
        spoken = self._spoken(row)
        return self.filtered(
            lambda rule: (
                rule.kind == kind
                and (not rule.company_id or rule.company_id == row.company_id)
                and rule.language in (False, spoken)
                and rule.channel in (False, row.channel)
            )
        )

    @api.model
    def _spoken(self, row) -> str:
        """The language to answer in; a single letter is written in none."""
        if row.meaning != "optout" or language(row.body or "") == "zh":
            return language(row.body or "")
        spoken = row.partner_id.lang or row.company_id.partner_id.lang or "en"
        return "zh" if spoken.startswith("zh") else "en"

    def _fits(self, text) -> bool:
        """Whether the message is about this and little else."""
        self.ensure_one()
        text = (text or "").strip()
        return len(text) <= self.max_length and names(text, word_list(self.words))

    @api.model
    def _is_desk_open(self, company) -> bool:
        now = fields.Datetime.now()
        local = to_local(now, company.hcrm_tz).replace(tzinfo=None)
        hours = company.sudo()._hcrm_desk_hours(local.date(), local.date())
        return hours.is_open(local)

    # ------------------------------------------------------------------
    # sending
    # ------------------------------------------------------------------

    @api.model
    def _send(self, chosen):
        """Queue the answers that loop protection lets through; returns their rows."""
        Inbound = self.env["hcrm.inbound"]
        if not chosen:
            return Inbound
        sent = self._sent_lately(chosen)
        answered = Inbound
        vals_list = []
        for row, rule in chosen.items():
            times = sent.get((row.company_id.id, row.peer), [])
            since = fields.Datetime.now() - timedelta(hours=rule.hours)
            if len(times) >= MAX_A_DAY or any(
                rule_id == rule.id and date > since for rule_id, date in times
            ):
                continue
            body = rule._fill(row.company_id)
            if not body:
                continue
            answered |= row
            vals_list.append(rule._prepare_answer_vals(row, body))
        # sudo: the server answers, in nobody's name
        self.env["hcrm.message"].sudo()._queue(vals_list)
        self._log_answers(answered, chosen)
        return answered

    def _prepare_answer_vals(self, row, body):
        return {
            "partner_id": row.partner_id.id,
            "company_id": row.company_id.id,
            "channel": row.channel,
            "purpose": "service",
            "is_answer": True,
            "priority": 1,
            "address": row.peer,
            "body": body,
            "key": f"autoreply:{row.id}",
            "res_model": self._name,
            "res_id": self.id,
            "user_id": False,
        }

    @api.model
    def _sent_lately(self, chosen):
        """What was answered by itself in the last day (longer where a rule rests
        longer): {(company, number): [(rule, when)]}."""
        hours = max(24, *(rule.hours for rule in chosen.values()))
        Message = self.env["hcrm.message"]
        Message.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT company_id, asked_address, res_id, create_date FROM hcrm_message"
                " WHERE asked_address = ANY(%s) AND res_model = %s AND create_date > %s",
                [row.peer for row in chosen],
                self._name,
                fields.Datetime.now() - timedelta(hours=hours),
            )
        )
        found = {}
        for company_id, address, rule_id, date in rows:
            found.setdefault((company_id, address), []).append((rule_id, date))
        return found

    def _fill(self, company) -> str:
        """The answer with what the hospital is; nothing where it lacks what is told."""
        partner = company.partner_id
        values = {
            "hospital": company.name,
            "phone": company.phone or "",
            "address": " ".join(filter(None, (partner.city, partner.street))),
            "opens": _clock(company.hcrm_inbox_from),
            "closes": _clock(company.hcrm_inbox_to),
            "minutes": str(company.hcrm_answer_minutes),
        }
        body = self.body
        for name, value in values.items():
            if f"{{{name}}}" in body and not value:
                return ""
            body = body.replace(f"{{{name}}}", value)
        return body

    @api.model
    def _log_answers(self, answered, chosen):
        """The thread says by which rule the machine answered."""
        people = answered.filtered("partner_id")
        conversations = self.env["hcrm.conversation"].search(
            [
                ("partner_id", "in", people.partner_id.ids),
                ("company_id", "in", people.company_id.ids),
            ]
        )
        by_person = {(c.partner_id, c.company_id): c for c in conversations}
        self.env["hcrm.conversation.log"].sudo().create(
            [
                by_person[key]._prepare_log_vals("autoreply", chosen[row].name)
                for row in people
                if (key := (row.partner_id, row.company_id)) in by_person
            ]
        )


def _clock(hour: float) -> str:
    return f"{int(hour):02d}:{round(hour % 1 * 60):02d}"
