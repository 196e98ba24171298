"""The State Council's yearly notice on days off, as text, to single days (R10)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = r"(?:(?P<{0}m>\d{{1,2}})月)?(?P<{0}d>\d{{1,2}})日(?:（[^）]*）|\([^)]*\))?"
_RANGE = re.compile(_DAY.format("a") + r"\s*(?:至|到|-|—|–)\s*" + _DAY.format("b"))
_SINGLE = re.compile(_DAY.format("a"))
_NAME = re.compile(
    r"^[\s一二三四五六七八九十\d、.（）()]*(?P<name>[^：:，,。]{1,12})[：:]"
)
_YEAR = re.compile(r"(20\d\d)\s*年")
_SENTENCE = re.compile(r"[^。；;\n]+")


@dataclass(frozen=True, slots=True)
class NoticeDay:
    """A day that a notice names.

    :ivar is_work: a weekend day on which people work, else a day off
    """

    day: date
    name: str
    is_work: bool


def notice_year(text: str) -> int | None:
    """The year a notice is about: the one it names most often."""
    years = _YEAR.findall(text)
    return int(max(set(years), key=years.count)) if years else None


def read_notice(text: str, year: int) -> list[NoticeDay]:
    """Days off and make-up workdays of a pasted notice, in order of dates.

    Each paragraph starts with the name of the feast and a colon; its sentences
    say ``放假`` (off) or ``上班`` (work). Impossible dates are left out.
    """
    days: dict[date, NoticeDay] = {}
    for line in text.splitlines():
        head = _NAME.match(line.strip())
        if not head:
            continue
        name, month = head["name"].strip(), 1
        for sentence in _SENTENCE.findall(line.strip()[head.end() :]):
            is_work = "上班" in sentence
            if not is_work and "放假" not in sentence and "休息" not in sentence:
                continue
            for day in _days_of(sentence, year, month):
                days[day] = NoticeDay(day, name, is_work)
                month = day.month
    return sorted(days.values(), key=lambda item: item.day)


def _days_of(sentence: str, year: int, month: int) -> list[date]:
    """Every day a sentence names; a range of days names all of them."""
    found: list[date] = []
    spans = []
    for match in _RANGE.finditer(sentence):
        first = _date(year, match["am"] or month, match["ad"])
        last = _date(year, match["bm"] or match["am"] or month, match["bd"])
        spans.append(match.span())
        if first and last and first <= last <= first + timedelta(days=31):
            found += [first + timedelta(n) for n in range((last - first).days + 1)]
    for match in _SINGLE.finditer(sentence):
        if any(start <= match.start() < end for start, end in spans):
            continue
        month = match["am"] or month
        day = _date(year, month, match["ad"])
        found += [day] if day else []
    return found


def _date(year: int, month: int | str, day: str) -> date | None:
    try:
        return date(year, int(month), int(day))
    except ValueError:
        return None
