"""The little language in which words of a red flag are written, one phrase a line.

``胸~痛``            these, in this order, with a few characters between
``<wound>~脓``       a term: any of the words that stand for it
``(chest/breast) ~ pain``   either word
``bleed*``           a word that begins so
``没有?反应``         the character before the question mark, or not
``吃了#片``           a number of ten or more
``<pregnant> & 头痛``  all of these, anywhere in the message; the first is the evidence
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_HAN = re.compile(r"[\u3400-\u9fff]")
_TOKEN = re.compile(r"<(\w+)>|\(([^()]*)\)|(~)|(?<=\))(\?)|([^<>()~]+)")
# between the pieces of a phrase: some characters, or words, of the same clause
_GAP_HAN = r"([^,，。.!！?？;；\n]{0,%d}?)"
_GAP_LATIN = r"((?:[^\S\n]+[\w'/%%-]+){0,%d}?[^\S\n]+)"
# ten or more, in digits or words
_MANY = r"(?:\d{2,3}|[二三四五六七八九几]?十[一二三四五六七八九几多来]?|上百)"
GAP_HAN = 6
GAP_LATIN = 4


class PhraseError(ValueError):
    """A phrase that cannot be read; the argument is the phrase."""


@dataclass(frozen=True)
class Phrase:
    """A phrase to look for: all patterns must be found."""

    source: str
    patterns: tuple[re.Pattern[str], ...]


def compile_phrase(source: str, terms: Mapping[str, tuple[str, ...]]) -> Phrase:
    """Read one line of a word list.

    :param terms: what stands for each ``<term>``
    :raise PhraseError: the line is no phrase
    """
    parts = [part.strip() for part in source.split("&")]
    if not all(parts):
        raise PhraseError(source)
    try:
        return Phrase(source, tuple(re.compile(_pattern(p, terms)) for p in parts))
    except (re.error, KeyError) as error:
        raise PhraseError(source) from error


def literals(source: str, terms: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The plain words of a phrase and of its terms: what a slip may have meant."""
    words: set[str] = set()
    for term, either, _gap, _maybe, plain in _TOKEN.findall(source.replace("&", "~")):
        for text in (*terms.get(term, ()), *either.split("/"), plain):
            words |= {word for word in text.strip().split(" ") if word.strip("*?#")}
    return {word.strip("*#").replace("?", "").lower() for word in words}


def _pattern(part: str, terms: Mapping[str, tuple[str, ...]]) -> str:
    is_han = bool(_HAN.search(part)) or any(
        _HAN.search(word)
        for term, *_rest in _TOKEN.findall(part)
        for word in terms.get(term, ())
    )
    gap = _GAP_HAN % GAP_HAN if is_han else _GAP_LATIN % GAP_LATIN
    pieces, last_is_word = [], False
    for term, either, is_gap, is_maybe, plain in _TOKEN.findall(part):
        if is_maybe:
            pieces[-1] += "?"
            continue
        if is_gap:
            pieces.append(gap)
            last_is_word = False
            continue
        words = terms[term] if term else tuple((either or plain).split("/"))
        words = tuple(word.strip().lower() for word in words if word.strip())
        if not words:
            if plain and not plain.strip():
                continue
            raise KeyError(term or part)
        if last_is_word and not is_han:
            pieces.append(r"\s+")
        longest_first = sorted(words, key=len, reverse=True)
        pieces.append("(?:" + "|".join(_word(word) for word in longest_first) + ")")
        last_is_word = True
    return "".join(pieces)


def _word(word: str) -> str:
    """A plain word as a pattern; Latin words begin and end where words do."""
    if _HAN.search(word) or not re.search(r"[a-z0-9#]", word):
        return re.escape(word).replace(r"\?", "?").replace(r"\#", _MANY)
    if word == "#":
        return r"\b\d{2,3}\b"
    text = r"\s+".join(re.escape(w).replace(r"\*", r"[\w-]*") for w in word.split())
    head = r"\b" if word[0].isalnum() else ""
    tail = r"\b" if word[-1].isalnum() else ""
    return f"{head}{text}{tail}"
