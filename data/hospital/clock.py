"""Days and times as small integers, and their FHIR text.

Day 0 is the last day with facts (``until``); day 1 is "today" for whoever opens
the demo. Text is looked up, not formatted: it is written millions of times.
"""

from __future__ import annotations

from datetime import date, timedelta

HISTORY_DAYS = 3 * 365
OFFSET = "+08:00"

MINUTES = [f"T{m // 60:02d}:{m % 60:02d}:00{OFFSET}" for m in range(1440)]

# The HIS was down for one night: nothing carries a time in it.
GAP_DAY = -100
GAP_START = 22 * 60
GAP_END = 6 * 60


class Clock:
    """Text of days relative to ``until``, and what the calendar says of them."""

    def __init__(self, until: date):
        self.until = until
        first = -HISTORY_DAYS - 40
        self._first = first
        dates = [until + timedelta(days=d) for d in range(first, 500)]
        self._text = [d.isoformat() for d in dates]
        self._month = [d.month for d in dates]
        self._weekday = [d.weekday() for d in dates]

    def day(self, number: int) -> str:
        """Any day, also far back: dates of birth, dates of papers."""
        if number >= self._first:
            return self._text[number - self._first]
        return (self.until + timedelta(days=number)).isoformat()

    def at(self, number: int, minute: int) -> str:
        """A moment; what would fall into the night without the HIS comes after it."""
        number += minute // 1440
        minute %= 1440
        if number == GAP_DAY and minute >= GAP_START:
            number, minute = number + 1, GAP_END + 5
        elif number == GAP_DAY + 1 and minute < GAP_END:
            minute = GAP_END + 5
        return self._text[number - self._first] + MINUTES[minute]

    def month(self, number: int) -> int:
        return self._month[number - self._first]

    def weekday(self, number: int) -> int:
        return self._weekday[number - self._first]

    def to_number(self, day: date) -> int:
        return (day - self.until).days
