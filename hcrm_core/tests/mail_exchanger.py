"""A mail server on loopback that answers as the test tells it; it keeps what it got."""

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


class MailExchanger(Controller):
    """``moods``: local part -> what happens with its mail: a reply to RCPT (``550
    5.1.1 …``), ``data:REPLY``, ``dropped`` (taken, and the line went dead), ``hangup``
    (the line goes dead at RCPT). ``received`` holds (envelope sender, recipient, bytes).
    """

    def __init__(self):
        self.received = []
        self.moods = {}
        super().__init__(self, hostname="127.0.0.1", port=0)

    def factory(self):
        return SMTP(self, hostname="mx.example", enable_SMTPUTF8=True)

    def _trigger_server(self):
        """Port 0 became a free one; the start waits for a first connection to it."""
        self.port = self.server.sockets[0].getsockname()[1]
        return super()._trigger_server()

    def mood(self, address):
        return self.moods.get(address.partition("@")[0], "")

    async def handle_RCPT(self, server, session, envelope, address, _options):
        mood = self.mood(address)
        if mood == "hangup":
            server.transport.abort()
            return "421 gone"
        if mood[:1].isdigit():
            return mood
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        recipient = envelope.rcpt_tos[0]
        mood = self.mood(recipient)
        if mood.startswith("data:"):
            return mood.removeprefix("data:")
        self.received.append((envelope.mail_from, recipient, envelope.content))
        if mood == "dropped":
            server.transport.abort()
        return "250 stored"
