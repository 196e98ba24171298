from odoo import fields, models
from odoo.exceptions import UserError


class HcrmFeedRun(models.Model):
    _inherit = "hcrm.feed.run"

    count_missing = fields.Integer(
        "Missing",
        readonly=True,
        help="Not at the source this time; gone when they are missing again.",
    )
    count_gone = fields.Integer("Gone", readonly=True, help="Missing twice in a row.")
    count_back = fields.Integer("Back", readonly=True, help="Gone before, there again.")
    count_unknown = fields.Integer(
        "Unknown Here", readonly=True, help="The next run brings them."
    )
    is_braked = fields.Boolean(
        "Brake", readonly=True, help="Too many records vanished at once."
    )
    is_confirmed = fields.Boolean(
        "Confirmed", readonly=True, help="Somebody said that they are really gone."
    )
    confirmed_by_id = fields.Many2one("res.users", readonly=True, ondelete="set null")

    def _stop_braked(self, cursor: dict, message: str) -> None:
        """Stop before anything is changed, until somebody looks."""
        self.write(
            {
                "cursor": cursor,
                "state": "stopped",
                "is_braked": True,
                "message": message,
                "date_end": fields.Datetime.now(),
            }
        )

    def action_open_vanished(self):
        """What is no longer at the source."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hcrm_core.hcrm_feed_vanished_action"
        )
        return {**action, "domain": [("run_id", "=", self.id)]}

    def action_confirm_gone(self):
        """They are really gone: go on, and end them at once."""
        self.ensure_one()
        self.check_access("write")
        if not self.is_braked or self.state != "stopped":
            raise UserError(self.env._("The brake did not stop this run."))
        newer = self.search(
            [
                ("source_id", "=", self.source_id.id),
                ("mode", "=", "reconcile"),
                ("id", ">", self.id),
            ],
            limit=1,
        )
        if newer:
            raise UserError(
                self.env._("The source was compared again since. Decide on that run.")
            )
        self.write(
            {
                "is_braked": False,
                "is_confirmed": True,
                "confirmed_by_id": self.env.uid,
            }
        )
        self.action_resume()
