"""Mends a header that Odoo breaks for everybody who sends through it."""

from odoo.addons.base.models.ir_mail_server import RFC5322_IDENTIFICATION_HEADERS

# Folded, this long unbroken value becomes encoded words (RFC 2047), which mailbox
# providers do not read: their one-click button is missing.
RFC5322_IDENTIFICATION_HEADERS.add("list-unsubscribe")
