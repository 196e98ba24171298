from datetime import timedelta

from odoo import api, fields, models

# what a desk shows of a task: a change of these is told to it
SHOWN = {
    "user_id", "group_id", "state", "date_due", "date_from", "priority", "promise",
    "answer",
}  # fmt: skip


class HcrmTask(models.Model):
    """Work that finds its person: lean, keyed, never doubled.

    A task belongs to a user or, while nobody has it, to a role. Rows: about 10 per
    patient-year; done ones are kept 2 years.
    """

    _name = "hcrm.task"
    _inherit = ["hcrm.person.mixin", "hcrm.keyed.mixin"]
    _description = "Task"
    _order = "priority, date_due, id"

    name = fields.Char(required=True)
    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
    )
    kind_id = fields.Many2one("hcrm.task.kind", required=True, ondelete="restrict")
    # stored: the record rule asks it of every row of a list
    is_clinical = fields.Boolean(related="kind_id.is_clinical", store=True)
    group_id = fields.Many2one("res.groups", "Role", ondelete="restrict")
    user_id = fields.Many2one("res.users", "Who", ondelete="set null")
    campus_id = fields.Many2one(
        "hcrm.campus", ondelete="set null", help="Dealt to who is on duty there first."
    )
    department_id = fields.Many2one(
        "hcrm.department",
        ondelete="set null",
        help="Dealt to who looks after this department first.",
    )
    date_due = fields.Datetime("Due", required=True)
    date_from = fields.Datetime(
        "Not Before", help="Called back at; not offered to anybody until then."
    )
    priority = fields.Selection(
        [("1", "Now"), ("2", "Today"), ("3", "When there is time")],
        required=True,
        default="2",
    )
    state = fields.Selection(
        [("open", "Open"), ("done", "Done"), ("cancelled", "Cancelled")],
        required=True,
        default="open",
    )
    reason = fields.Char("Why", help="The fact or the rule it comes from.")
    promise = fields.Char(
        "Promised", help="What the person was told: kept whoever has the task."
    )
    attempt_count = fields.Integer("Attempts", readonly=True)
    asked_by_id = fields.Many2one(
        "res.users", ondelete="set null", readonly=True, index="btree_not_null"
    )
    parent_id = fields.Many2one(
        "hcrm.task",
        "Asked For",
        ondelete="set null",
        readonly=True,
        index="btree_not_null",
        help="The task somebody asked this for.",
    )
    answer = fields.Text(readonly=True)
    outcome = fields.Char(help="What came of it.")
    note = fields.Text()
    res_model = fields.Char("Origin Model", readonly=True)
    res_id = fields.Many2oneReference("Origin", model_field="res_model", readonly=True)
    date_done = fields.Datetime(readonly=True)
    done_by_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    is_overdue = fields.Boolean(compute="_compute_is_overdue")

    # the desk of a user, and what a role has left
    _user_idx = models.Index("(user_id, priority, date_due, id) WHERE state = 'open'")
    _role_idx = models.Index(
        "(group_id, company_id, priority, date_due, id)"
        " WHERE state = 'open' AND user_id IS NULL"
    )
    _person_idx = models.Index("(partner_id, state)")
    # called back later
    _later_idx = models.Index(
        "(user_id, date_from) WHERE state = 'open' AND date_from IS NOT NULL"
    )
    # what supervisors look after: overdue work and promises of an entity
    _overdue_idx = models.Index("(company_id, date_due, id) WHERE state = 'open'")
    _promise_idx = models.Index(
        "(company_id, date_due, id) WHERE state = 'open' AND promise IS NOT NULL"
    )
    # what a colleague did today
    _done_idx = models.Index("(done_by_id, date_done) WHERE state = 'done'")

    def _compute_is_overdue(self):
        now = fields.Datetime.now()
        for task in self:
            task.is_overdue = task.state == "open" and task.date_due < now

    # ------------------------------------------------------------------
    # making
    # ------------------------------------------------------------------

    @api.model
    def _open(self, vals_list):
        """Open tasks; those whose key is known already are left out.

        :param vals_list: dicts of partner_id, kind_id, name, and as needed
            company_id, user_id, group_id, date_due, priority, key, res_model, res_id
        :return: the tasks that are new
        """
        kinds = self.env["hcrm.task.kind"].browse(
            {vals["kind_id"] for vals in vals_list}
        )
        by_id = {kind.id: kind for kind in kinds}
        now = fields.Datetime.now()
        fresh = []
        for vals in vals_list:
            kind = by_id[vals["kind_id"]]
            fresh.append(
                {
                    "group_id": kind.group_id.id,
                    "date_due": now + timedelta(hours=kind.due_hours),
                    **vals,
                }
            )
        return self._create_keyed(fresh)

    # ------------------------------------------------------------------
    # desks follow at once
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        tasks = super().create(vals_list)
        tasks._touch_desks()
        return tasks

    def write(self, vals):
        if not SHOWN & vals.keys():
            return super().write(vals)
        self._touch_desks()
        result = super().write(vals)
        self._touch_desks()
        return result

    def _touch_desks(self):
        """Tell the desks of who has these tasks to look again, once a transaction."""
        me = self.sudo()  # who has a task is no secret from its desk
        me.fetch(["user_id", "group_id"])
        self._touch_holders(me.user_id, me.filtered(lambda t: not t.user_id).group_id)

    @api.model
    def _touch_holders(self, users, groups):
        """Tell these users, the members of these roles, and the supervisors."""
        told = self.env.cr.precommit.data.setdefault("hcrm_core.desks", set())
        supervisors = self.env.ref("hcrm_core.group_manager")
        for holder in [*users.partner_id, *(groups | supervisors)]:
            if holder not in told:
                told.add(holder)
                self.env["bus.bus"]._sendone(holder, "hcrm_core/desk", {})
