from dataclasses import replace

from odoo import models

from .purposes import OUTREACH


class HcrmMessage(models.Model):
    _inherit = "hcrm.message"

    def _outgoing(self, gateway):
        """An e-mail has a subject, and a one-click way out where it is outreach."""
        outgoing = super()._outgoing(gateway)
        if gateway.kind != "email":
            return outgoing
        Preference = self.env["hcrm.preference"]
        return replace(
            outgoing,
            subject=gateway._subject(self),
            unsubscribe=Preference._unsubscribe_url(self)
            if self.purpose in OUTREACH
            else "",
        )

    def _book_failed(self, gateway, result):
        """A mail server that knows at once that there is no such mailbox is believed
        like one that reports it later."""
        booked = super()._book_failed(gateway, result)
        if gateway.kind == "email" and result.failure == "address":
            self._mark_email_wrong()
        return booked

    def _mark_email_wrong(self):
        """No such mailbox: nothing is sent there any more, on nobody's card."""
        for company, rows in self.grouped("company_id").items():
            # sudo: the address is wrong whoever's card it stands on
            self.env["hcrm.contact.point"].sudo().search(
                [
                    ("system", "=", "email"),
                    ("number", "in", [row.address.lower() for row in rows]),
                    ("company_id", "=", company.id),
                ]
            ).write({"is_wrong": True, "is_verified": False})
