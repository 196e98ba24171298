"""What a source adapter is: it only reads, page by page, and can be resumed.

A new kind of source (REST, tables, push, HL7 v2) is a class with these methods,
registered under its kind; nothing behind it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Protocol

from .canonical import IdPage, Page


class AdapterError(Exception):
    """The source as a whole cannot be read; ``code`` and ``values`` make a sentence."""

    def __init__(self, code: str, **values: Any):
        super().__init__(code, values)
        self.code = code
        self.values = values


class SourceBusy(AdapterError):
    """The source cannot answer now: too many requests, down, restarting.

    The run keeps its place and tries the same page again later.

    :ivar retry_after: seconds the source asked to wait, None where it did not say
    """

    def __init__(self, code: str, retry_after: float | None = None, **values: Any):
        super().__init__(code, **values)
        self.retry_after = retry_after


@dataclass(slots=True)
class SourceConfig:
    """All an adapter may know of its source; it never sees the database.

    :ivar url: base address of a web service
    :ivar auth: ``none``, ``basic``, ``bearer`` or ``oauth2`` (client credentials)
    :ivar login: user name, client id or database role
    :ivar secret: password, token, API key or client secret; never logged
    :ivar database: name of a database, with ``host`` and ``port`` where it listens
    :ivar zone: where times without a zone are local
    :ivar since: type -> naive UTC stamp to read from, overlap already taken off;
        empty for a full run, and a type without a stamp is read whole
    :ivar options: settings of the kind (SELECTs and mappings of a table source,
        models of a HIS inside Odoo); plain values only
    :ivar search_read: reader of the own database (model, domain, fields, order,
        limit) -> list of dicts; only for a HIS inside the same Odoo
    """

    path: str = ""
    roots: tuple[str, ...] = ()
    spool: str = ""
    max_record_bytes: int = 5 * 1024 * 1024
    only_types: frozenset[str] = frozenset()
    url: str = ""
    auth: str = "none"
    login: str = ""
    secret: str = field(default="", repr=False)
    token_url: str = ""
    scope: str = ""
    host: str = ""
    port: int = 0
    database: str = ""
    zone: tzinfo | None = None
    since: dict[str, datetime] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    search_read: Callable[..., list[dict]] | None = None


@dataclass(slots=True)
class Report:
    """What a check found: records by type, files read and files passed over.

    :ivar notes: further findings as (code, values) of a sentence
    """

    files: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0
    complete: bool = True
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


class Adapter(Protocol):
    """A one-way reader of a source."""

    def prepare(self) -> None:
        """Get ready at the start of a run; may take long, touches no database."""

    def pages(self, cursor: dict | None, limit: int) -> Iterator[Page]:
        """Yield pages from ``cursor`` (None: the beginning), ``limit`` records each.

        The same cursor over the same source gives the same page. The last page
        carries the cursor None.
        """

    def ids(self, cursor: dict | None, limit: int) -> Iterator[IdPage]:
        """Yield the external ids the source holds, ``limit`` a page.

        Only for kinds in :data:`LISTING`; files tell no deletions that way.
        """

    def check(self, limit: int) -> Report:
        """Look at up to ``limit`` records and tell what is there."""

    # optional: sample(limit) -> list[Record], up to ``limit`` records of each type
    # for a preview, where asking type by type (``only_types``) would be slow

    def cleanup(self) -> None:
        """Remove what ``prepare`` left behind, at the end of a run."""


_registry: dict[str, Callable[[SourceConfig], Adapter]] = {}
# kinds that can tell which records exist now, so that deletions are noticed
LISTING: set[str] = set()


def register(kind: str, lists_ids: bool = False):
    """Class decorator: the adapter of sources of this ``kind``."""

    def wrap(factory):
        _registry[kind] = factory
        if lists_ids:
            LISTING.add(kind)
        return factory

    return wrap


def adapter_for(kind: str, config: SourceConfig) -> Adapter:
    """Make the adapter of a source."""
    if kind not in _registry:
        raise AdapterError("unknown_kind", kind=kind)
    return _registry[kind](config)
