from odoo import api, models

from ..people.timeline import Provider


class HcrmTimeline(models.AbstractModel):
    _inherit = "hcrm.timeline"

    @api.model
    def _hcrm_timeline_providers(self):
        return [
            *super()._hcrm_timeline_providers(),
            Provider(
                kind="message",
                label=self.env._("Message"),
                icon="paper-plane-o",
                model="hcrm.message",
                date="date_planned",
                title="purpose",
                details=("channel", "subject"),
                state="state",
            ),
            Provider(
                kind="inbound",
                label=self.env._("From the person"),
                icon="comment-o",
                model="hcrm.inbound",
                date="date",
                details=("body",),
                state="state",
            ),
            Provider(
                kind="consent",
                label=self.env._("Consent"),
                icon="check-square-o",
                model="hcrm.consent",
                date="date",
                title="purpose",
                details=("channel", "source"),
                state="decision",
            ),
        ]
