"""Minutes in which a desk is staffed: deadlines and waiting times (R10).

All moments are naive local time of the hospital; which days people work is told by
the day calendar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

# no desk is closed longer
HORIZON_DAYS = 60


@dataclass(frozen=True, slots=True)
class DeskHours:
    """When a desk is staffed.

    :ivar opens: hour of the day, 8.5 is 08:30
    :ivar closes: hour of the day, 24 is midnight
    :ivar works: whether people work on a day; days it does not tell follow the weekday
    """

    opens: float = 8.0
    closes: float = 20.0
    works: Mapping[date, bool] = field(default_factory=dict)

    def is_open(self, moment: datetime) -> bool:
        """Whether somebody is at the desk at ``moment``."""
        start, end = self._span(moment.date())
        return self._is_work(moment.date()) and start <= moment < end

    def add(self, start: datetime, minutes: int) -> datetime:
        """The moment when ``minutes`` of staffed time have gone by since ``start``."""
        left = timedelta(minutes=minutes)
        for opens, closes in self._spans(start, start + timedelta(days=HORIZON_DAYS)):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        return start + timedelta(days=HORIZON_DAYS)

    def minutes(self, start: datetime, end: datetime) -> int:
        """Staffed minutes from ``start`` to ``end``."""
        total = sum(
            (closes - opens for opens, closes in self._spans(start, end)), timedelta()
        )
        return int(total.total_seconds() // 60)

    def _is_work(self, day: date) -> bool:
        return self.works.get(day, day.weekday() < 5)

    def _span(self, day: date) -> tuple[datetime, datetime]:
        midnight = datetime.combine(day, time.min)
        return (
            midnight + timedelta(hours=self.opens),
            midnight + timedelta(hours=self.closes),
        )

    def _spans(
        self, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, datetime]]:
        """Staffed spans between two moments, in order."""
        day = start.date()
        while day <= end.date():
            if self._is_work(day):
                opens, closes = self._span(day)
                opens, closes = max(opens, start), min(closes, end)
                if opens < closes:
                    yield opens, closes
            day += timedelta(days=1)
