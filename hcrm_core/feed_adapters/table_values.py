"""What a column's value becomes on its way: text, dates, codes, flags, parts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from .fhir_values import MapError

_GENDERS = {
    **dict.fromkeys(("1", "m", "male", "男", "男性"), "male"),
    **dict.fromkeys(("2", "f", "female", "女", "女性"), "female"),
    **dict.fromkeys(("0", "9", "u", "unknown", "未知", "未说明"), "unknown"),
}
_TRUE = ("1", "y", "yes", "t", "true", "是", "有")
# dates by which systems say "not known"
_EMPTY_DATES = ("0000-00-00", "00000000", "0001-01-01")


def plain(value: Any) -> Any:
    """A value of a driver as JSON takes it; text without surrounding blanks.

    A time without a zone stays without one: it is local to the hospital.
    """
    kind = type(value)
    if kind is str:
        return value.strip() or None
    if value is None or kind is int or kind is float or kind is bool:
        return value
    if isinstance(value, datetime):
        return value.isoformat("T", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, timedelta):  # TIME of MariaDB
        return str(value)
    if isinstance(value, time):
        return value.isoformat("seconds")
    return str(value)


def to_text(value: Any) -> str:
    """A value as one writes it: no exponent, no blank ends."""
    return value if isinstance(value, str) else str(value)


# ----------------------------------------------------------------------
# transforms: (value, argument) -> value; None means nothing is told
# ----------------------------------------------------------------------


def _date(value: Any, argument: str) -> str | None:
    said = _stamp_text(value, argument, "%Y-%m-%d")
    return said[:10] if said else None


def _datetime(value: Any, argument: str) -> str | None:
    return _stamp_text(value, argument, "%Y-%m-%dT%H:%M:%S")


def _stamp_text(value: Any, argument: str, shown: str) -> str | None:
    """ISO text of a date written some way; the mapper judges what it means.

    Without a format, digits alone and /, ., 年月日 between them are read.
    """
    text = to_text(value)
    if argument:
        try:
            return datetime.strptime(text, argument).strftime(shown)
        except ValueError:
            raise MapError("column_date", value=text[:40], format=argument) from None
    text = re.sub(r"[/.年月](?=\d{1,2}\D|\d{1,2}$)", "-", text).replace("日", "")
    if text.isdigit() and len(text) in (8, 12, 14):
        day = f"{text[:4]}-{text[4:6]}-{text[6:8]}"
        clock = [text[8:10], text[10:12], text[12:14] or "00"]
        text = day if len(text) == 8 else f"{day}T{':'.join(clock)}"
    if text.isdigit() and len(text) == 6:  # a month
        text = f"{text[:4]}-{text[4:]}"
    parts = re.match(r"^(\d{4})-(\d{1,2})-(\d{1,2})(.*)$", text)
    if parts:
        year, month, day, rest = parts.groups()
        text = f"{year}-{month:0>2}-{day:0>2}{rest}"
    return None if text[:10] in _EMPTY_DATES or text[:8] in _EMPTY_DATES else text


def _number(value: Any, argument: str) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return plain(Decimal(to_text(value).replace(",", "")))
    except ArithmeticError:
        raise MapError("column_number", value=to_text(value)[:40]) from None


def _negative(value: Any, argument: str) -> Any:
    return -_number(value, argument)


def _flag(value: Any, argument: str) -> bool:
    """True where the value is one of the listed ones (1, Y, 是, ... by default)."""
    wanted = _words(argument) or _TRUE
    return to_text(value).strip().lower() in wanted


def _split(value: Any, argument: str) -> str | None:
    """``-,1``: the first part between dashes; parts count from 1."""
    separator, _comma, number = argument.rpartition(",")
    parts = to_text(value).split(separator or " ")
    index = int(number or 1) - 1
    return parts[index].strip() or None if -len(parts) <= index < len(parts) else None


def _gender(value: Any, argument: str) -> str:
    return _GENDERS.get(to_text(value).strip().lower(), "unknown")


def _digits(value: Any, argument: str) -> str | None:
    return re.sub(r"\D", "", to_text(value)) or None


def _text(value: Any, argument: str) -> str:
    return to_text(value)


TRANSFORMS: dict[str, Callable[[Any, str], Any]] = {
    "text": _text,
    "date": _date,
    "datetime": _datetime,
    "number": _number,
    "negative": _negative,
    "flag": _flag,
    "split": _split,
    "gender": _gender,
    "digits": _digits,
}


def _words(text: str) -> tuple[str, ...]:
    """Values of a list written with commas, in lower case."""
    found = (word.strip().lower() for word in re.split(r"[,，、]", text or ""))
    return tuple(word for word in found if word)


def is_one_of(value: Any, listed: str) -> bool:
    """Whether a flag column holds one of the listed values; any value if none is."""
    if value is None:
        return False
    wanted = _words(listed)
    return to_text(value).strip().lower() in (wanted or _TRUE)


def parse_codes(text: str) -> dict[str, str]:
    """A code map written as lines ``1 = male``; ``*`` is everything else."""
    found = {}
    for line in (text or "").splitlines():
        key, equals, value = line.partition("=")
        if equals:
            found[key.strip()] = value.strip()
    return found
