from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError


class HcrmHandover(models.Model):
    """One colleague hands open work to another, who accepts it (R16).

    The work stays with the giver until it is accepted; where nobody accepts before
    the giver's shift ends, it is dealt to whoever is on duty and the hand-over says
    so. Rows: one per shift; kept 2 years.
    """

    _name = "hcrm.handover"
    _description = "Hand-over"
    _order = "id desc"
    _rec_name = "from_user_id"

    from_user_id = fields.Many2one(
        "res.users", "From", required=True, ondelete="cascade", index=True
    )
    to_user_id = fields.Many2one(
        "res.users", "To", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
    )
    shift_id = fields.Many2one(
        "hcrm.shift", ondelete="set null", index="btree_not_null"
    )
    note = fields.Text(required=True)
    promises = fields.Text(
        "Open Promises",
        readonly=True,
        help="What people were told, as it stood when it was offered.",
    )
    state = fields.Selection(
        [
            ("offered", "Offered"),
            ("accepted", "Accepted"),
            ("declined", "Declined"),
            ("withdrawn", "Withdrawn"),
            ("expired", "Not accepted in time"),
        ],
        required=True,
        default="offered",
        readonly=True,
    )
    task_count = fields.Integer("Tasks", readonly=True)
    date_offered = fields.Datetime(default=fields.Datetime.now, readonly=True)
    date_answered = fields.Datetime("Answered", readonly=True)
    answer = fields.Char(readonly=True)

    _one_uniq = models.UniqueIndex(
        "(from_user_id) WHERE state = 'offered'",
        "You offered your work already. Take that offer back first.",
    )
    _to_idx = models.Index("(to_user_id) WHERE state = 'offered'")

    # ------------------------------------------------------------------
    # offering
    # ------------------------------------------------------------------

    @api.model
    def _offer(self, to_user, note):
        """Offer all open work of the user to a colleague on duty."""
        user = self.env.user
        tasks = self._tasks_of(user)
        if not (note or "").strip():
            raise UserError(self.env._("Write what whoever takes over must know."))
        if to_user == user:
            raise UserError(self.env._("Choose a colleague."))
        if to_user in self.env["hcrm.shift"]._off_duty(to_user):
            raise UserError(
                self.env._(
                    "%s is not on duty. Choose a colleague who is.", to_user.name
                )
            )
        tasks._check_may_have(to_user)
        now = fields.Datetime.now()
        # sudo: everybody hands over their own work, nobody writes these by hand
        return (
            self.sudo()
            .create(
                {
                    "from_user_id": user.id,
                    "to_user_id": to_user.id,
                    "shift_id": self.env["hcrm.shift"]
                    ._running(self.env.company, now=now)
                    .filtered(lambda shift: shift.user_id == user)[:1]
                    .id,
                    "note": note.strip(),
                    "promises": "\n".join(
                        f"{task.partner_id.display_name}: {task.promise}"
                        for task in tasks
                        if task.promise
                    ),
                    "task_count": len(tasks),
                }
            )
            ._tell()
        )

    @api.model
    def _tasks_of(self, user):
        # sudo: all of it changes hands, whatever its department
        return (
            self.env["hcrm.task"]
            .sudo()
            .search([("user_id", "=", user.id), ("state", "=", "open")])
        )

    def _tell(self):
        """The desks of both show it at once."""
        self.env["hcrm.task"]._touch_holders(
            self.from_user_id | self.to_user_id, self.env["res.groups"]
        )
        return self

    # ------------------------------------------------------------------
    # answering
    # ------------------------------------------------------------------

    def _answered(self, state, answer=""):
        """Close an offer once; two answers at once are one."""
        self.ensure_one()
        # sudo: whoever it is offered to answers, whoever offers takes back
        me = self.sudo()
        me.lock_for_update()
        if me.state != "offered":
            raise UserError(self.env._("This hand-over was answered already."))
        who = me.from_user_id if state == "withdrawn" else me.to_user_id
        if who != self.env.user:
            raise UserError(self.env._("Only the colleague it is offered to answers."))
        me.write(
            {
                "state": state,
                "answer": answer,
                "date_answered": fields.Datetime.now(),
            }
        )
        return me._tell()

    def _accept(self):
        """It is mine now: every open task, with the note on each; the giver's shift
        ends."""
        me = self._answered("accepted")
        tasks = self._tasks_of(me.from_user_id)
        tasks._check_may_have(me.to_user_id)
        self.env["hcrm.task.log"]._add(
            tasks,
            "handed",
            me.note,
            to_user_id=me.to_user_id.id,
            from_user_id=me.from_user_id.id,
            user_id=me.from_user_id.id,
        )
        tasks.user_id = me.to_user_id
        now = fields.Datetime.now()
        shift = me.shift_id
        if shift and shift.date_start < now < shift.date_end:
            shift.write({"date_end": now, "is_handed_over": True, "note": me.note})
        return tasks

    def _decline(self, answer):
        if not (answer or "").strip():
            raise UserError(self.env._("Say why, so that a colleague can be asked."))
        return self._answered("declined", answer.strip())

    def _withdraw(self):
        return self._answered("withdrawn")

    @api.model
    def _expire(self, now):
        """Offers whose giver is off shift, or that waited for hours, are over: the
        work goes to who is on duty, and the offer stays as one nobody accepted."""
        open_offers = self.sudo().search([("state", "=", "offered")])
        if not open_offers:
            return
        off = self.env["hcrm.shift"]._off_duty(open_offers.from_user_id, now)
        over = open_offers.filtered(
            lambda offer: (
                offer.from_user_id in off
                or offer.date_offered < now - timedelta(hours=12)
            )
        )
        over.write({"state": "expired", "date_answered": now})
