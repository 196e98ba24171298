"""What a source adapter is: it only reads, page by page, and can be resumed.

A new kind of source (REST, tables, push, HL7 v2) is a class with these methods,
registered under its kind; nothing behind it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from .canonical import Page


class AdapterError(Exception):
    """The source as a whole cannot be read; ``code`` and ``values`` make a sentence."""

    def __init__(self, code: str, **values: Any):
        super().__init__(code, values)
        self.code = code
        self.values = values


@dataclass(slots=True)
class SourceConfig:
    """All an adapter may know of its source; it never sees the database."""

    path: str = ""
    roots: tuple[str, ...] = ()
    spool: str = ""
    max_record_bytes: int = 5 * 1024 * 1024
    only_types: frozenset[str] = frozenset()


@dataclass(slots=True)
class Report:
    """What a check found: records by type, files read and files passed over."""

    files: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0
    complete: bool = True


class Adapter(Protocol):
    """A one-way reader of a source."""

    def prepare(self) -> None:
        """Get ready at the start of a run; may take long, touches no database."""

    def pages(self, cursor: dict | None, limit: int) -> Iterator[Page]:
        """Yield pages from ``cursor`` (None: the beginning), ``limit`` records each.

        The same cursor over the same source gives the same page. The last page
        carries the cursor None.
        """

    def check(self, limit: int) -> Report:
        """Look at up to ``limit`` records and tell what is there."""

    def cleanup(self) -> None:
        """Remove what ``prepare`` left behind, at the end of a run."""


_registry: dict[str, Callable[[SourceConfig], Adapter]] = {}


def register(kind: str):
    """Class decorator: the adapter of sources of this ``kind``."""

    def wrap(factory):
        _registry[kind] = factory
        return factory

    return wrap


def adapter_for(kind: str, config: SourceConfig) -> Adapter:
    """Make the adapter of a source."""
    if kind not in _registry:
        raise AdapterError("unknown_kind", kind=kind)
    return _registry[kind](config)
