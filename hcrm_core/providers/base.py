"""What a provider is: it sends batches and turns callbacks into events.

A provider is made from plain values, keeps no state between calls but its
connections, and never touches the database of Odoo. It may run in a thread.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
    :ivar address: E.164 number or e-mail address
    :ivar sender: port or sender name to show, by purpose (R9)
    :ivar html: the body once more, for channels that show it
    :ivar unsubscribe: address that ends outreach by one click (RFC 8058)
    """

    uuid: str
    address: str
    body: str
    subject: str = ""
    sender: str = ""
    purpose: str = "care"
    html: str = ""
    unsubscribe: str = ""


@dataclass(slots=True)
class Result:
    """What became of one message of a batch.

    :ivar state: ``accepted`` by the gateway, or ``failed``
    :ivar failure: ``server``, ``throttled``, ``credit``, ``auth``, ``address``,
        ``rejected``, ``template``, ``later`` (the recipient's side asks to come back,
        the gateway is well); empty when accepted
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
    :ivar kind: ``accepted``, ``delivered``, ``read``, ``failed`` or ``inbound``
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


@dataclass(slots=True, frozen=True)
class GatewayConfig:
    """Settings of one gateway; ``options`` are those of its kind, ``hooks`` what only
    Odoo can do for it (open a mail session, keep a letter), by name."""

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


class Provider:
    """Base of all providers; see the contract test that runs over every one."""

    channel = "sms"
    max_batch = 100
    #: any of delivery_report, inbound, lookup
    capabilities: frozenset[str] = frozenset()

    def __init__(self, config: GatewayConfig):
        self.config = config

    def send(self, batch: list[Outgoing]) -> list[Result]:
        """Hand a batch over; one result per message, in order. Never raises for one
        message; raises :class:`NotSent` where nothing at all can have gone out."""
        raise NotImplementedError

    def parse_callback(self, query: dict[str, str], body: bytes, raw_query: bytes):
        """Events of a callback; :class:`Forbidden` where it is not the gateway's."""
        return []

    def poll(self) -> list[Event]:
        """Events of gateways that have to be asked."""
        return []

    def confirm(self, events: list[Event]) -> None:
        """The polled events are stored now; the gateway may forget them."""

    def lookup(self, uuids: list[str]) -> dict[str, str]:
        """State of messages whose outcome is not known, where the gateway can tell."""
        return {}

    def inbound_url(self) -> str:
        """Address to which the gateway brings texts from people; empty: none."""
        return ""

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
