"""Days as a hospital counts them: in its own time zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

UTC = ZoneInfo("UTC")


def local_day(moment: datetime, tz: str) -> date:
    """Return the calendar day of a naive UTC moment in ``tz``."""
    return to_local(moment, tz).date()


def to_local(moment: datetime, tz: str) -> datetime:
    """Return a naive UTC moment as an aware one in ``tz``."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(tz))


def day_bounds(day: date, tz: str, days: int = 1) -> tuple[datetime, datetime]:
    """Return the naive UTC half-open range of ``days`` days starting with ``day``.

    Both ends are local midnights, so a day of a clock change is 23 or 25 hours.
    """
    zone = ZoneInfo(tz)
    start, end = (
        datetime.combine(d, time.min, zone).astimezone(UTC).replace(tzinfo=None)
        for d in (day, day + timedelta(days=days))
    )
    return start, end
