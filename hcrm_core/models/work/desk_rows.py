from datetime import datetime
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ...tools.contact_hours import fits, label
from ...tools.desk_times import UTC, local_day, to_local

MAX_ROWS = 200
# counted no further: "999+" is told as such
COUNT_LIMIT = 1000
PRIORITIES = ("1", "2", "3")


class HcrmDeskRows(models.AbstractModel):
    """Rows of tasks as every desk shows them: set-based, bounded, in the order in
    which they are done: overdue first, then by urgency and due time."""

    _name = "hcrm.desk.rows"
    _description = "Rows of a Desk"

    @api.model
    def _top(self, Task, domain, limit, user=None, groups=None):
        """The first tasks of a user, or of roles while nobody has them.

        Each urgency is read from its own stretch of the index, so that a million
        open tasks cost what fifty do.
        """
        Task.flush_model()
        query = Task._search(domain)
        if user:
            query.add_where(
                SQL(
                    "hcrm_task.user_id = %s AND hcrm_task.priority = k.priority",
                    user.id,
                )
            )
            keys = SQL("unnest(%s::varchar[]) k(priority)", list(PRIORITIES))
        else:
            query.add_where(
                SQL(
                    "hcrm_task.user_id IS NULL AND hcrm_task.group_id = k.group_id"
                    " AND hcrm_task.company_id = k.company_id"
                    " AND hcrm_task.priority = k.priority"
                )
            )
            keys = SQL(
                "(SELECT * FROM unnest(%s::int[]) g(group_id),"
                " unnest(%s::int[]) c(company_id), unnest(%s::varchar[]) p(priority)) k",
                groups.ids,
                self.env.companies.ids,
                list(PRIORITIES),
            )
        query.add_where(SQL("hcrm_task.state = 'open'"))
        query.order = SQL("hcrm_task.date_due, hcrm_task.id")
        query.limit = limit
        rows = self.env.execute_query(
            SQL(
                "SELECT t.id FROM %s, LATERAL (%s) t"
                " ORDER BY t.date_due >= %s, t.priority, t.date_due, t.id LIMIT %s",
                keys,
                query.select(
                    SQL("hcrm_task.id"),
                    SQL("hcrm_task.priority"),
                    SQL("hcrm_task.date_due"),
                ),
                fields.Datetime.now(),
                limit,
            )
        )
        return Task.browse([row[0] for row in rows])

    @api.model
    def _rows(self, tasks, is_plain=False, is_masked=False):
        """Return one row per task.

        :param is_plain: for who sees tasks and no person's file (R16): who it is and
            what to do, no number, no fact
        :param is_masked: the reader is not clinical: clinical words are left out
        """
        company = tasks.company_id[:1] or self.env.company
        tz = company.hcrm_tz
        now = fields.Datetime.now()
        people = tasks.partner_id.sudo() if is_plain else tasks.partner_id
        lines = people._hcrm_desk_lines(company)
        wishes = self._wishes(people, company)
        notes = self.env["hcrm.task.log"]._last_notes(tasks)
        # sudo: names of colleagues are public in the house
        tasks_sudo = tasks.sudo()
        tasks_sudo.fetch(
            [
                "name", "kind_id", "reason", "promise", "priority", "date_due",
                "date_from", "user_id", "group_id", "answer", "asked_by_id", "state",
            ]
        )  # fmt: skip
        rows = []
        for task in tasks_sudo:
            hides = is_masked and task.is_clinical
            wish = wishes.get(task.partner_id.id)
            line = lines[task.partner_id.id]
            who, note = notes.get(task.id, ("", ""))
            rows.append(
                {
                    "id": task.id,
                    "person": self._plain_line(line) if is_plain else line,
                    "name": task.kind_id.name if hides else task.name,
                    "kind": task.kind_id.name,
                    "kind_code": task.kind_id.code,
                    "reason": "" if hides else task.reason or "",
                    "promise": "" if hides else task.promise or "",
                    "priority": task.priority,
                    "due": self._moment(task.date_due, tz, now),
                    "is_overdue": task.date_due < now,
                    "late": self._late(now - task.date_due),
                    "from": self._moment(task.date_from, tz, now)
                    if task.date_from and task.date_from > now
                    else "",
                    "wish": label(wish) if wish else "",
                    "is_wish_now": fits(to_local(now, tz), wish),
                    "attempts": task.attempt_count,
                    "owner": task.user_id.name or "",
                    "is_mine": task.user_id.id == self.env.uid,
                    "role": self._role_label(task.group_id),
                    "note": "" if hides else note,
                    "note_by": who,
                    "answer": "" if hides else task.answer or "",
                    "asked_by": task.asked_by_id.name or "",
                    "is_question": bool(task.asked_by_id),
                }
            )
        return rows

    def _plain_line(self, line):
        kept = ("id", "name", "sex", "age", "is_deceased")
        empty = {"phone_tail": "", "mrn_tail": "", "last_visit": "", "alert": ""}
        return {
            **{key: line[key] for key in kept},
            **empty,
            "is_vip": False,
            "is_restricted": False,
        }

    @api.model
    def _wishes(self, people, company):
        """When each person likes to be reached: {person id: code} (F99)."""
        # sudo: the hour somebody prefers is told to whoever calls them
        profiles = (
            self.env["hcrm.person.profile"]
            .sudo()
            .search_fetch(
                [
                    ("partner_id", "in", people.ids),
                    ("company_id", "=", company.id),
                    ("preferred_time", "!=", False),
                ],
                ["partner_id", "preferred_time"],
            )
        )
        return {p.partner_id.id: p.preferred_time for p in profiles}

    def _moment(self, moment, tz, now):
        """A moment on the hospital's clock: the hour today, else day and hour."""
        if not moment:
            return ""
        hour = self.env["hcrm.desk"]._format_hour(moment, self.env.company)
        day = local_day(moment, tz)
        if day == local_day(now, tz):
            return hour
        pattern = self.env._("d MMM")  # letters of a date pattern, "M月d日"
        return f"{format_date(self.env, day, date_format=pattern)} {hour}"

    def _local(self, at, company):
        """Read ``YYYY-MM-DDTHH:MM`` as a moment on the hospital's clock."""
        try:
            moment = datetime.fromisoformat((at or "")[:16])
        except ValueError as error:
            raise UserError(self.env._("Choose a day and a time.")) from error
        return moment.replace(tzinfo=ZoneInfo(company.hcrm_tz))

    def _utc(self, local):
        return local.astimezone(UTC).replace(tzinfo=None)

    def _late(self, late):
        """How long something is overdue, in the largest unit."""
        minutes = int(late.total_seconds() // 60)
        if minutes < 1:
            return ""
        if minutes < 60:
            return self.env._("%s min late", minutes)
        if minutes < 48 * 60:
            return self.env._("%s h late", minutes // 60)
        return self.env._("%s days late", minutes // 1440)

    def _role_label(self, group):
        """The role without the word before it: "Role: Doctor" is a doctor."""
        name = (group.name or "").replace("：", ":")
        return name.split(":", 1)[-1].strip()

    @api.model
    def _role_groups(self):
        """Roles that hold tasks: whose kinds exist."""
        # sudo: the kinds of work there are is no secret
        kinds = self.env["hcrm.task.kind"].sudo()
        return kinds.search([("group_id", "!=", False)]).group_id
