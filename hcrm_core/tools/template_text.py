"""Texts with places to fill in: ``{name}``, ``{doctor|your doctor}``, ``{?parking}``.

``{code}`` is filled with a value of a closed list; ``{code|words}`` has words of the
author's for when there is none; ``{?code}`` is a part that stands there for some
people only. Nothing is ever evaluated. No ORM.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

KINDS = ("text", "date", "number", "link")

_MARK_RE = re.compile(r"\{(\??)([^{}|\s]{1,40})(?:\|([^{}]{0,80}))?\}")
# Chinese input methods write these for the plain ones
_BRACE_RE = re.compile(r"[{}｛｝]")
_CONTROL_RE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
# a part that is left out takes the blanks before it along
_PART_RE = re.compile(r"[ \t]*\{\?([^{}|\s]{1,40})\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """One of the closed list of what a text may be filled with.

    :ivar kind: one of ``KINDS``
    :ivar example: what stands for it while a text is written and counted
    :ivar is_telling: others who read it may learn what is wrong with the person
    """

    code: str
    kind: str
    label: str
    example: str
    is_telling: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text."""

    code: str
    is_part: bool
    words: str | None
    start: int


class Missing(Exception):
    """A text cannot be filled: there is no value for ``code`` and no words for that."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def marks(text: str | None) -> Iterator[Mark]:
    """The places of a text, in their order."""
    for found in _MARK_RE.finditer(text or ""):
        yield Mark(found[2], bool(found[1]), found[3], found.start())


def codes(*texts: str | None) -> set[str]:
    """Codes of the values that texts want."""
    return {mark.code for text in texts for mark in marks(text) if not mark.is_part}


def parts(*texts: str | None) -> set[str]:
    """Codes of the optional parts that texts want."""
    return {mark.code for text in texts for mark in marks(text) if mark.is_part}


def stray_brace(text: str | None) -> int | None:
    """Where a brace stands that opens or closes no place; None if nowhere."""
    blanked = _MARK_RE.sub(lambda found: " " * len(found[0]), text or "")
    found = _BRACE_RE.search(blanked)
    return found.start() if found else None


def excerpt(text: str, start: int, width: int = 14) -> str:
    """The words around a place, to find it by."""
    left, right = max(0, start - width), start + width
    words = " ".join(text[left:right].split())
    return f"{'…' if left else ''}{words}{'…' if right < len(text) else ''}"


def fill(text: str | None, values: Mapping[str, str], blocks: Mapping[str, str]) -> str:
    """Fill a text in one pass: what is filled in is never read as a place again.

    :param values: code -> words; a missing or empty one takes the author's own words
    :param blocks: code of an optional part -> its words, already filled; a part that
        is not there leaves no trace, and no empty line
    :raise Missing: where there is neither a value nor words for it
    """
    lines = []
    for line in (text or "").split("\n"):
        kept = _PART_RE.sub(
            lambda found: found[0] if blocks.get(found[1]) else "", line
        )
        if kept != line and not kept.strip():
            continue
        lines.append(_MARK_RE.sub(lambda found: _word(found, values, blocks), kept))
    return "\n".join(lines).strip()


def _word(found: re.Match, values: Mapping[str, str], blocks: Mapping[str, str]) -> str:
    is_part, code, words = found[1], found[2], found[3]
    if is_part:
        return blocks[code]
    value = values.get(code) or words
    if value is None:
        raise Missing(code)
    return value


def one_line(value: object) -> str:
    """A value as it may stand in a text: no line breaks, no control characters."""
    return " ".join(_CONTROL_RE.sub(" ", str(value)).split())
