from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ...tools.contact_hours import fits
from ...tools.desk_times import day_bounds, local_day, to_local
from .desk_rows import COUNT_LIMIT, MAX_ROWS

FILTERS = ("all", "overdue", "today", "promise", "red")


class HcrmDeskWork(models.AbstractModel):
    """My work: what I have and what waits with my role (R16, R23, F161).

    Reads are under the record rules of the user, bounded, and cost the same number
    of queries for 2 tasks and for 50. Who may see no person's file gets what is
    assigned to them and nothing else.
    """

    _name = "hcrm.desk.work"
    _inherit = ["hcrm.desk.rows"]
    _description = "Work Desk"

    # ------------------------------------------------------------------
    # WHO
    # ------------------------------------------------------------------

    @api.model
    def _variant(self):
        """How the desk looks: ``outsourced``, ``doctor`` or ``work``."""
        user = self.env.user
        if not user.has_group("hcrm_core.group_user"):
            if not user.has_group("hcrm_core.group_outsourced_agent"):
                raise AccessError(
                    self.env._("Your role has no desk. Ask your manager for one.")
                )
            return "outsourced"
        is_doctor = user.has_group("hcrm_core.group_doctor")
        return "doctor" if is_doctor else "work"

    @api.model
    def _tasks(self):
        """The tasks model with the rights this user has at a desk."""
        if self._variant() != "outsourced":
            return self.env["hcrm.task"]
        # sudo: without a role that sees people, and bounded by _scope to what is
        # assigned to the user
        return self.env["hcrm.task"].sudo()

    @api.model
    def _scope(self):
        """What may be on the desk at all."""
        if self._variant() != "outsourced":
            return Domain.TRUE
        return (
            Domain("user_id", "=", self.env.uid)
            & Domain("is_clinical", "=", False)
            & Domain("company_id", "in", self.env.companies.ids)
            & Domain("partner_id.hcrm_confidentiality", "in", (False, "normal"))
        )

    @api.model
    def _my_groups(self):
        return self._role_groups() & self.env.user.all_group_ids

    # ------------------------------------------------------------------
    # READ
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_desk(self, filter="all", limit=50):
        """Return my work in the order in which it is done.

        :param filter: ``all``, ``overdue``, ``today``, ``promise`` or ``red``
        :return: my rows, what is called back later, what waits with my role,
            counts, offers of colleagues, whether I am on duty, how old the data is
        """
        company = self.env.company
        variant = self._variant()
        now = fields.Datetime.now()
        limit = max(1, min(int(limit), MAX_ROWS))
        is_off = self.env.user in self.env["hcrm.shift"]._off_duty(self.env.user, now)
        desk = {
            "variant": variant,
            "company": company.name,
            "user": self.env.user.name,
            "now": self.env["hcrm.desk"]._format_hour(now, company),
            "as_of": []
            if variant == "outsourced"
            else self.env["hcrm.desk"]._get_data_age(company),
            "shift": self._my_shift(now),
            "is_off_duty": is_off,
            "filter": filter,
            "offers": self._offers(),
            "can_hand": variant != "outsourced",
            "can_ask": variant == "work"
            and self.env.user.has_group("hcrm_core.group_clinical"),
        }
        if variant == "outsourced" and is_off:
            # outside their hours nothing is shown (R16)
            return {**desk, "rows": [], "later": [], "waiting": [], "counts": {}}
        Task = self._tasks()
        scope = self._scope()
        user = self.env.user
        is_plain = variant == "outsourced"
        tasks = self._top(
            Task, scope & self._filter_domain(filter, now), limit, user=user
        )
        later = Task.search(
            scope
            & Domain("user_id", "=", user.id)
            & Domain("state", "=", "open")
            & Domain("date_from", ">", now),
            order="date_from, id",
            limit=20,
        )
        waiting = Task
        if not is_plain:
            waiting = self._top(
                Task,
                self._ready(now) & self._waiting_domain(variant),
                20,
                groups=self._my_groups(),
            )
        rows = {row["id"]: row for row in self._rows(tasks | later | waiting, is_plain)}
        return {
            **desk,
            "rows": [rows[task.id] for task in tasks],
            "later": [rows[task.id] for task in later],
            "waiting": [rows[task.id] for task in waiting],
            "counts": self._counts(Task, scope, now, is_plain),
        }

    def _ready(self, now):
        return Domain("date_from", "=", False) | Domain("date_from", "<=", now)

    def _waiting_domain(self, variant):
        """A doctor is shown what is red or asked, not the pool (R23)."""
        if variant != "doctor":
            return Domain.TRUE
        return Domain("priority", "=", "1") | Domain("asked_by_id", "!=", False)

    def _filter_domain(self, name, now):
        ready = self._ready(now)
        match name:
            case "overdue":
                return ready & Domain("date_due", "<", now)
            case "today":
                company = self.env.company
                _start, end = day_bounds(
                    local_day(now, company.hcrm_tz), company.hcrm_tz
                )
                return ready & Domain("date_due", "<", end)
            case "promise":
                return ready & Domain("promise", "!=", False)
            case "red":
                return ready & Domain("priority", "=", "1")
        return ready

    def _counts(self, Task, scope, now, is_plain):
        """How much there is of each, counted no further than anybody reads."""
        mine = (
            scope & Domain("user_id", "=", self.env.uid) & Domain("state", "=", "open")
        )
        counts = {
            name: Task.search_count(
                mine & self._filter_domain(name, now), limit=COUNT_LIMIT
            )
            for name in FILTERS
        }
        counts["later"] = Task.search_count(
            mine & Domain("date_from", ">", now), limit=COUNT_LIMIT
        )
        counts["waiting"] = 0
        if not is_plain:
            counts["waiting"] = Task.search_count(
                Domain("user_id", "=", False)
                & Domain("state", "=", "open")
                & Domain("group_id", "in", self._my_groups().ids)
                & self._ready(now)
                & self._waiting_domain(self._variant()),
                limit=COUNT_LIMIT,
            )
        tz = self.env.company.hcrm_tz
        start, _end = day_bounds(local_day(now, tz), tz)
        counts["done"] = Task.search_count(
            [
                ("done_by_id", "=", self.env.uid),
                ("state", "=", "done"),
                ("date_done", ">=", start),
            ],
            limit=COUNT_LIMIT,
        )
        return counts

    def _my_shift(self, now):
        """Until when I am on duty, empty where I do not work by the roster."""
        company = self.env.company
        shift = (
            self.env["hcrm.shift"]
            ._running(company, now=now)
            .filtered(lambda shift: shift.user_id == self.env.user)[:1]
        )
        if not shift:
            return ""
        return self.env["hcrm.desk"]._format_hour(shift.date_end, company)

    def _offers(self):
        """Hand-overs and swaps that wait for me, and my own that wait for others."""
        # sudo: only my own
        offers = (
            self.env["hcrm.handover"]
            .sudo()
            .search(
                [
                    ("state", "=", "offered"),
                    "|",
                    ("to_user_id", "=", self.env.uid),
                    ("from_user_id", "=", self.env.uid),
                ]
            )
        )
        return [
            {
                "id": offer.id,
                "from": offer.from_user_id.name,
                "to": offer.to_user_id.name,
                "is_mine": offer.from_user_id == self.env.user,
                "note": offer.note,
                "promises": (offer.promises or "").splitlines(),
                "count": offer.task_count,
            }
            for offer in offers
        ]

    # ------------------------------------------------------------------
    # TAKE NEXT
    # ------------------------------------------------------------------

    @api.model
    def take_next(self):
        """Return the row to do now: my first whose person likes to be reached at this
        hour, else the first of my role, which becomes mine."""
        now = fields.Datetime.now()
        Task, scope = self._tasks(), self._scope()
        is_plain = self._variant() == "outsourced"
        mine = self._top(Task, scope & self._ready(now), 50, user=self.env.user)
        task = self._first_reachable(mine, now)
        if not task and not is_plain:
            waiting = self._top(
                Task,
                self._ready(now) & self._waiting_domain(self._variant()),
                50,
                groups=self._my_groups(),
            )
            task = self._first_reachable(waiting, now)
            if task:
                task.action_take()
        # at an hour that suits nobody the first of all
        task = task or mine[:1]
        return self._rows(task, is_plain)[0] if task else False

    def _first_reachable(self, tasks, now):
        company = self.env.company
        local = to_local(now, company.hcrm_tz)
        wishes = self._wishes(tasks.partner_id, company)
        overdue = now - timedelta(hours=24)
        for task in tasks:
            wish = wishes.get(task.partner_id.id)
            if task.priority == "1" or task.date_due < overdue or fits(local, wish):
                return task
        return tasks.browse()
