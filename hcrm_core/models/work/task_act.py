from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.contact_hours import next_fit
from ...tools.desk_times import UTC, to_local

# an unanswered call is tried again after these hours, then every day
RETRY_HOURS = (2, 4)


class HcrmTask(models.Model):
    """What is done with a task; the desks and the forms call these."""

    _inherit = "hcrm.task"

    def action_take(self):
        """It is mine now; refused where a colleague was faster."""
        self.check_access("write")
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE hcrm_task SET user_id = %s, write_uid = %s,"
                " write_date = now() AT TIME ZONE 'UTC'"
                " WHERE id = ANY(%s) AND user_id IS NULL AND state = 'open'"
                " RETURNING id",
                self.env.uid,
                self.env.uid,
                self.ids,
            )
        )
        taken = {row[0] for row in self.env.cr.fetchall()}
        self.invalidate_recordset()
        if taken != set(self.ids) and any(
            task.user_id != self.env.user for task in self
        ):
            raise UserError(self.env._("A colleague took this task already."))
        self._touch_desks()
        Log = self.env["hcrm.task.log"]
        Log._add(self.filtered(lambda task: task.id in taken), "taken")

    def action_done(self):
        """Done, by whoever says so."""
        self.check_access("write")
        self._finish()

    def action_open_card(self):
        self.ensure_one()
        return self.partner_id.action_hcrm_open_card()

    def _finish(self, outcome="", note=""):
        """Done, with what came of it; what is closed already stays as it is."""
        still = self.filtered(lambda task: task.state == "open")
        vals = {
            "state": "done",
            "date_done": fields.Datetime.now(),
            "done_by_id": self.env.uid,
        }
        if outcome:
            vals["outcome"] = outcome
        if note:
            vals["note"] = note
        still.write(vals)
        self.env["hcrm.task.log"]._add(still, "done", outcome)

    # ------------------------------------------------------------------
    # later
    # ------------------------------------------------------------------

    def _snooze(self, moment, why="", override=False):
        """Not before ``moment``. Outside the hours the person prefers this needs a
        reason, which is kept (F99)."""
        self.ensure_one()
        if moment <= fields.Datetime.now():
            raise UserError(self.env._("Choose a time that is still to come."))
        Log = self.env["hcrm.task.log"]
        if override:
            if not (why or "").strip():
                raise UserError(
                    self.env._("Say why you call outside the hours the person prefers.")
                )
            Log._add(self, "override", why)
        Log._add(self, "snoozed", why)
        self.write({"date_from": moment, "date_due": moment})

    def _no_answer(self, preferred):
        """Nobody picked up: the next attempt is planned in the hours preferred."""
        self.ensure_one()
        tz = self.company_id.hcrm_tz
        hours = dict(enumerate(RETRY_HOURS)).get(self.attempt_count, 24)
        local = next_fit(
            to_local(fields.Datetime.now() + timedelta(hours=hours), tz), preferred
        )
        moment = local.astimezone(UTC).replace(tzinfo=None)
        self.env["hcrm.task.log"]._add(self, "no_answer")
        self.write(
            {
                "attempt_count": self.attempt_count + 1,
                "date_from": moment,
                "date_due": moment,
            }
        )

    # ------------------------------------------------------------------
    # to somebody else
    # ------------------------------------------------------------------

    def _hand(self, note, user=None, group=None, date_due=None):
        """To a colleague or back to a role, with a note; a deadline where given.

        Refused where the colleague may not see the person or the clinical facts.
        """
        if not (note or "").strip() and not date_due:
            raise UserError(self.env._("Write a note for whoever takes over."))
        if user:
            self._check_may_have(user)
        vals = {"user_id": user.id if user else False}
        if group:
            vals["group_id"] = group.id
        if date_due:
            vals.update(date_due=date_due, date_from=False)
        self.env["hcrm.task.log"]._add(
            self,
            "deadline" if date_due else "handed",
            note,
            to_user_id=user.id if user else False,
            to_group_id=group.id if group else False,
        )
        self.write(vals)

    def _check_may_have(self, user):
        """Refuse a holder who may not see the person or the clinical words."""
        me = self.sudo()
        people = me.partner_id
        if user.has_group("hcrm_core.group_user"):
            seen = (
                people.with_user(user)
                .with_context(allowed_company_ids=user.company_ids.ids)
                ._filtered_access("read")
            )
            is_closed = len(seen) < len(people) or (
                any(me.mapped("is_clinical"))
                and not user.has_group("hcrm_core.group_clinical")
            )
        else:
            is_closed = any(task._is_closed_to_outsourced() for task in me)
        if is_closed:
            raise UserError(
                self.env._(
                    "%s may not see this person or these clinical facts. Choose somebody "
                    "else.",
                    user.name,
                )
            )

    def _is_closed_to_outsourced(self):
        """Clinical work and restricted people never leave the house (R8, R16)."""
        return self.is_clinical or self.partner_id.hcrm_confidentiality not in (
            False,
            "normal",
        )

    # ------------------------------------------------------------------
    # question and answer (R23)
    # ------------------------------------------------------------------

    def _ask(self, question, user=None, group=None):
        """Ask a doctor about the person of this task; the answer comes back to who
        asks."""
        self.ensure_one()
        if not (question or "").strip():
            raise UserError(self.env._("Write the question."))
        kind = self.env.ref("hcrm_core.task_kind_question")
        # sudo: the question may go to a department the asker does not belong to
        asked = (
            self.env["hcrm.task"]
            .sudo()
            ._open(
                [
                    {
                        "partner_id": self.partner_id.id,
                        "company_id": self.company_id.id,
                        "department_id": self.department_id.id,
                        "kind_id": kind.id,
                        "name": question.strip(),
                        "reason": self.reason or self.name,
                        "user_id": user.id if user else False,
                        "group_id": (group or kind.group_id).id,
                        "priority": self.priority,
                        "asked_by_id": self.env.uid,
                        "parent_id": self.id,
                    }
                ]
            )
        )
        if user:
            asked._check_may_have(user)
        self.env["hcrm.task.log"]._add(
            self, "asked", question, to_user_id=user.id if user else False
        )
        return asked

    def _answer(self, text):
        """The answer goes to who asked: onto their task where they still have it, else
        as a task of its own; question and answer stay in the journal."""
        self.ensure_one()
        if not (text or "").strip():
            raise UserError(self.env._("Write the answer in a sentence."))
        if not self.asked_by_id:
            raise UserError(self.env._("Nobody asked this; mark it as done instead."))
        me = self.sudo()  # the asker's task is not the doctor's to see
        me.write({"answer": text.strip()})
        me.with_user(self.env.user).sudo()._finish(text.strip())
        parent = me.parent_id
        if parent.state == "open":
            # heard at once: the call that waited for the answer can go on
            parent.write({"answer": text.strip(), "date_from": False})
            self.env["hcrm.task.log"]._add(parent, "answered", text.strip())
            return parent
        return (
            self.env["hcrm.task"]
            .sudo()
            ._open(
                [
                    {
                        "partner_id": me.partner_id.id,
                        "company_id": me.company_id.id,
                        "department_id": me.department_id.id,
                        "kind_id": self.env.ref("hcrm_core.task_kind_answered").id,
                        "name": me.name,
                        "answer": text.strip(),
                        "user_id": me.asked_by_id.id,
                        "priority": me.priority,
                        "parent_id": me.id,
                    }
                ]
            )
        )
