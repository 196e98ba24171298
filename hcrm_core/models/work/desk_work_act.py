from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ...tools.contact_hours import fits, label, next_fit

MAX_PROMISES = 50


class HcrmDeskWork(models.AbstractModel):
    """One click at the work desk; every one is checked against what is on the desk."""

    _inherit = "hcrm.desk.work"

    # ------------------------------------------------------------------
    # WHICH TASK
    # ------------------------------------------------------------------

    @api.model
    def _task(self, task_id):
        """Return an open task of this desk; one that is gone and one that is hidden
        look the same."""
        task = self._tasks().search(
            self._scope() & Domain("id", "=", int(task_id)), limit=1
        )
        if not task:
            raise AccessError(
                self.env._("This task is no longer on your desk; look again.")
            )
        if task.state != "open":
            raise UserError(self.env._("This task is closed already; look again."))
        if not task.env.su:
            task.check_access("write")
        return task

    # ------------------------------------------------------------------
    # DOING
    # ------------------------------------------------------------------

    @api.model
    def take(self, task_id):
        """Make a task mine that waits with my role."""
        self._task(task_id).action_take()
        return True

    @api.model
    def done(self, task_id, outcome="", note=""):
        """Close a task with what came of it."""
        if not (outcome or "").strip():
            raise UserError(self.env._("Say what came of it."))
        self._task(task_id)._finish(outcome.strip(), (note or "").strip())
        return True

    @api.model
    def no_answer(self, task_id):
        """Nobody picked up; return when it is tried again, as a text."""
        task = self._task(task_id)
        company = task.company_id
        wishes = self._wishes(task.partner_id.sudo(), company)
        task._no_answer(wishes.get(task.partner_id.id))
        return self._moment(task.date_from, company.hcrm_tz, fields.Datetime.now())

    @api.model
    @api.readonly
    def check_time(self, task_id, at):
        """Tell whether a person likes to be reached at a moment (F99).

        :param at: ``YYYY-MM-DDTHH:MM`` on the hospital's clock
        :return: ``wish`` (hours, empty where none is known), ``fits``, and ``next``,
            the first moment that suits
        """
        task = self._task(task_id)
        company = task.company_id
        wish = self._wishes(task.partner_id.sudo(), company).get(task.partner_id.id)
        local = self._local(at, company)
        return {
            "wish": label(wish) if wish else "",
            "fits": fits(local, wish),
            "next": next_fit(local, wish).strftime("%Y-%m-%dT%H:%M"),
        }

    @api.model
    def snooze(self, task_id, at, why=""):
        """Call back at a moment of the hospital's clock; outside the hours the person
        prefers only with a reason, which is kept (F99)."""
        task = self._task(task_id)
        company = task.company_id
        wish = self._wishes(task.partner_id.sudo(), company).get(task.partner_id.id)
        local = self._local(at, company)
        task._snooze(self._utc(local), why, override=not fits(local, wish))
        return True

    # ------------------------------------------------------------------
    # TO SOMEBODY ELSE
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_takers(self):
        """Return colleagues with whether they are on duty and how much they have, and
        the roles; those on duty come first, who has least before the others."""
        if self._variant() == "outsourced":
            return {"users": [], "roles": []}
        groups = self._role_groups() | self.env.ref("hcrm_core.group_outsourced_agent")
        company = self.env.company
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
                limit=500,
            )
        )
        on_duty = self.env["hcrm.shift"]._on_duty(company, None)
        doctor = self.env.ref("hcrm_core.group_doctor")
        load = self.env["hcrm.task"]._load_of(users)
        ordered = users.sorted(lambda u: (u not in on_duty, load[u.id], u.name))
        return {
            "users": [
                {
                    "id": user.id,
                    "name": user.name,
                    "role": self._role_label((user.group_ids & groups)[:1]),
                    "is_doctor": doctor in user.all_group_ids,
                    "is_on_duty": user in on_duty,
                    "load": load[user.id],
                }
                for user in ordered
                if user != self.env.user
            ],
            "roles": [
                {"id": group.id, "name": self._role_label(group)}
                for group in self._role_groups()
            ],
        }

    @api.model
    def hand(self, task_id, note, user_id=None, group_id=None):
        """Hand a task to a colleague or to a role, with a note."""
        if self._variant() == "outsourced":
            group_id, user_id = None, None  # back to where it came from
        task = self._task(task_id)
        user = self.env["res.users"].sudo().browse(int(user_id or 0)).exists()
        group = self._role_groups().filtered(lambda g: g.id == int(group_id or 0))
        if not user and not group:
            group = task.group_id or task.kind_id.sudo().group_id
        task.sudo().with_user(self.env.user).sudo()._hand(note, user, group)
        return True

    @api.model
    def ask(self, task_id, question, user_id=None):
        """Ask a doctor: one that is named, else whoever of the doctors is on duty."""
        task = self._task(task_id)
        if not self.env.user.has_group("hcrm_core.group_clinical"):
            raise AccessError(
                self.env._(
                    "Only clinical roles ask a doctor. Hand the task to a nurse."
                )
            )
        user = self.env["res.users"].sudo().browse(int(user_id or 0)).exists()
        task._ask(question, user)
        return True

    @api.model
    def answer(self, task_id, text):
        """Answer a question in a sentence; it goes to who asked."""
        self._task(task_id)._answer(text)
        return True

    # ------------------------------------------------------------------
    # HAND-OVER OF A SHIFT
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_handover(self):
        """Return what I hand over: how much, which promises, and to whom I may."""
        tasks = self.env["hcrm.handover"]._tasks_of(self.env.user)
        promised = tasks.filtered("promise")
        return {
            "count": len(tasks),
            "promises": self._rows(promised[:MAX_PROMISES]),
            "users": [u for u in self.get_takers()["users"] if u["is_on_duty"]],
        }

    @api.model
    def offer_handover(self, user_id, note):
        user = self.env["res.users"].sudo().browse(int(user_id or 0)).exists()
        if not user:
            raise UserError(self.env._("Choose who takes over."))
        self.env["hcrm.handover"]._offer(user, note)
        return True

    @api.model
    def accept_handover(self, offer_id):
        """Take over; return how many tasks came."""
        return len(self._offer_of(offer_id)._accept())

    @api.model
    def decline_handover(self, offer_id, why):
        self._offer_of(offer_id)._decline(why)
        return True

    @api.model
    def withdraw_handover(self, offer_id):
        self._offer_of(offer_id)._withdraw()
        return True

    def _offer_of(self, offer_id):
        """The offer itself checks who answers it."""
        offer = self.env["hcrm.handover"].browse(int(offer_id)).exists()
        if not offer:
            raise UserError(self.env._("This hand-over is gone; look again."))
        return offer
