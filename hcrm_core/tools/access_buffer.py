"""What one request has read of people, until it is written to the access log.

No ORM: a buffer per thread, since a thread serves one request at a time.
"""

import re
import threading
from dataclasses import dataclass, field

_local = threading.local()

# paths of Odoo's external APIs; the rest of /web is the web client
_CHANNELS = (
    (re.compile(r"^/json/"), "json2"),
    (re.compile(r"^/(xmlrpc|jsonrpc)\b"), "rpc"),
    (re.compile(r"^/(web|odoo|mail|discuss|bus|report)\b"), "web"),
)
# work of the server that comes in as a request, and files of the web client
_UNLOGGED = ("/queue_job/", "/web/assets")
_PICTURES = "/web/image"

MAX_QUERY = 200


@dataclass
class Note:
    """One thing the user asked for by name: a card, a search, an export."""

    kind: str
    model: str
    ids: tuple[int, ...]
    query: str | None = None
    reason: str | None = None
    # the ids are people for certain: nothing is looked up for the row
    is_known: bool = False


@dataclass
class AccessBuffer:
    """Reads of one request: what was asked for, else what was fetched on the way."""

    channel: str
    ip: str | None = None
    env: object = None
    notes: dict[tuple, Note] = field(default_factory=dict)
    fetched: dict[str, set[int]] = field(default_factory=dict)
    # a picture is drawn from fields that its reader does not see
    is_picture: bool = False

    def note(self, env, note: Note):
        """Keep ``note``; the same thing twice in a request is one reading."""
        self.env = self.env or env
        self.notes.setdefault((note.kind, note.model, note.ids, note.query), note)

    def fetch(self, env, model: str, ids):
        if not self.is_picture:
            self.env = self.env or env
            self.fetched.setdefault(model, set()).update(ids)

    def __bool__(self):
        return bool(self.notes or self.fetched)

    def clear(self):
        self.env = None
        self.notes.clear()
        self.fetched.clear()


def channel_of(path: str) -> str | None:
    """Return the channel of a request path; None for what is not logged."""
    if path.startswith(_UNLOGGED):
        return None
    for pattern, channel in _CHANNELS:
        if pattern.match(path):
            return channel
    return "endpoint"


def start(path: str, ip: str | None) -> AccessBuffer | None:
    """Begin to collect on this thread; nothing for what is not logged.

    XML-RPC and JSON-RPC run in a transaction of their own inside the request: they
    collect there, and find the address here.
    """
    channel = channel_of(path)
    _local.ip = ip
    collects = channel and channel != "rpc"
    _local.buffer = AccessBuffer(channel, ip) if collects else None
    if collects:
        _local.buffer.is_picture = path.startswith(_PICTURES)
    return _local.buffer


def current() -> AccessBuffer | None:
    return getattr(_local, "buffer", None)


def address() -> str | None:
    return getattr(_local, "ip", None)


def remember_address(ip: str | None):
    _local.ip = ip


def stop():
    _local.buffer = _local.ip = None


def cut_query(text: str | None) -> str | None:
    """Return typed text as the log keeps it."""
    return " ".join(text.split())[:MAX_QUERY] or None if text else None
