from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class HcrmTask(models.Model):
    """Work that finds its person: lean, keyed, never doubled.

    A task belongs to a user or, while nobody has it, to a role. Rows: about 10 per
    patient-year; done ones are kept 2 years.
    """

    _name = "hcrm.task"
    _inherit = ["hcrm.person.mixin"]
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
    group_id = fields.Many2one("res.groups", "Role", ondelete="restrict")
    user_id = fields.Many2one("res.users", "Who", ondelete="set null")
    date_due = fields.Datetime("Due", required=True)
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
    outcome = fields.Char(help="What came of it.")
    note = fields.Text()
    res_model = fields.Char("Origin Model", readonly=True)
    res_id = fields.Many2oneReference("Origin", model_field="res_model", readonly=True)
    key = fields.Char(readonly=True, copy=False, help="Made once for this key.")
    date_done = fields.Datetime(readonly=True)
    done_by_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    is_overdue = fields.Boolean(compute="_compute_is_overdue")

    _key_uniq = models.UniqueIndex(
        "(key) WHERE key IS NOT NULL", "This task exists already."
    )
    # the desk of a user, and what a role has left
    _user_idx = models.Index("(user_id, priority, date_due, id) WHERE state = 'open'")
    _role_idx = models.Index(
        "(group_id, company_id, priority, date_due, id)"
        " WHERE state = 'open' AND user_id IS NULL"
    )
    _person_idx = models.Index("(partner_id, state)")

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
        keys = [vals["key"] for vals in vals_list if vals.get("key")]
        # sudo: whether the work is on somebody's list already, whoever's
        known = set(self.sudo().search([("key", "in", keys)]).mapped("key"))
        kinds = self.env["hcrm.task.kind"].browse(
            {vals["kind_id"] for vals in vals_list}
        )
        by_id = {kind.id: kind for kind in kinds}
        now = fields.Datetime.now()
        fresh = []
        for vals in vals_list:
            if vals.get("key") and vals["key"] in known:
                continue
            known.add(vals.get("key"))
            kind = by_id[vals["kind_id"]]
            fresh.append(
                {
                    "group_id": kind.group_id.id,
                    "date_due": now + timedelta(hours=kind.due_hours),
                    **vals,
                }
            )
        return self.create(fresh)

    # ------------------------------------------------------------------
    # doing
    # ------------------------------------------------------------------

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

    def action_done(self):
        """Done, by whoever says so."""
        self.check_access("write")
        self.filtered(lambda task: task.state == "open").write(
            {
                "state": "done",
                "date_done": fields.Datetime.now(),
                "done_by_id": self.env.uid,
            }
        )

    def action_open_card(self):
        self.ensure_one()
        return self.partner_id.action_hcrm_open_card()

    # ------------------------------------------------------------------
    # hand-over (R16)
    # ------------------------------------------------------------------

    @api.model
    def _deal_again(self, users):
        """What these users hold goes back and is dealt to colleagues on duty, fewest
        open tasks first; where nobody is on duty it waits with the role (R16)."""
        held = self.sudo().search(
            [("user_id", "in", users.ids), ("state", "=", "open")]
        )
        held.user_id = False
        self._deal(held)
        return held

    @api.model
    def _deal(self, tasks):
        """Give tasks of a role to its members on duty, evenly."""
        for (group, company), batch in tasks.grouped(
            lambda task: (task.group_id, task.company_id)
        ).items():
            on_duty = self.env["hcrm.shift"]._on_duty(company, group)
            if not on_duty:
                continue
            load = dict.fromkeys(on_duty.ids, 0)
            for user, count in self.sudo()._read_group(
                [("user_id", "in", on_duty.ids), ("state", "=", "open")],
                ["user_id"],
                ["__count"],
            ):
                load[user.id] = count
            dealt = self._shares(batch, load)
            for user_id, share in dealt.items():
                share.user_id = user_id

    def _shares(self, batch, load):
        """Deal a batch by urgency, each to whoever has least; ``load`` counts along."""
        dealt = {}
        for task in batch.sorted(lambda t: (t.priority, t.date_due)):
            user_id = min(sorted(load), key=load.get)
            load[user_id] += 1
            dealt.setdefault(user_id, self.browse())
            dealt[user_id] |= task
        return dealt
