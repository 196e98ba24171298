from odoo import api, models


class HcrmInbound(models.Model):
    _inherit = "hcrm.inbound"

    @api.model
    def _owners(self, events):
        """A reply that names the message it answers belongs to that message's person,
        whatever address it comes from."""
        owners = super()._owners(events)
        named = events.filtered("uuid")
        if named:
            # sudo: who wrote is decided before anybody reads it
            messages = {
                message.uuid: message
                for message in self.env["hcrm.message"]
                .sudo()
                .search([("uuid", "in", named.mapped("uuid"))])
            }
            for event in named:
                message = messages.get(event.uuid)
                if message and message.partner_id:
                    owners[event.id] = {
                        "partner_id": message.partner_id.id,
                        "answers_id": message.id,
                        "state": "new",
                    }
        return owners
