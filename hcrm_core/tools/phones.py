"""Telephone numbers as hospitals write them (R14).

``phonenumbers`` reads international numbers; what it misreads is settled
before: the digit for an outside line, a missing area code, extensions, numbers
of services and of the hospital itself. No ORM.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers


@dataclass(frozen=True, slots=True)
class PhonePlan:
    """How numbers are dialled at a campus.

    :ivar area_code: of local numbers, with or without the leading zero
    :ivar outside_prefix: digits dialled for an outside line
    :ivar own_numbers: prefixes of the hospital's own numbers, in any written form
    """

    country: str = "CN"
    area_code: str = ""
    outside_prefix: str = ""
    own_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phone:
    """What a written number is.

    :ivar number: what lookups compare: E.164, else the bare digits, else as given
    :ivar e164: "" where the number cannot be read
    :ivar is_junk: a service, short, hidden, placeholder or own number: nobody's
    """

    number: str
    e164: str = ""
    extension: str = ""
    is_junk: bool = False


_MOBILE_CN_RE = re.compile(r"1\d{10}", re.ASCII)
_LANDLINE_CN_RE = re.compile(r"0(?:10|2\d|[3-9]\d{2})\d{7,8}", re.ASCII)
_LOCAL_CN_RE = re.compile(r"[2-8]\d{6,7}", re.ASCII)
# 95xxx, 96xxx, 100xx, 110, 12345, 400 and 800 numbers, with or without a zero
_SERVICE_CN_RE = re.compile(
    r"(?:0(?:10|2\d|[3-9]\d{2})?)?(?:1[012]\d{1,4}|9[56]\d{3,4})"
    r"|0?(?:400\d{7}|800\d{7}|106\d{5,})",
    re.ASCII,
)
# calls through another carrier: 17951, 12593 and the like stand before the number
_CARRIER_RE = re.compile(r"(?:17[89]\d{2}|1259[03]|1010[15]\d)(?=0?1\d{10}$)", re.ASCII)
_EXTENSION_RE = re.compile(
    r"\s*(?:转接?|轉|分机号?|分機|内线|;ext=|\bext(?:ension)?\.?:?|(?<=\d)\s*x|#|,,?)"
    r"\s*:?\s*(\d{1,6})\D*$",
    re.IGNORECASE | re.ASCII,
)
_DASH_EXTENSION_RE = re.compile(
    r"^(\D*(?:\(?\+?(?:0086|86)\)?[\s-]*)?\(?0?\d{2,3}\)?[\s-]\s*\d{7,8}|\d{7,8})"
    r"\s*[-—–]\s*(\d{1,6})\D*$",
    re.ASCII,
)
_SEVERAL_RE = re.compile(r"[/、;；|\n]|,(?=\s*\+?\d{7,})|或|和")
_BRACKETED_ZERO_RE = re.compile(r"\(0\)")
_HIDDEN_RE = re.compile(r"[*＊xX●•?]{2,}")
_DIGITS_RE = re.compile(r"\d", re.ASCII)
_SAME_TAIL_RE = re.compile(r"(\d)\1{6,}$", re.ASCII)
_PLACEHOLDERS = frozenset(
    ("12345678", "1234567", "87654321", "12345678901", "13800138000", "13812345678901")
)
_PLACEHOLDER_TAILS = ("123456789", "0123456789", "1234567890")


def bare_digits(value: object) -> str:
    """Return the digits of ``value``, half width."""
    text = unicodedata.normalize("NFKC", str(value or ""))
    return "".join(_DIGITS_RE.findall(text))


def tail(number: str) -> str:
    """Return the last eight digits of a number, by which callers are found."""
    return bare_digits(number)[-8:]


def national(number: str) -> str:
    """Return a number as people of its country type it, digits only."""
    if not number.startswith("+"):
        return bare_digits(number)
    if number.startswith("+86"):
        rest = number[3:]
        return rest if _MOBILE_CN_RE.fullmatch(rest) else "0" + rest
    try:
        return phonenumbers.national_significant_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return bare_digits(number)


def parse(value: object, plan: PhonePlan | None = None) -> Phone:
    """Read a written number; never raises.

    Of several numbers in one field the first is read. What cannot be read is
    kept: its digits, or the text as it was given.
    """
    plan = plan or _DEFAULT_PLAN
    given = str(value or "").strip()
    text = given if given.isascii() else unicodedata.normalize("NFKC", given).strip()
    if plan.country == "CN" and _MOBILE_CN_RE.fullmatch(text):
        return _finish("+86" + text, "", plan)
    if _HIDDEN_RE.search(text) and not _EXTENSION_RE.search(text):
        return Phone(given.lower(), is_junk=True)
    text = next((part for part in _SEVERAL_RE.split(text) if part.strip()), "")
    text, extension = _split_extension(text)
    text = _BRACKETED_ZERO_RE.sub("", text)
    digits = "".join(_DIGITS_RE.findall(text))
    if not digits:
        return Phone(given.lower(), is_junk=True)
    if plan.country == "CN":
        return _parse_cn(text, digits, extension, plan)
    return _parse_other(text, digits, extension, plan)


_DEFAULT_PLAN = PhonePlan()


def _split_extension(text: str) -> tuple[str, str]:
    match = _EXTENSION_RE.search(text)
    if match and len(_DIGITS_RE.findall(text[: match.start()])) >= 7:
        return text[: match.start()], match[1]
    match = _DASH_EXTENSION_RE.match(text.strip())
    if match:
        return match[1], match[2]
    return text, ""


def _is_international(text: str) -> bool:
    return "+" in text[: text.find(_first_digit(text)) + 1]


def _first_digit(text: str) -> str:
    return _DIGITS_RE.search(text)[0]


def _international(digits: str) -> str:
    """Return E.164 of digits with country code, "" where that is impossible."""
    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parse_cn(text: str, digits: str, extension: str, plan: PhonePlan) -> Phone:
    if _is_international(text):
        return _from_country_code(digits, extension, plan)
    for candidate in _without_outside_prefix(digits, plan):
        if candidate.startswith("00"):
            found = _from_country_code(candidate[2:], extension, plan)
            if found.e164:
                return found
        e164 = _national_cn(candidate, plan)
        if e164:
            return _finish(e164, extension, plan)
        if _SERVICE_CN_RE.fullmatch(candidate):
            return Phone(candidate, "", extension, True)
    is_junk = len(digits) < 7 or _is_placeholder(digits) or _is_own("", digits, plan)
    return Phone(digits, "", extension, is_junk)


def _from_country_code(digits: str, extension: str, plan: PhonePlan) -> Phone:
    if digits.startswith("86"):
        rest = digits[2:]
        e164 = _national_cn(rest, plan, local=False) or _national_cn("0" + rest, plan)
        if e164:
            return _finish(e164, extension, plan)
        if _SERVICE_CN_RE.fullmatch(rest):
            return Phone(rest, "", extension, True)
    e164 = _international(digits)
    if not e164:
        return Phone(digits, "", extension, True)
    return _finish(e164, extension, plan)


def _without_outside_prefix(digits: str, plan: PhonePlan) -> list[str]:
    """Return the readings of dialled digits, most likely first.

    A number that is whole as it stands is not shortened.
    """
    prefix = plan.outside_prefix
    if not prefix or not digits.startswith(prefix) or len(digits) - len(prefix) < 3:
        return [digits]
    rest = digits[len(prefix) :]
    whole = _MOBILE_CN_RE.fullmatch(digits) or _LANDLINE_CN_RE.fullmatch(digits)
    if not whole and not _SERVICE_CN_RE.fullmatch(digits):
        local = _LOCAL_CN_RE.fullmatch(digits) and not _MOBILE_CN_RE.fullmatch(rest)
        return [digits, rest] if local else [rest, digits]
    return [digits, rest]


def _national_cn(digits: str, plan: PhonePlan, local: bool = True) -> str:
    """Return E.164 of a number dialled inside China, or ""."""
    digits = _CARRIER_RE.sub("", digits)
    bare = digits.removeprefix("0")
    if _MOBILE_CN_RE.fullmatch(bare):
        # 010 12345678 is a number of Peking, 0 1xx ... a mobile dialled with zero
        if digits == bare or not digits.startswith("010"):
            return "+86" + bare
    if digits.startswith("86") and _MOBILE_CN_RE.fullmatch(digits[2:]):
        return "+" + digits
    if _LANDLINE_CN_RE.fullmatch(digits):
        return "+86" + digits[1:]
    if local and plan.area_code and _LOCAL_CN_RE.fullmatch(digits):
        if not _SERVICE_CN_RE.fullmatch(digits):
            return "+86" + bare_digits(plan.area_code).removeprefix("0") + digits
    return ""


def _parse_other(text: str, digits: str, extension: str, plan: PhonePlan) -> Phone:
    if _is_international(text):
        return _from_country_code(digits, extension, plan)
    candidates = [digits]
    prefix = plan.outside_prefix
    if prefix and digits.startswith(prefix) and len(digits) > 10:
        candidates = [digits[len(prefix) :], digits]
    for candidate in candidates:
        e164 = _e164_of_country(candidate, plan)
        if e164:
            return _finish(e164, extension, plan)
        if candidate.startswith("00"):
            e164 = _international(candidate[2:])
            if e164:
                return _finish(e164, extension, plan)
    return Phone(digits, "", extension, len(digits) < 7 or _is_placeholder(digits))


def _e164_of_country(digits: str, plan: PhonePlan) -> str:
    area = bare_digits(plan.area_code)
    for form in (digits, area + digits) if area else (digits,):
        try:
            number = phonenumbers.parse(form, plan.country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(
                number, phonenumbers.PhoneNumberFormat.E164
            )
    return ""


def _finish(e164: str, extension: str, plan: PhonePlan) -> Phone:
    digits = e164[3:] if e164.startswith("+86") else e164[1:]
    is_junk = _is_placeholder(digits) or _is_own(e164, digits, plan)
    return Phone(e164, e164, extension, is_junk)


def _is_placeholder(digits: str) -> bool:
    return bool(
        digits in _PLACEHOLDERS
        or digits.endswith(_PLACEHOLDER_TAILS)
        or _SAME_TAIL_RE.search(digits)
    )


def _is_own(e164: str, digits: str, plan: PhonePlan) -> bool:
    """Tell whether the number is the hospital's; own prefixes come in any form."""
    if not plan.own_numbers:
        return False
    area = bare_digits(plan.area_code).removeprefix("0")
    forms = [digits, "0" + digits, e164.removeprefix("+")]
    if area and digits.startswith(area):
        forms.append(digits[len(area) :])
    for own in plan.own_numbers:
        prefix = bare_digits(own)
        if len(prefix) >= 3 and any(form.startswith(prefix) for form in forms):
            return True
    return False
