from odoo import models

PERSON = "hcrm_core.person_"
CONVERSATION = "hcrm_core.conversation_"
INBOX = "hcrm_core.inbox"


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Names a client asks for become records the user may read, or nothing (R8)."""
        plain, asked = [], []
        for channel in channels:
            is_ours = isinstance(channel, str) and channel.startswith("hcrm_core.")
            (asked if is_ours else plain).append(channel)
        if asked and self.env.user.has_group("hcrm_core.group_user"):
            plain += self._hcrm_channels(asked)
        return super()._build_bus_channel_list(plain)

    def _hcrm_channels(self, names):
        """The channels of people, conversations and inboxes among ``names``."""
        found = []
        for model, prefix in (
            ("res.partner", PERSON),
            ("hcrm.conversation", CONVERSATION),
        ):
            ids = [
                int(name.removeprefix(prefix))
                for name in names
                if name.startswith(prefix) and name.removeprefix(prefix).isdecimal()
            ]
            records = self.env[model].browse(ids).exists()._filtered_access("read")
            found += [(record, "HCRM_CHAT") for record in records]
        if INBOX in names and self.env["hcrm.conversation"].has_access("write"):
            found += [(company, "HCRM_INBOX") for company in self.env.user.company_ids]
        return found
