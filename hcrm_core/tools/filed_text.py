"""Whether a text is one that was filed with a carrier, and what was filled in (R9).

Carriers compare what is sent with the wording they approved: its fixed words are all
there, and each place holds something of its type and length. No ORM.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from .template_text import marks

# longest value of a place, where the filing says nothing
LONGEST = {"text": 30, "date": 24, "number": 20, "link": 200}

_KINDS = {
    "text": re.compile(r"(?!.*(?:://|www\.))[^\n]*", re.IGNORECASE),
    "date": re.compile(r"[\w年月日时分秒星期周上下午:：,，.．/\- ]*"),
    "number": re.compile(r"[-+]?[\d][\d.,]*%?"),
    "link": re.compile(r"https?://\S+", re.IGNORECASE),
}
_SPACE_RE = re.compile(r"\s+")

Places = tuple[tuple[str, str, int], ...]


def match_filed(wording: str, places: Places, text: str) -> dict[str, str] | None:
    """What stands in the places of ``wording`` in ``text``; None if it is no such text.

    All ends of a place are followed at once, so that the time it takes grows with the
    length of the text only, whatever the wording.

    :param places: (code, kind, longest) of the places of the wording
    """
    text = _plain(text)
    pieces = _pieces(wording, places)
    # position in the text -> (position before, value) for each piece, to walk back
    steps: list[dict[int, int]] = []
    reached = {0}
    for literal, place in pieces:
        step: dict[int, int] = {}
        for start in sorted(reached):
            for end in _ends(text, start, literal, place):
                step.setdefault(end, start)
        if not step:
            return None
        steps.append(step)
        reached = set(step)
    if len(text) not in reached:
        return None
    return _walk_back(text, pieces, steps)


def _ends(text: str, start: int, literal: str, place) -> list[int]:
    if place is None:
        end = start + len(literal)
        return [end] if text.startswith(literal, start) else []
    _code, kind, longest = place
    pattern = _KINDS[kind]
    last = min(len(text), start + longest)
    return [
        end for end in range(start + 1, last + 1) if pattern.fullmatch(text, start, end)
    ]


def _walk_back(text, pieces, steps) -> dict[str, str]:
    values, end = {}, len(text)
    for (_literal, place), step in zip(reversed(pieces), reversed(steps), strict=True):
        start = step[end]
        if place is not None:
            values[place[0]] = text[start:end]
        end = start
    return values


@lru_cache(maxsize=512)
def _pieces(wording: str, places: Places):
    """The fixed words and the places of a wording, in their order."""
    known: Mapping = {place[0]: place for place in places}
    pieces, position = [], 0
    for mark in marks(wording):
        literal = _plain(wording[position : mark.start], is_whole=False)
        if literal:
            pieces.append((literal, None))
        place = known.get(mark.code, (mark.code, "text", LONGEST["text"]))
        pieces.append(("", place))
        position = wording.index("}", mark.start) + 1
    rest = _plain(wording[position:], is_whole=False)
    if rest:
        pieces.append((rest, None))
    if pieces and pieces[-1][1] is None:
        pieces[-1] = (pieces[-1][0].rstrip(), None)
    if pieces and pieces[0][1] is None:
        pieces[0] = (pieces[0][0].lstrip(), None)
    return tuple(piece for piece in pieces if piece[0] or piece[1])


def _plain(text: str, is_whole: bool = True) -> str:
    """One kind of blank: carriers do not tell them apart."""
    plain = _SPACE_RE.sub(" ", text or "")
    return plain.strip() if is_whole else plain
