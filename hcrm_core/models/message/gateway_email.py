from email.utils import parseaddr

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import email_normalize

from ...providers.base import NotSent
from .purposes import OUTREACH


class HcrmGateway(models.Model):
    """E-mail: the mail server is Odoo's, what goes out is decided here."""

    _inherit = "hcrm.gateway"

    kind = fields.Selection(
        selection_add=[("email", "E-mail server of Odoo")],
        ondelete={"email": "cascade"},
    )
    mail_server_id = fields.Many2one(
        "ir.mail_server",
        ondelete="restrict",
        index="btree_not_null",
        help="Empty: the one that Odoo would choose for the sender.",
    )
    email_from = fields.Char(
        "From",
        help="What people see as sender, e.g. City Hospital <care@city.example>.",
    )
    email_reply_to = fields.Char(
        "Replies To",
        help="An address that Odoo reads; empty: the sender's. Replies come to the card.",
    )
    email_bounce = fields.Char(
        "Reports To",
        help="Address for reports of failed delivery that Odoo reads; each message gets"
        " its own behind a plus sign. Empty: the bounce address of the legal entity.",
    )

    @api.constrains("kind", "channel", "email_from", "email_reply_to", "email_bounce")
    def _check_email(self):
        for gateway in self.filtered(lambda row: row.kind == "email"):
            if not email_normalize(gateway.email_from or ""):
                raise ValidationError(
                    self.env._("Enter the address that people see as sender.")
                )
            for address in (gateway.email_reply_to, gateway.email_bounce):
                if address and not email_normalize(address):
                    raise ValidationError(
                        self.env._("%s is not an e-mail address.", address)
                    )

    # ------------------------------------------------------------------
    # the provider
    # ------------------------------------------------------------------

    def _prepare_config_vals(self):
        vals = super()._prepare_config_vals()
        if self.kind != "email":
            return vals
        bounce = self._bounce_address()
        vals["options"] = {
            **vals["options"],
            "sender": self.email_from,
            "reply_to": self.email_reply_to or "",
            "bounce": bounce,
            "trouble": self._email_trouble(bounce),
        }
        vals["hooks"] = {"connect": self._open_smtp}
        return vals

    def _bounce_address(self) -> str:
        """Where reports of failed delivery go; the sender's where nothing is set."""
        return (
            email_normalize(self.email_bounce or "")
            or email_normalize(self.company_id.bounce_email or "")
            or email_normalize(self.email_from or "")
            or ""
        )

    def _email_trouble(self, bounce: str) -> str:
        """Why the mail server would refuse our addresses; empty where it would not."""
        # sudo: settings of the server decide, nobody sees them
        server = self.sudo().mail_server_id
        for address in (email_normalize(self.email_from or ""), bounce):
            if server.from_filter and not server._match_from_filter(
                address, server.from_filter
            ):
                return self.env._(
                    "The mail server is not for %(address)s: add its domain to the"
                    " server's filter of senders.",
                    address=address,
                )
        return ""

    def _open_smtp(self):
        """An open session with the mail server, by Odoo's own settings.

        On a cursor of its own: a login may renew its token, and the sender holds no
        transaction while it talks to the outside.
        """
        with self.env.registry.cursor() as cr:
            gateway = self.with_env(self.env(cr=cr)).sudo()  # sudo: the credentials
            try:
                return gateway.env["ir.mail_server"]._connect__(
                    mail_server_id=gateway.mail_server_id.id or None,
                    smtp_from=email_normalize(gateway.email_from),
                )
            except UserError as error:  # archived, no server at all
                raise NotSent(str(error)) from error

    # ------------------------------------------------------------------
    # words
    # ------------------------------------------------------------------

    def _words(self, message) -> str:
        """An e-mail has room: paragraphs, and the way to one's choices below."""
        words = super()._words(message)
        if self.kind != "email":
            return words
        paragraphs = [self._body_of(message)]
        if self.signature:
            paragraphs.append(self.signature)
        if message.purpose in OUTREACH:
            paragraphs.append(self._way_out(message))
        return "\n\n".join(paragraphs)

    def _way_out(self, message) -> str:
        link = self.env["hcrm.preference"]._link_of_message(message)
        words = self.optout_text or self.env._(
            "You may change or stop this at any time:"
        )
        return f"{words} {link}" if link else words

    def _subject(self, message) -> str:
        """Never a clinical word where others may read it, never empty."""
        if message.is_neutral and message.is_clinical or not message.subject:
            return self.env._("A message from %s", message.company_id.name)
        return message.subject

    # ------------------------------------------------------------------
    # what comes in
    # ------------------------------------------------------------------

    @api.model
    def _of_addresses(self, addresses):
        """The e-mail gateway whose replies go to one of ``addresses``."""
        # sudo: finds whose mail it is, before anybody is logged in
        for gateway in self.sudo().search([("kind", "=", "email")]):
            mine = parseaddr(gateway.email_reply_to or gateway.email_from)[1].lower()
            if mine in addresses:
                return gateway
        return self.browse()
