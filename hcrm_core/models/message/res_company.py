from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools.working_time import HORIZON_DAYS, DeskHours


class ResCompany(models.Model):
    _inherit = "res.company"

    hcrm_public_url = fields.Char(
        "Public Address",
        help="Where people open the links in messages, e.g. https://my.hospital.example."
        " Empty: the address that staff use.",
    )

    hcrm_answer_minutes = fields.Integer(
        "Answer Within",
        default=60,
        help="Minutes of desk time in which a message from a person is to be answered.",
    )
    hcrm_inbox_from = fields.Float("Message Desk Opens", default=8.0)
    hcrm_inbox_to = fields.Float("Message Desk Closes", default=20.0)
    hcrm_confirm_text = fields.Text(
        "Confirmation",
        translate=True,
        help="What one tap on Confirm sends, e.g. that the message was read and is"
        " taken care of.",
    )
    hcrm_text_roster = fields.Boolean(
        "Text Roster Changes",
        default=True,
        help="Whose shift is changed at short notice gets a text.",
    )

    _check_hcrm_inbox_hours = models.Constraint(
        "CHECK(hcrm_inbox_from >= 0 AND hcrm_inbox_from < hcrm_inbox_to"
        " AND hcrm_inbox_to <= 24)",
        "The message desk opens before it closes, between 0 and 24.",
    )
    _check_hcrm_answer_minutes = models.Constraint(
        "CHECK(hcrm_answer_minutes > 0)", "An answer takes at least a minute."
    )

    @api.constrains("hcrm_public_url")
    def _check_hcrm_public_url(self):
        for company in self:
            url = company.hcrm_public_url
            if url and not url.startswith(
                ("https://", "http://127.0.0.1", "http://localhost")
            ):
                raise ValidationError(
                    self.env._(
                        "The public address starts with https://: links carry the right"
                        " to decide for somebody."
                    )
                )

    def _hcrm_desk_hours(self, first: date, last: date) -> DeskHours:
        """When the message desk is staffed from ``first`` on: hours and calendar."""
        self.ensure_one()
        works = self.env["hcrm.day"]._work_map(
            self, first, last + timedelta(days=HORIZON_DAYS)
        )
        return DeskHours(self.hcrm_inbox_from, self.hcrm_inbox_to, works)
