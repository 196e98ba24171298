from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...tools.merge_plan import Move


class HcrmAccessQuestion(models.Model):
    """Why did you read this? What the privacy officer asks a reader, and the answer.

    It stands beside the access log, which nobody changes: one question per reader,
    person and day. The reader answers; the officer marks it as explained.
    """

    _name = "hcrm.access.question"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _description = "Question to a Reader"
    _order = "id desc"
    _rec_name = "day"

    topic = fields.Selection(
        [
            ("opening", "A file was opened"),
            ("many", "Many files, or off shift"),
            ("export", "An export"),
        ],
        required=True,
        readonly=True,
    )
    company_id = fields.Many2one(
        "res.company", "Legal Entity", required=True, readonly=True
    )
    user_id = fields.Many2one(
        "res.users", "Reader", required=True, readonly=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        "res.partner", "Person", readonly=True, index=True, ondelete="set null"
    )
    day = fields.Date(required=True, readonly=True)
    state = fields.Selection(
        [
            ("asked", "Asked"),
            ("answered", "Answered"),
            ("explained", "Explained"),
        ],
        required=True,
        readonly=True,
    )
    answer = fields.Text(help="Why you looked, in a sentence.")
    explained_by_id = fields.Many2one("res.users", readonly=True)
    date_explained = fields.Datetime(readonly=True)

    _uniq = models.UniqueIndex(
        "(user_id, day, company_id, topic, COALESCE(partner_id, 0))",
        "This has been asked already.",
    )

    @api.model
    def _hcrm_merge_plan(self):
        return [Move(self._name, unique=("user_id", "day", "company_id", "topic"))]

    @api.model_create_multi
    def create(self, vals_list):
        self._check_officer()
        return super().create(vals_list)

    def write(self, vals):
        """Readers answer, and change nothing else."""
        if vals.keys() - {"answer"} and not self.env.su:
            self._check_officer()
        if vals.get("answer"):
            vals = {**vals, "state": "answered"}
        res = super().write(vals)
        if vals.get("answer"):
            self.activity_ids.filtered(
                lambda activity: activity.user_id == self.env.user
            ).action_done()
        return res

    def _check_officer(self):
        officer = "hcrm_core.group_privacy_officer"
        if not self.env.su and not self.env.user.has_group(officer):
            raise AccessError(
                self.env._("Only the privacy officer asks; answer in the field below.")
            )

    def _ask(self):
        """Give the reader an activity that leads to the answer."""
        for question in self:
            question.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Why did you look at this file?"),
                user_id=question.user_id.id,
            )
