"""Move every date of a set of records by whole days, streamed.

Dates of birth before the three years stay, as identity numbers contain them;
babies born within move with their delivery. The distance between any two moved
dates, and the time of day, stay what they were.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

# a whole JSON string that is, or begins with, a date; free text is left alone
_DATE = re.compile(r'("birthDate":)?"(\d{4}-\d\d-\d\d)(?=["T])')


class Shifter:
    """Shifts text by ``days``; ``window`` is the first day whose births move."""

    def __init__(self, days: int, window: date):
        self.days = timedelta(days=days)
        self.window = window.isoformat()
        self._known: dict[str, str] = {}

    def _moved(self, text: str) -> str:
        moved = self._known.get(text)
        if moved is None:
            moved = (date.fromisoformat(text) + self.days).isoformat()
            self._known[text] = moved
        return moved

    def _replace(self, match: re.Match) -> str:
        birth, text = match.groups()
        if birth and text < self.window:
            return match.group()
        return f'{birth or ""}"{self._moved(text)}'

    def line(self, line: str) -> str:
        return _DATE.sub(self._replace, line) if self.days else line

    def lines(self, lines: Iterable[str]) -> Iterator[str]:
        return map(self.line, lines)


def shift_file(source: Path, target: Path, shifter: Shifter) -> None:
    """Write ``source`` shifted to ``target``; both are gzip."""
    temporary = target.with_name(target.name + ".part")
    with (
        gzip.open(source, "rt", encoding="utf-8") as lines,
        temporary.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=3, fileobj=raw, mtime=0) as out,
    ):
        for line in shifter.lines(lines):
            out.write(line.encode())
    temporary.replace(target)  # an interrupted run leaves no half file
