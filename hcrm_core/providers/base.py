"""What a provider is: it sends batches and turns callbacks into events.

A provider is made from plain values, keeps no state between calls but its
connections, and never touches the database of Odoo. It may run in a thread.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

# kinds of failure; only these are worth another try
TRANSIENT = frozenset(("server", "throttled"))
SIGNATURE_LENGTH = 32


class Forbidden(Exception):
    """A callback whose signature is wrong or missing."""


class NotSent(Exception):
    """The gateway was certainly not reached: nothing of the batch went out."""


@dataclass(slots=True, frozen=True)
class Outgoing:
    """One message as a provider sees it.

    :ivar uuid: ours; comes back with the receipt
    :ivar address: E.164 number, e-mail address or the vendor's name of the person
    :ivar sender: port or sender name to show, by purpose (R9)
    :ivar html: the body once more, for channels that show it
    :ivar unsubscribe: address that ends outreach by one click (RFC 8058)
    :ivar template: the vendor's code of a filed template, with its ``variables``
    :ivar is_reply: answers what the person wrote within the vendor's window, so that
        free words may be used
    """

    uuid: str
    address: str
    body: str
    subject: str = ""
    sender: str = ""
    purpose: str = "care"
    html: str = ""
    unsubscribe: str = ""
    template: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    language: str = ""
    link: str = ""
    is_reply: bool = False


@dataclass(slots=True)
class Result:
    """What became of one message of a batch.

    :ivar state: ``accepted`` by the gateway, or ``failed``
    :ivar failure: ``server``, ``throttled``, ``credit``, ``auth``, ``address``,
        ``rejected``, ``template``, ``purpose`` (not allowed there), ``later`` (the
        recipient's side asks to come back, the gateway is well); ``busy``: the gateway
        has no room yet, which is no failure and uses up no attempt; ``unknown``: it
        may have gone out; empty when accepted
    :ivar retry_after: seconds the gateway asked to wait
    :ivar parts: parts billed, where the gateway says so
    """

    uuid: str
    state: str
    failure: str = ""
    reason: str = ""
    provider_ref: str = ""
    retry_after: float | None = None
    parts: int = 0
    cost: float = 0.0


@dataclass(slots=True)
class Event:
    """Something a gateway tells: a receipt, or a message from a person.

    :ivar external_id: unique per gateway and kind, so that repeats are known
    :ivar kind: ``accepted``, ``delivered``, ``read``, ``failed``, ``inbound``, or
        ``follow`` (``text`` is the scene that was scanned) and ``unfollow``
    :ivar uuid: message it is about; else ``provider_ref``
    :ivar peer: number or address of the person, for inbound ones
    """

    external_id: str
    kind: str
    uuid: str = ""
    provider_ref: str = ""
    peer: str = ""
    port: str = ""
    text: str = ""
    failure: str = ""
    reason: str = ""
    at: datetime | None = None


@dataclass(slots=True)
class Health:
    """Whether a gateway works, and what it says."""

    ok: bool
    detail: str = ""


class TokenStore(Protocol):
    """Where the access token of a gateway is kept, one for all workers."""

    def get(self) -> str | None:
        """The token, while it is good."""

    def renew(self, old: str | None, fetch: Callable[[], tuple[str, float]]) -> str:
        """A token other than ``old``: somebody else's fresh one, else a fetched one.

        :param fetch: asks the vendor; returns the token and its seconds
        """


class MemoryTokens:
    """A store for this process alone."""

    def __init__(self):
        self.token: str | None = None

    def get(self) -> str | None:
        return self.token

    def renew(self, old: str | None, fetch: Callable[[], tuple[str, float]]) -> str:
        if self.token is None or self.token == old:
            self.token = fetch()[0]
        return self.token


@dataclass(slots=True, frozen=True)
class GatewayConfig:
    """Settings of one gateway; ``options`` are those of its kind, ``hooks`` what only
    Odoo can do for it (open a mail session, keep a letter), by name.

    :ivar account: the vendor's number of the sender (agent, phone number)
    :ivar app_secret: what the vendor signs its callbacks with, where it gives one
    """

    url: str = ""
    login: str = ""
    secret: str = field(default="", repr=False)
    callback_url: str = ""
    callback_secret: str = field(default="", repr=False)
    host: str = ""
    port: int = 0
    database: str = ""
    timeout: float = 10.0
    workers: int = 8
    options: dict[str, Any] = field(default_factory=dict)
    hooks: dict[str, Callable] = field(default_factory=dict, repr=False)
    account: str = ""
    app_secret: str = field(default="", repr=False)
    tokens: TokenStore = field(default_factory=MemoryTokens, repr=False)


class Provider:
    """Base of all providers; see the contract test that runs over every one."""

    channel = "sms"
    max_batch = 100
    #: any of delivery_report, inbound, lookup
    capabilities: frozenset[str] = frozenset()
    #: hours after a person's message in which free words may answer it; 0: always
    reply_hours = 0
    #: what the gateway wants to hear when its callback was taken
    callback_answer = "ok"

    def __init__(self, config: GatewayConfig):
        self.config = config

    def send(self, batch: list[Outgoing]) -> list[Result]:
        """Hand a batch over; one result per message, in order. Never raises for one
        message; raises :class:`NotSent` where nothing at all can have gone out."""
        raise NotImplementedError

    def validate(self, message: Outgoing) -> Result | None:
        """The failure of a message that the vendor would refuse, or None."""
        return None

    def handshake(self, query: dict[str, str]) -> str | None:
        """What to answer to a vendor that makes sure of the address; None: it does
        not ask. :class:`Forbidden` where it is somebody else."""
        return None

    def parse_callback(
        self,
        query: dict[str, str],
        body: bytes,
        raw_query: bytes,
        headers: Mapping[str, str] | None = None,
    ) -> list[Event]:
        """Events of a callback; :class:`Forbidden` where it is not the gateway's."""
        return []

    def poll(self, since: datetime | None = None) -> list[Event]:
        """Events of gateways that have to be asked; receipts only those after
        ``since`` (naive UTC), where it is given."""
        return []

    def confirm(self, events: list[Event]) -> None:
        """The polled events are stored now; the gateway may forget them."""

    def lookup(self, uuids: list[str]) -> dict[str, str]:
        """State of messages whose outcome is not known, where the gateway can tell."""
        return {}

    def inbound_url(self) -> str:
        """Address to which the gateway brings texts from people; empty: none."""
        return ""

    def callback_token(self) -> str:
        """A word that the vendor's console asks for with the address; derived, so
        that nothing has to be kept."""
        return sign(self.config.callback_secret, "token")

    def health(self) -> Health:
        """Whether the gateway answers."""
        return Health(True)

    def close(self) -> None:
        """Let go of connections."""


def sign(secret: str, text: str) -> str:
    """Signature that goes out with a callback address and must come back."""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256)
    return digest.hexdigest()[:SIGNATURE_LENGTH]


def check_signature(secret: str, text: str, given: str) -> None:
    """Raise :class:`Forbidden` unless ``given`` is the signature of ``text``."""
    if not secret or not hmac.compare_digest(sign(secret, text), given or ""):
        raise Forbidden


_registry: dict[str, type[Provider]] = {}


def register(kind: str) -> Callable[[type[Provider]], type[Provider]]:
    """Class decorator: the provider of gateways of this ``kind``."""

    def wrap(cls):
        _registry[kind] = cls
        return cls

    return wrap


def provider_class(kind: str) -> type[Provider] | None:
    """The class of a kind, or None where it is handled inside Odoo."""
    return _registry.get(kind)
