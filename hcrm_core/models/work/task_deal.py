from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

# nobody with more than this is dealt anything while others have less
LOAD_LIMIT = 10000


class HcrmTask(models.Model):
    """Work finds who is on duty: evenly, by campus and department (R16)."""

    _inherit = "hcrm.task"

    @api.model
    def _deal_again(self, users, note=""):
        """What these users hold goes back and is dealt to colleagues on duty, fewest
        open tasks first; where nobody is on duty it waits with the role (R16).

        Work of a user that belongs to no role goes to the role of its kind.
        """
        # sudo: dealing is nobody's own act
        held = self.sudo().search(
            [("user_id", "in", users.ids), ("state", "=", "open")]
        )
        if not held:
            return held
        self.env["hcrm.task.log"]._add(held, "dealt", note)
        roleless = held.filtered(lambda task: not task.group_id)
        for kind, tasks in roleless.grouped("kind_id").items():
            tasks.group_id = kind.group_id
        held.user_id = False
        self._deal(held, without=users)
        return held

    @api.model
    def _deal(self, tasks, without=None):
        """Give tasks of a role to its members on duty, evenly.

        Who is on duty at the task's campus, and looks after its department, comes
        first; a restricted person's task goes only to who may see the person. The
        number of queries does not depend on the number of tasks.
        """
        tasks = tasks.sudo().filtered(lambda t: t.group_id and t.state == "open")
        shares, owners = defaultdict(list), {}
        grants = self._grants_of(tasks)
        for (group, company), batch in tasks.grouped(
            lambda task: (task.group_id, task.company_id)
        ).items():
            shifts = self.env["hcrm.shift"]._running(company, group)
            if without:
                shifts = shifts.filtered(lambda shift: shift.user_id not in without)
            if not shifts:
                continue
            load = self._load_of(shifts.user_id)
            for task in batch.sorted(lambda t: (t.priority, t.date_due, t.id)):
                able = task._able(shifts, grants)
                if able:
                    user_id = min(sorted(able), key=load.get)
                    load[user_id] += 1
                    owners[task.id] = user_id
                    shares[user_id].append(task.id)
        self._give(owners, shares)
        return self.browse(owners)

    def _able(self, shifts, grants):
        """Users on duty who may have this task, the nearest circle only."""
        if self.date_from:
            # called back after their shift: not theirs
            shifts = shifts.filtered(lambda shift: shift.date_end > self.date_from)
        if self.is_clinical:
            shifts = shifts.filtered(lambda s: self._is_for(s.user_id))
        if self.partner_id.hcrm_confidentiality not in (False, "normal"):
            shifts = shifts.filtered(
                lambda s: (
                    self.partner_id.hcrm_confidentiality
                    not in s.user_id._hcrm_closed_classes()
                    or (self.partner_id.id, s.user_id.id) in grants
                )
            )
        if self.campus_id:
            near = shifts.filtered(
                lambda s: s.campus_id in (self.campus_id, s.campus_id.browse())
            )
            shifts = near or shifts
        if self.department_id:
            near = shifts.filtered(
                lambda s: self.department_id in s.user_id.hcrm_department_ids
            )
            shifts = near or shifts
        return set(shifts.user_id.ids)

    def _is_for(self, user):
        """Clinical facts go to clinical roles."""
        return user.has_group("hcrm_core.group_clinical")

    @api.model
    def _load_of(self, users, limit=LOAD_LIMIT):
        """Open tasks of each user: {user id: count}, counted no further than
        ``limit``."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT u.id, (SELECT count(*) FROM (SELECT FROM hcrm_task t"
                " WHERE t.user_id = u.id AND t.state = 'open' LIMIT %s) o)"
                " FROM unnest(%s::int[]) u(id)",
                limit,
                users.ids,
            )
        )
        return dict(rows)

    @api.model
    def _grants_of(self, tasks):
        """Who may see the restricted people among them: {(person id, user id)}."""
        closed = tasks.partner_id.filtered(
            lambda p: p.hcrm_confidentiality not in (False, "normal")
        )
        if not closed:
            return set()
        now = fields.Datetime.now()
        grants = (
            self.env["hcrm.person.access"]
            .sudo()
            .search_fetch(
                [
                    ("partner_id", "in", closed.ids),
                    ("date_start", "<=", now),
                    "|",
                    ("date_end", "=", False),
                    ("date_end", ">", now),
                ],
                ["partner_id", "user_id"],
            )
        )
        return {(grant.partner_id.id, grant.user_id.id) for grant in grants}

    @api.model
    def _give(self, owners, shares):
        """Write who has what, in one statement."""
        if not owners:
            return
        self.flush_model()
        self.env.cr.execute(
            SQL(
                "UPDATE hcrm_task t SET user_id = v.user_id, write_uid = %s,"
                " write_date = now() AT TIME ZONE 'UTC'"
                " FROM unnest(%s::int[], %s::int[]) v(id, user_id)"
                " WHERE t.id = v.id AND t.state = 'open'",
                self.env.uid,
                list(owners),
                list(owners.values()),
            )
        )
        self.browse(owners).invalidate_recordset(["user_id", "write_uid", "write_date"])
        self._touch_holders(
            self.env["res.users"].sudo().browse(shares), self.env["res.groups"]
        )
