"""Days and ages as a hospital counts them: in its own time zone, in words' parts."""

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


def age_parts(birthdate: date, today: date) -> tuple[int, str]:
    """Return an age as a number and its unit: days, months below two years, years.

    A desk tells a newborn from a toddler by it; a birth date in the future, as a
    source may hold it, counts as day 0.
    """
    if birthdate > today:
        return 0, "day"
    months = (today.year - birthdate.year) * 12 + today.month - birthdate.month
    if today.day < birthdate.day:
        months -= 1
    if months >= 24:
        return months // 12, "year"
    if months >= 2:
        return months, "month"
    return (today - birthdate).days, "day"
