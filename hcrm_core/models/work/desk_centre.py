from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.desk_times import day_bounds, local_day
from .desk_rows import COUNT_LIMIT, MAX_ROWS

# a source that told nothing for so long is late
LATE_MINUTES = 60


class HcrmDeskCentre(models.AbstractModel):
    """The head of centre's page: numbers of today, each opens its people (R24)."""

    _name = "hcrm.desk.centre"
    _inherit = ["hcrm.desk.supervisor"]
    _description = "Head of Centre's Page"

    # ------------------------------------------------------------------
    # NUMBERS
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_page(self):
        """Return the numbers in the order in which they call for somebody, how many
        minutes the HIS is behind, and which gateways are down."""
        self._check_supervisor()
        company = self.env.company
        now = fields.Datetime.now()
        Task, scope = self._tasks(), self._scope()
        labels = self._labels()
        numbers = [
            {
                "code": code,
                "label": labels[code],
                "count": Task.search_count(scope & domain, limit=COUNT_LIMIT),
            }
            for code, domain in self._lists(now).items()
        ]
        numbers.append(
            {
                "code": "inbound",
                "label": labels["inbound"],
                "count": self.env["hcrm.inbound"].search_count(
                    self._inbound_domain(), limit=COUNT_LIMIT
                ),
            }
        )
        return {
            "company": company.name,
            "now": self.env["hcrm.desk"]._format_hour(now, company),
            "as_of": self.env["hcrm.desk"]._get_data_age(company),
            "numbers": numbers,
            "messages": self._messages(now),
            "gateways": self._gateways(now),
            "sources": self._sources(now),
        }

    def _labels(self):
        return {
            "red": self.env._("Urgent, nobody has it"),
            "promise": self.env._("Promises overdue"),
            "overdue": self.env._("Tasks overdue"),
            "unowned": self.env._("Work nobody has"),
            "inbound": self.env._("Messages from people unanswered"),
        }

    def _inbound_domain(self):
        return Domain("company_id", "in", self.env.companies.ids) & Domain(
            "state", "!=", "done"
        )

    def _since(self, now):
        """Since yesterday morning: what went wrong overnight is seen today."""
        company = self.env.company
        day = local_day(now, company.hcrm_tz) - timedelta(days=1)
        return day_bounds(day, company.hcrm_tz)[0]

    def _message_domain(self, now):
        return (
            Domain("company_id", "in", self.env.companies.ids)
            & Domain("state", "in", ("refused", "failed", "expired", "unknown"))
            & Domain("date_judged", ">=", self._since(now))
        )

    def _messages(self, now):
        """What was not sent or failed since yesterday, by reason."""
        groups = self.env["hcrm.message"]._read_group(
            self._message_domain(now), ["state", "reason_code"], ["__count"]
        )
        sentences = self.env["hcrm.governor.reason"]._sentences()
        states = dict(
            self.env["hcrm.message"]._fields["state"]._description_selection(self.env)
        )
        return [
            {
                "code": f"message:{state}:{reason or ''}",
                "label": sentences.get(reason, reason or "")
                if state == "refused"
                else states[state],
                "state": states[state],
                "count": count,
            }
            for state, reason, count in sorted(groups, key=lambda g: -g[2])
        ]

    def _gateways(self, now):
        """Gateways that rest or fail."""
        # sudo: that one is down is no secret, its credentials are
        rows = (
            self.env["hcrm.gateway"]
            .sudo()
            .search(
                [
                    ("company_id", "in", self.env.companies.ids),
                    "|",
                    ("date_breaker", ">", now),
                    ("fail_count", ">", 0),
                ]
            )
        )
        channels = dict(rows._fields["channel"]._description_selection(self.env))
        tz = self.env.company.hcrm_tz
        return [
            {
                "id": row.id,
                "name": row.name,
                "channel": channels[row.channel],
                "fails": row.fail_count,
                "ok": self._moment(row.date_ok, tz, now),
                "health": row.health or "",
            }
            for row in rows
        ]

    def _sources(self, now):
        """How many minutes each source of the HIS is behind."""
        # sudo: how old the data is may be known without access to the feed
        groups = (
            self.env["hcrm.feed.run"]
            .sudo()
            ._read_group(
                [
                    ("state", "=", "done"),
                    ("source_id.active", "=", True),
                    ("company_id", "in", [*self.env.companies.ids, False]),
                ],
                ["source_id"],
                ["date_end:max"],
            )
        )
        rows = []
        for source, moment in groups:
            minutes = int((now - moment).total_seconds() // 60) if moment else -1
            rows.append(
                {
                    "id": source.id,
                    "name": source.name,
                    "minutes": minutes,
                    "is_late": not moment or minutes > LATE_MINUTES,
                }
            )
        return rows

    # ------------------------------------------------------------------
    # ITS PEOPLE
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_people(self, code, limit=50):
        """Return the people behind a number of the page."""
        self._check_supervisor()
        now = fields.Datetime.now()
        limit = max(1, min(int(limit), MAX_ROWS))
        lists = self._lists(now)
        if code in lists:
            tasks = self._tasks().search(
                self._scope() & lists[code], order="date_due, id", limit=limit
            )
            return self._rows(tasks, is_masked=self._is_masked())
        if code == "inbound":
            found = self.env["hcrm.inbound"].search(
                self._inbound_domain(), order="date", limit=limit
            )
            return self._origin_rows(found, now, "date", "body")
        _message, state, reason = (code.split(":") + ["", ""])[:3]
        if _message != "message":
            raise UserError(self.env._("There is no such number; look again."))
        found = self.env["hcrm.message"].search(
            self._message_domain(now)
            & Domain("state", "=", state)
            & Domain("reason_code", "=", reason or False),
            limit=limit,
        )
        return self._origin_rows(found, now, "date_judged", "reason")

    def _origin_rows(self, records, now, date_field, text_field):
        """Rows of what is no task yet, with whether somebody was given it."""
        company = self.env.company
        tz = company.hcrm_tz
        lines = records.partner_id._hcrm_desk_lines(company)
        keys = {f"desk:{r._name}:{r.id}": r.id for r in records}
        # sudo: whoever has it
        given = {
            keys[task.key]: task.user_id.name or self._role_label(task.group_id)
            for task in self.env["hcrm.task"]
            .sudo()
            .search([("key", "in", list(keys)), ("state", "=", "open")])
        }
        nobody = {"id": 0, "name": self.env._("Not known yet")}
        return [
            {
                "id": f"{record._name}:{record.id}",
                "person": lines.get(record.partner_id.id) or nobody,
                "name": record[text_field] or "",
                "due": self._moment(record[date_field], tz, now),
                "owner": given.get(record.id, ""),
                "is_origin": True,
            }
            for record in records
        ]

    # ------------------------------------------------------------------
    # ASSIGN WITH DEADLINE
    # ------------------------------------------------------------------

    @api.model
    def assign_any(self, row_id, user_id, at, note=""):
        """Give a task, or what is behind another row, to a colleague with a deadline.

        What is no task yet becomes one, once.
        """
        if isinstance(row_id, int):
            return self.assign([row_id], user_id, at, note)
        self._check_supervisor()
        model, _colon, number = str(row_id).partition(":")
        if model not in ("hcrm.message", "hcrm.inbound"):
            raise UserError(self.env._("There is no such row; look again."))
        record = self.env[model].search([("id", "=", int(number))])
        if not record.partner_id:
            raise UserError(
                self.env._("Say first whose it is: assign it in the triage list.")
            )
        key = f"desk:{model}:{record.id}"
        # sudo: one task for it, whoever has it already
        task = self.env["hcrm.task"].sudo().search([("key", "=", key)])
        task = task or self.env["hcrm.task"].sudo()._open(
            [
                {
                    "partner_id": record.partner_id.id,
                    "company_id": record.company_id.id,
                    "kind_id": self.env.ref("hcrm_core.task_kind_assigned").id,
                    "name": note or self.env._("Look into it"),
                    "reason": (
                        record.reason if model == "hcrm.message" else record.body
                    )
                    or "",
                    "key": key,
                    "res_model": model,
                    "res_id": record.id,
                }
            ]
        )
        return self.assign(task.ids, user_id, at, note)
