"""When a person likes to be reached (F99), on the hospital's clock."""

from __future__ import annotations

from datetime import datetime, time, timedelta

# what the answer "in the afternoon" means, as half-open hours of the day
HOURS = {
    "morning": (9, 12),
    "noon": (12, 14),
    "afternoon": (14, 17),
    "evening": (18, 20),
}


def fits(local: datetime, preferred: str | None) -> bool:
    """Whether a moment lies in the hours a person prefers; no wish fits always."""
    if preferred not in HOURS:
        return True
    first, last = HOURS[preferred]
    return first <= local.hour < last


def next_fit(local: datetime, preferred: str | None) -> datetime:
    """The first moment from ``local`` on at which the person likes to be reached."""
    if fits(local, preferred):
        return local
    first, _last = HOURS[preferred]
    day = local.date() + timedelta(days=local.hour >= first)
    return datetime.combine(day, time(first), local.tzinfo)


def label(preferred: str) -> str:
    """The hours as people write them: ``14:00-17:00``."""
    first, last = HOURS[preferred]
    return f"{first:02}:00-{last:02}:00"
