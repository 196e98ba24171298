"""Identity numbers: what is certain about a number and what is only unusual (R1).

Only length, date and check digit are hard. An area code nobody has a list for
is a hint: area codes change, and published lists refuse real citizens. Nothing
here raises, whatever comes in. No ORM; errors and hints are stable codes that
the models translate.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

VALIDATORS = (
    "none",
    "ric",
    "ric15",
    "hmt",
    "hrp",
    "twp",
    "fpr",
    "ppn",
    "mil",
    "bc",
    "ssn",
)
# hard: a person typing the number is told to correct it
ERRORS = ("empty", "length", "characters", "date", "check_digit", "prefix")
# unusual: shown, never in the way
HINTS = ("area", "age", "form", "old_form")

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 "
    "50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()
)
_PERMIT_PREFIXES = ("810000", "820000", "830000")
_DROP_RE = re.compile(r"[\s\-_–—./·()\[\]]+")
# letters that look like the check character X
_X_TABLE = str.maketrans("×Х✕✖", "XXXX")
_OLDEST_YEARS = 125


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known about a number.

    :ivar ok: nothing hard is wrong with it
    :ivar norm: upper case, half width, without spaces and dashes
    :ivar error: code of what is wrong, one of :data:`ERRORS`, or ""
    :ivar hint: code of what is unusual, one of :data:`HINTS`, or ""
    """

    ok: bool
    norm: str
    error: str = ""
    hint: str = ""
    birthdate: date | None = None
    gender: str = ""


def normalise(value: object) -> str:
    """Return ``value`` as numbers are compared; "" where there is none."""
    if value is None or value is False:
        return ""
    text = unicodedata.normalize("NFKC", str(value)).upper().translate(_X_TABLE)
    return _DROP_RE.sub("", text)


def check_digit(first17: str) -> str:
    """Return the check character of 17 digits (ISO 7064 MOD 11-2)."""
    total = sum(w * int(d) for w, d in zip(_WEIGHTS, first17, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _gender(digit: str) -> str:
    return "male" if int(digit) % 2 else "female"


def _check_ric(norm: str, today: date) -> Verdict:
    if len(norm) != 18:
        return Verdict(False, norm, "length")
    if not _is_digits(norm[:17]) or norm[17] not in "0123456789X":
        return Verdict(False, norm, "characters")
    birthdate = _date(norm[6:10], norm[10:12], norm[12:14])
    if not birthdate or birthdate > today or birthdate.year < 1800:
        return Verdict(False, norm, "date")
    if check_digit(norm[:17]) != norm[17]:
        return Verdict(False, norm, "check_digit")
    hint = ""
    if norm[:2] not in _PROVINCES:
        hint = "area"
    elif today.year - birthdate.year > _OLDEST_YEARS:
        hint = "age"
    return Verdict(True, norm, "", hint, birthdate, _gender(norm[16]))


def _check_ric15(norm: str, today: date) -> Verdict:
    if len(norm) != 15:
        return Verdict(False, norm, "length")
    if not _is_digits(norm):
        return Verdict(False, norm, "characters")
    # 996 to 999 were given to people born before 1900
    century = "18" if norm[12:] in ("996", "997", "998", "999") else "19"
    birthdate = _date(century + norm[6:8], norm[8:10], norm[10:12])
    if not birthdate or birthdate > today:
        return Verdict(False, norm, "date")
    hint = "old_form" if norm[:2] in _PROVINCES else "area"
    return Verdict(True, norm, "", hint, birthdate, _gender(norm[14]))


def _check_hmt(norm: str, today: date) -> Verdict:
    verdict = _check_ric(norm, today)
    if verdict.ok and norm[:6] not in _PERMIT_PREFIXES:
        return Verdict(False, norm, "prefix")
    return verdict


def _check_fpr(norm: str, today: date) -> Verdict:
    """New cards look like a resident's with a leading 9, old ones have letters."""
    if len(norm) == 18 and norm[:1] == "9":
        verdict = _check_ric(norm, today)
        if not verdict.ok:
            return verdict
        return Verdict(True, norm, "", "", verdict.birthdate, verdict.gender)
    if len(norm) != 15:
        return Verdict(False, norm, "length")
    if not re.fullmatch(r"[A-Z]{3}\d{12}", norm, re.ASCII):
        return Verdict(False, norm, "characters")
    year, month, day = norm[7:9], norm[9:11], norm[11:13]
    this_century = _date("20" + year, month, day)
    if this_century and this_century <= today:
        # two digits of the year do not tell the century
        return Verdict(True, norm, "", "old_form")
    birthdate = _date("19" + year, month, day)
    if not birthdate:
        # the date was not part of every early series
        return Verdict(True, norm, "", "form")
    return Verdict(True, norm, "", "old_form", birthdate)


# Forms that papers usually have. They change, so another form is only a hint.
_USUAL_FORMS = {
    # the last two digits of the long form count the renewals
    "hrp": re.compile(r"[HM](\d{8}|\d{10})", re.ASCII),
    "twp": re.compile(r"\d{8}|\d{10}[A-Z]?|\d{10}\([A-Z]\)", re.ASCII),
    "ppn": re.compile(r"[A-Z0-9]{6,12}", re.ASCII),
    "mil": re.compile(r"[军武海空参政后装士文官兵字第号\w]{6,20}"),
    "bc": re.compile(r"[A-Z]\d{9}", re.ASCII),
    "ssn": re.compile(r"[A-Z0-9]{6,24}", re.ASCII),
}


def check(validator: str, value: object, today: date | None = None) -> Verdict:
    """Return the verdict on ``value`` by the rules of ``validator``; never raises.

    An unknown validator knows nothing against a number.
    """
    norm = normalise(value)
    if not norm:
        return Verdict(False, norm, "empty")
    today = today or date.today()
    if validator == "ric":
        return _check_ric(norm, today)
    if validator == "ric15":
        return _check_ric15(norm, today)
    if validator == "hmt":
        return _check_hmt(norm, today)
    if validator == "fpr":
        return _check_fpr(norm, today)
    form = _USUAL_FORMS.get(validator)
    if form and not form.fullmatch(norm):
        return Verdict(True, norm, "", "form")
    return Verdict(True, norm)
