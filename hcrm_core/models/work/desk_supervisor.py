from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.desk_times import day_bounds, local_day
from .desk_rows import COUNT_LIMIT, MAX_ROWS

SUPERVISORS = ("hcrm_core.group_manager", "hcrm_core.group_centre_head")


class HcrmDeskSupervisor(models.AbstractModel):
    """Who keeps an eye on the work of others: what waits, what is late, who has how
    much; one click deals again, takes over, sets a deadline (R23).

    Clinical words are left out for who is no clinician; restricted people are not
    there at all.
    """

    _name = "hcrm.desk.supervisor"
    _inherit = ["hcrm.desk.rows"]
    _description = "Supervisor's Desk"

    # ------------------------------------------------------------------
    # WHAT
    # ------------------------------------------------------------------

    @api.model
    def _check_supervisor(self):
        if not any(self.env.user.has_group(group) for group in SUPERVISORS):
            raise AccessError(
                self.env._("Only supervisors see the work of others. Ask your manager.")
            )

    @api.model
    def _tasks(self):
        # sudo: supervisors see that clinical work is late, not its words (_rows masks)
        return self.env["hcrm.task"].sudo()

    @api.model
    def _scope(self):
        return (
            Domain("company_id", "in", self.env.companies.ids)
            & Domain("state", "=", "open")
            & Domain("is_hidden", "=", False)
        )

    @api.model
    def _lists(self, now):
        """Return {code: domain} of the lists, most pressing first."""
        ready = Domain("date_from", "=", False) | Domain("date_from", "<=", now)
        return {
            "red": Domain("priority", "=", "1") & Domain("user_id", "=", False),
            "promise": Domain("promise", "!=", False) & Domain("date_due", "<", now),
            "overdue": Domain("date_due", "<", now),
            "unowned": Domain("user_id", "=", False) & ready,
        }

    @api.model
    def _is_masked(self):
        return not self.env.user.has_group("hcrm_core.group_clinical_all")

    # ------------------------------------------------------------------
    # READ
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_desk(self, section=None, limit=50):
        """Return counts, the rows of one list, and the colleagues with their load.

        :param section: ``red``, ``promise``, ``overdue`` or ``unowned``; by default
            the most pressing that has something
        """
        self._check_supervisor()
        company = self.env.company
        now = fields.Datetime.now()
        Task, scope, lists = self._tasks(), self._scope(), self._lists(now)
        counts = {
            code: Task.search_count(scope & domain, limit=COUNT_LIMIT)
            for code, domain in lists.items()
        }
        section = section if section in lists else self._first(counts)
        tasks = Task.search(
            scope & lists[section],
            order="date_due, id",
            limit=max(1, min(int(limit), MAX_ROWS)),
        )
        return {
            "company": company.name,
            "now": self.env["hcrm.desk"]._format_hour(now, company),
            "as_of": self.env["hcrm.desk"]._get_data_age(company),
            "section": section,
            "counts": counts,
            "rows": self._rows(tasks, is_masked=self._is_masked()),
            "team": self._team(now),
            "handovers": self._open_handovers(),
        }

    def _first(self, counts):
        return next((code for code, count in counts.items() if count), "overdue")

    def _team(self, now):
        """Colleagues on duty, and who holds work without being on duty."""
        company = self.env.company
        running = self.env["hcrm.shift"]._running(company, now=now)
        until = {shift.user_id: shift.date_end for shift in running}
        start, _end = day_bounds(local_day(now, company.hcrm_tz), company.hcrm_tz)
        groups = self._role_groups()
        # sudo: who works here is known in the house
        users = (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("all_group_ids", "in", groups.ids),
                    ("company_ids", "in", company.ids),
                    ("share", "=", False),
                    ("id", "not in", (self.env.ref("base.user_root").id,)),
                ],
                limit=300,
            )
            | running.user_id
        )
        load = self._load(users, now, start)
        team = [
            {
                "id": user.id,
                "name": user.name,
                "role": self._role_label(user.group_ids[:1]),
                "until": self.env["hcrm.desk"]._format_hour(until[user], company)
                if user in until
                else "",
                "is_on_duty": user in until,
                **load[user.id],
            }
            for user in users
            if user in until or load[user.id]["open"]
        ]
        return sorted(team, key=lambda row: (not row["is_on_duty"], -row["open"]))

    def _load(self, users, now, start):
        """Open, overdue, promised and done today of each user, counted no further
        than anybody reads."""
        Task = self._tasks()
        Task.flush_model()
        bounded = [
            SQL(
                "(SELECT count(*) FROM (SELECT FROM hcrm_task t WHERE %s LIMIT %s) c)",
                where,
                COUNT_LIMIT,
            )
            for where in (
                SQL("t.user_id = u.id AND t.state = 'open'"),
                SQL("t.user_id = u.id AND t.state = 'open' AND t.date_due < %s", now),
                SQL("t.user_id = u.id AND t.state = 'open' AND t.promise IS NOT NULL"),
                SQL(
                    "t.done_by_id = u.id AND t.state = 'done' AND t.date_done >= %s",
                    start,
                ),
            )
        ]
        rows = self.env.execute_query(
            SQL(
                "SELECT u.id, %s FROM unnest(%s::int[]) u(id)",
                SQL(", ").join(bounded),
                users.ids,
            )
        )
        names = ("open", "overdue", "promises", "done")
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}

    def _open_handovers(self):
        """Hand-overs that nobody accepted yet, or not in time, since yesterday."""
        # sudo: supervisors see them all
        rows = (
            self.env["hcrm.handover"]
            .sudo()
            .search(
                [
                    ("company_id", "in", self.env.companies.ids),
                    ("state", "in", ("offered", "expired", "declined")),
                    ("date_offered", ">", fields.Datetime.now() - timedelta(days=1)),
                ],
                limit=20,
            )
        )
        states = dict(rows._fields["state"]._description_selection(self.env))
        return [
            {
                "id": row.id,
                "from": row.from_user_id.name,
                "to": row.to_user_id.name,
                "count": row.task_count,
                "state": states[row.state],
                "note": row.note,
            }
            for row in rows
        ]

    # ------------------------------------------------------------------
    # ONE CLICK
    # ------------------------------------------------------------------

    @api.model
    def _chosen(self, task_ids):
        self._check_supervisor()
        tasks = self._tasks().search(
            self._scope() & Domain("id", "in", [int(n) for n in task_ids])
        )
        if not tasks:
            raise UserError(self.env._("These tasks are closed already; look again."))
        return tasks

    @api.model
    def redeal(self, user_id):
        """Deal what a colleague has to the others on duty; return how much that is."""
        self._check_supervisor()
        user = self.env["res.users"].sudo().browse(int(user_id)).exists()
        if not user.company_ids & self.env.user.company_ids:
            raise UserError(self.env._("This colleague works at another hospital."))
        note = self.env._("Dealt again by %s", self.env.user.name)
        return len(self.env["hcrm.task"]._deal_again(user, note))

    @api.model
    def deal_unowned(self):
        """Deal what nobody has to whoever is on duty; return how much found someone."""
        self._check_supervisor()
        now = fields.Datetime.now()
        tasks = self._tasks().search(
            self._scope() & self._lists(now)["unowned"], limit=1000
        )
        return len(tasks._deal(tasks))

    @api.model
    def take_over(self, task_id):
        """The task is the supervisor's own now."""
        task = self._chosen([task_id])
        task._hand(self.env._("Taken over"), self.env.user)
        return True

    @api.model
    def assign(self, task_ids, user_id, at, note=""):
        """Give tasks to a colleague with a deadline on the hospital's clock."""
        tasks = self._chosen(task_ids)
        user = self.env["res.users"].sudo().browse(int(user_id or 0)).exists()
        if not user:
            raise UserError(self.env._("Choose who does it."))
        tasks._hand(
            note or self.env._("Assigned by %s", self.env.user.name),
            user,
            date_due=self._utc(self._local(at, tasks.company_id[:1])),
        )
        return True
