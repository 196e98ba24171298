"""What somebody typed into a search box, as terms that all have to match.

No ORM. Several words narrow down; a word is the start of a token, a birth
date, or both (``1980`` is a year and the end of a telephone number).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from .names import clean_name, fold, has_han
from .phones import PhonePlan, bare_digits, national, parse, tail

_MAX_TERMS = 5
_MAX_PREFIX = 64
_DATE_RE = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:月|[-/.月](\d{1,2})日?)?", re.ASCII)
_NUMBER_RE = re.compile(r"[\d\s()+\-.#]+", re.ASCII)
_NOT_WORD_RE = re.compile(r"[\W_]+")
_OLDEST_YEAR = 1880


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; any of its parts may meet it.

    :ivar prefixes: starts of tokens, lower case, letters and digits only
    :ivar birth: first day, and the day after the last, of birth
    :ivar phone_tail: last eight digits of a telephone number
    """

    prefixes: tuple[str, ...] = ()
    birth: tuple[date, date] | None = None
    phone_tail: str = ""

    @property
    def weight(self) -> int:
        """How much the term narrows down, roughly: the heaviest is looked up first."""
        if self.phone_tail:
            return 100
        longest = max(map(len, self.prefixes), default=0)
        if longest and has_han(self.prefixes[0]):
            return longest * 3
        if self.birth:
            return 20 if (self.birth[1] - self.birth[0]).days == 1 else 5
        return longest * (2 if self.prefixes[0][-1:].isdigit() else 1)


def birth_range(year: int, month: int = 0, day: int = 0) -> tuple[date, date] | None:
    """Return the first day and the day after the last; None if there is no such day."""
    try:
        start = date(year, month or 1, day or 1)
        if day:
            end = start + timedelta(days=1)
        elif month:
            end = date(year + month // 12, month % 12 + 1, 1)
        else:
            end = date(year + 1, 1, 1)
    except (ValueError, OverflowError):
        return None
    return (start, end) if _OLDEST_YEAR <= year <= date.today().year else None


def parse_query(text: str | None, plan: PhonePlan | None = None) -> list[Term]:
    """Return the terms of a typed text, heaviest first; [] where nothing is left."""
    text = clean_name(text)
    if not text:
        return []
    if _NUMBER_RE.fullmatch(text) and " " in text:
        # a telephone number in groups is one word
        phone = parse(text, plan)
        if phone.e164 and not phone.is_junk:
            return [_phone_term(phone.number)]
    terms = []
    for word in text.split():
        terms.extend(_word_terms(word, plan))
    terms = list(dict.fromkeys(terms))[:_MAX_TERMS]
    return sorted(terms, key=lambda term: -term.weight)


def _phone_term(number: str) -> Term:
    return Term((national(number),), phone_tail=tail(number))


def _word_terms(word: str, plan: PhonePlan | None) -> list[Term]:
    match = _DATE_RE.fullmatch(word)
    if match:
        birth = birth_range(int(match[1]), int(match[2]), int(match[3] or 0))
        if birth:
            return [Term(birth=birth)]
    if _NUMBER_RE.fullmatch(word):
        return _digit_terms(word, plan)
    folded = fold(word).replace("'", "").replace("’", "")
    if has_han(folded):
        folded = _NOT_WORD_RE.sub("", folded)
    elif any(char.isdigit() for char in folded):
        # a number of a paper or a record is one word however it is grouped
        folded = _NOT_WORD_RE.sub("", folded)
    parts = _NOT_WORD_RE.sub(" ", folded).split()
    return [Term(_spellings(part[:_MAX_PREFIX])) for part in parts]


def _spellings(part: str) -> tuple[str, ...]:
    """Return how tokens may write ``part``: passports write 吕 as LYU."""
    other = part.replace("lyu", "lv").replace("nyu", "nv")
    return (part,) if other == part else (part, other)


def _digit_terms(word: str, plan: PhonePlan | None) -> list[Term]:
    digits = bare_digits(word)
    if not digits:
        return []
    size = len(digits)
    prefixes = [digits[:_MAX_PREFIX]]
    birth = None
    if size == 8:
        birth = birth_range(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    elif size == 6:
        birth = birth_range(int(digits[:4]), int(digits[4:]))
    elif size == 4:
        birth = birth_range(int(digits))
    phone_tail = ""
    if 8 <= size <= 15 and not birth:
        phone = parse(word, plan)
        if size == 8:
            phone_tail = digits
        elif phone.e164 and not phone.is_junk:
            phone_tail = tail(phone.number)
        if phone.e164 and national(phone.number) not in prefixes:
            prefixes.append(national(phone.number))
    return [Term(tuple(prefixes), birth, phone_tail)]
