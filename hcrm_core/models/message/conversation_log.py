from odoo import fields, models


class HcrmConversationLog(models.Model):
    """Who did what with a conversation, among its messages. Never changed.

    Rows: about 6 per patient-year; kept with the conversation.
    """

    _name = "hcrm.conversation.log"
    _inherit = ["hcrm.person.mixin"]
    _description = "Conversation Log"
    _log_access = False
    _order = "id desc"
    _rec_name = "kind"

    conversation_id = fields.Many2one(
        "hcrm.conversation", ondelete="set null", index="btree_not_null"
    )
    partner_id = fields.Many2one("res.partner", "Person", ondelete="cascade")
    company_id = fields.Many2one("res.company", "Legal Entity", required=True)
    kind = fields.Selection(
        [
            ("opened", "Opened"),
            ("taken", "Taken"),
            ("handed", "Handed over"),
            ("snoozed", "Put off"),
            ("closed", "Closed"),
            ("released", "Given back: off shift"),
            ("overridden", "Answered though a colleague holds it"),
            ("assigned", "Told whose it is"),
            ("autoreply", "Answered by itself"),
        ],
        required=True,
    )
    user_id = fields.Many2one(
        "res.users", "Who", ondelete="set null", default=lambda self: self.env.user
    )
    other_user_id = fields.Many2one("res.users", "To Whom", ondelete="set null")
    note = fields.Char()
    date = fields.Datetime(required=True, default=fields.Datetime.now)

    # the thread of a person
    _timeline_idx = models.Index("(partner_id, date DESC, id DESC)")
