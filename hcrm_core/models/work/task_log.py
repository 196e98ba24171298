from odoo import api, fields, models


class HcrmTaskLog(models.Model):
    """What happened to a task: who gave it to whom with which note, what was
    overridden, what was answered. Append-only.

    Rows: about 3 per task; gone with the task.
    """

    _name = "hcrm.task.log"
    _inherit = ["hcrm.person.mixin"]
    _description = "Task Journal"
    _order = "id desc"
    _rec_name = "action"
    _log_access = False

    task_id = fields.Many2one("hcrm.task", required=True, ondelete="cascade")
    partner_id = fields.Many2one(
        "res.partner", "Person", ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", "Legal Entity", required=True)
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", "By", ondelete="set null")
    action = fields.Selection(
        [
            ("taken", "Taken"),
            ("handed", "Handed on"),
            ("dealt", "Dealt again"),
            ("snoozed", "Put off"),
            ("no_answer", "No answer"),
            ("override", "Outside the preferred hours"),
            ("asked", "Asked"),
            ("answered", "Answered"),
            ("deadline", "Given a deadline"),
            ("done", "Done"),
        ],
        required=True,
    )
    from_user_id = fields.Many2one("res.users", "From", ondelete="set null")
    to_user_id = fields.Many2one("res.users", "To", ondelete="set null")
    to_group_id = fields.Many2one("res.groups", "To the Role", ondelete="set null")
    note = fields.Text()

    # the last note on a row of a desk
    _task_idx = models.Index("(task_id, id DESC)")

    @api.model
    def _add(self, tasks, action, note="", **vals):
        """Append one row per task; ``vals`` are the same for all."""
        # sudo: the journal is written by what is done, never by hand
        return self.sudo().create(
            [
                {
                    "task_id": task.id,
                    "partner_id": task.partner_id.id,
                    "company_id": task.company_id.id,
                    "user_id": self.env.uid,
                    "from_user_id": task.user_id.id,
                    "action": action,
                    "note": note or False,
                    **vals,
                }
                for task in tasks.sudo()
            ]
        )

    @api.model
    def _last_notes(self, tasks) -> dict:
        """The last note with which each task was handed on: {task id: (who, note)}."""
        self.flush_model()
        self.env.cr.execute(
            """SELECT DISTINCT ON (l.task_id) l.task_id, p.name, l.note
                 FROM hcrm_task_log l
            LEFT JOIN res_users u ON u.id = l.user_id
            LEFT JOIN res_partner p ON p.id = u.partner_id
                WHERE l.task_id = ANY(%s) AND l.note IS NOT NULL
                  AND l.action IN ('handed', 'answered', 'deadline', 'no_answer')
             ORDER BY l.task_id, l.id DESC""",
            [tasks.ids],
        )
        return {row[0]: (row[1] or "", row[2]) for row in self.env.cr.fetchall()}
