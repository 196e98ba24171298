"""Numbers that people write about their body, in the unit of the threshold.

A number counts where its unit, its words or its form say what was measured; a house
number, a price or an hour is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MEASURES = ("temperature", "systolic", "diastolic", "glucose", "spo2", "pulse", "pain")

_DIGITS = dict(
    zip("零〇一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
_HAN_NUMBER = r"[零〇一二两三四五六七八九十百]+(?:点[零〇一二两三四五六七八九]+)?"
_SPOKEN = {
    word: n
    for n, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen"
        " fourteen fifteen sixteen seventeen eighteen nineteen".split()
    )
} | {
    word: 10 * n
    for n, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), 2
    )
}
_SPOKEN_RE = re.compile(
    r"\b(?:(?:a|one)\s+hundred\s+(?:and\s+)?|one\s+oh\s+|hundred\s+(?:and\s+)?)?"
    rf"(?:{'|'.join(_SPOKEN)})(?:[\s-]+(?:{'|'.join(_SPOKEN)}))?"
    rf"(?:\s+point\s+(?:{'|'.join(_SPOKEN)}))?\b"
)

_NUMBER = r"(?<![\d./:#-])(\d{2,3}(?:[.,]\d{1,2})?)(?![\d:/]|[.,]\d|-\d)"
_FEVER = (
    r"(?:烧|热|体温|耳温|腋温|额温|温度|量了|测了|量的|寒战|发冷|怕冷|退烧|美林|布洛芬|🤒|🌡|🥶|"
    r"\btemp\w*|fever\w*|\bchills?\b|\bburning\b|\brunning\b|\bshiver\w*|\bthermometer\b|"
    r"\broastin\w*|\btylenol\b|\bcalpol\b|\bparacetamol\b|\bibuprofen\b)"
)
_CELSIUS = re.compile(
    r"(?<![\d.])(3[4-9]|4[0-3])(?:[.,点](\d{1,2})|\s*度\s*(\d|半|多|几)(?!\d))?"
    r"\s*(度|°\s*c?|c\b|celsius|degrees?(?:\s*c\b)?)?(?![\d:/号楼栋室块元岁天周路街])"
)
_FAHRENHEIT = re.compile(
    r"(?<![\d.])(9[4-9]|10\d)(?:[.,](\d))?\s*(°?\s*f\b|fahrenheit|degrees?(?:\s*f\b)?|°)?(?![\d:/])"
)
_PRESSURE = re.compile(
    r"(?<![\d./])(\d{2,3})\s*(?:/|over|到|比)\s*(\d{2,3})(?![\d/]|\.\d)"
)
_PRESSURE_WORD = re.compile(
    r"血压|高压|低压|头[晕痛疼涨胀]|\bbps?\b|\bblood pressure\b|\bpressure\b|\bhead"
)
_HIGH = re.compile(r"(?:高压|收缩压|上压|systolic)\D{0,4}(\d{2,3})(?!\d)")
_LOW = re.compile(r"(?:低压|舒张压|下压|diastolic)\D{0,4}(\d{2,3})(?!\d)")
_GLUCOSE = re.compile(
    r"(?:血糖|糖(?=\d)|\bblood sugars?\b|\bsugars?\b|\bglucose\b|\bbg\b|\bbm\b)"
    r"[^\d.!?。!?;\n]{0,18}?(\d{1,3}(?:\.\d{1,2})?)(?![\d:/]|\s*(?:点|%|块|元))"
)
_OXYGEN = re.compile(
    r"(?:血氧|氧饱和度?|氧合|指脉氧|指氧|\bspo2\b|\bpulse ?ox\b|\boximeter\b|\boxygen\b|\bo2\b|\bsats?\b|\bsaturation\b)"
    r"[^\d.!?。!?;\n]{0,18}?(\d{2,3})(?![\d:/]|\s*(?:块|元|点))"
)
_PULSE = re.compile(
    r"(?:心率|脉搏|心跳|心慌|\bpulse\b|\bheart rate\b|\bheart\b|\bhr\b)"
    r"[^\d.!?。!?;\n]{0,20}?(\d{2,3})(?![\d:/.]|\s*(?:块|元|点|岁))|(?<!\d)(\d{2,3})\s*(?:bpm\b|beats\b)"
)
_PAIN = re.compile(
    r"(?:疼|痛|\bpain\b)[^\d.!?。!?;\n]{0,12}?(?<!\d)(\d{1,2})\s*(?:分(?!钟)|/\s*10\b|\s*out of (?:10|ten)\b)"
    r"|\bpain (?:level|score|scale)\D{0,8}(\d{1,2})\b"
    r"|(?<![\d/])(\d{1,2})\s*(?:/\s*10|out of (?:10|ten))\b(?=[^.!?\n]{0,12}pain)"
    r"|十分[^,，。]{0,6}有\s*(\d{1,2})分"
)


@dataclass(frozen=True)
class Reading:
    """One value of the body, and where it stands in the text that was read."""

    measure: str
    value: float
    start: int
    end: int


def read_numbers(text: str) -> list[Reading]:
    """All values in a folded text, in the order in which they stand."""
    plain, places = _spell_out(text)
    found: list[Reading] = []
    for measure, value, start, end in (
        *_pressures(plain),
        *_temperatures(plain),
        *_named(plain),
    ):
        found.append(Reading(measure, value, places[start], places[end - 1] + 1))
    return sorted(found, key=lambda reading: reading.start)


def _spell_out(text: str) -> tuple[str, list[int]]:
    """Numbers in words as digits; ``places`` lead back into ``text``."""
    changes = []
    for match in re.finditer(_HAN_NUMBER, text):
        value = _han_value(match.group())
        if value is not None and (value >= 10 or _after_is_unit(text, match.end())):
            changes.append((match.start(), match.end(), f"{value:g}"))
    for match in _SPOKEN_RE.finditer(text):
        value = _spoken_value(match.group())
        if value is not None and value >= 10:
            changes.append((match.start(), match.end(), f"{value:g}"))
    letters: list[str] = []
    places: list[int] = []
    done = 0
    for start, end, digits in sorted(changes):
        if start < done:
            continue
        letters += text[done:start]
        places += range(done, start)
        letters += digits
        places += [start] * (len(digits) - 1) + [end - 1]
        done = end
    letters += text[done:]
    places += range(done, len(text))
    return "".join(letters), places


def _after_is_unit(text: str, end: int) -> bool:
    return text[end : end + 1] in ("度", "分")


def _han_value(word: str) -> float | None:
    whole, _point, rest = word.partition("点")
    value = 0
    if "百" in whole:
        head, _hundred, whole = whole.partition("百")
        value += 100 * _DIGITS.get(head, 1)
        if len(whole) == 1 and whole in _DIGITS:  # 一百四: 140
            value += 10 * _DIGITS[whole]
            whole = ""
        whole = whole.lstrip("零")
    if "十" in whole:
        head, _ten, tail = whole.partition("十")
        value += 10 * _DIGITS.get(head, 1) + _DIGITS.get(tail, 0)
    elif len(whole) == 1:
        value += _DIGITS.get(whole, 0)
    elif whole:  # 三九: digit by digit
        if not all(char in _DIGITS for char in whole):
            return None
        value = int("".join(str(_DIGITS[char]) for char in whole))
    if rest:
        return float(f"{value}.{''.join(str(_DIGITS[char]) for char in rest)}")
    return float(value)


def _spoken_value(words: str) -> float | None:
    words, _point, rest = words.partition(" point ")
    value = 100 if re.match(r"(?:a |one )?hundred|one oh", words) else 0
    words = re.sub(r"^(?:a |one )?hundred (?:and )?|^one oh ", "", words)
    parts = [_SPOKEN[word] for word in re.split(r"[\s-]+", words) if word in _SPOKEN]
    if len(parts) == 2 and (parts[0] < 20 or parts[1] > 9):
        return None
    value += sum(parts)
    return float(f"{value}.{_SPOKEN[rest.strip()]}") if rest else float(value)


def _pressures(text: str) -> Iterator[tuple[str, float, int, int]]:
    told = _PRESSURE_WORD.search(text)
    for match in _PRESSURE.finditer(text):
        high, low = int(match[1]), int(match[2])
        if (
            50 <= high <= 280
            and 25 <= low <= 180
            and high - low >= 12
            and (told or (high >= 160 and low >= 80))
        ):
            yield "systolic", high, match.start(), match.end()
            yield "diastolic", low, match.start(), match.end()
    for measure, pattern in (("systolic", _HIGH), ("diastolic", _LOW)):
        for match in pattern.finditer(text):
            if 25 <= int(match[1]) <= 280:
                yield measure, int(match[1]), match.start(), match.end()


def _temperatures(text: str) -> Iterator[tuple[str, float, int, int]]:
    warm = re.search(_FEVER, text)
    taken = [m.span() for m in _PRESSURE.finditer(text)]
    taken += [
        m.span(m.lastindex)
        for p in (_GLUCOSE, _OXYGEN, _PULSE, _HIGH, _LOW)
        for m in p.finditer(text)
        if m.lastindex
    ]
    for match in _CELSIUS.finditer(text):
        if _within(match, taken):
            continue
        whole, point, after, unit = match.groups()
        value = float(f"{whole}.{_tenth(point or after)}")
        has_unit = bool(unit or after)
        near = re.search(_FEVER, text[max(0, match.start() - 25) : match.end() + 20])
        bare = text.strip(" .!。?？") == match.group().strip()
        decimal = bool(point) and 35.5 <= value <= 42.5
        if has_unit or near or bare or (decimal and not _is_quantity(text, match)):
            yield "temperature", value, match.start(), match.end()
    for match in _FAHRENHEIT.finditer(text):
        if _within(match, taken) or not (
            match[3] or warm or (match[2] and 99 <= int(match[1]))
        ):
            continue
        if _is_quantity(text, match) and not (match[3] or warm):
            continue
        if (
            not match[3]
            and not match[2]
            and not re.search(
                _FEVER, text[max(0, match.start() - 25) : match.end() + 20]
            )
        ):
            continue
        value = (float(f"{match[1]}.{match[2] or 0}") - 32) / 1.8
        yield "temperature", round(value, 1), match.start(), match.end()


def _is_quantity(text: str, match: re.Match[str]) -> bool:
    """A price, a weight, a time: a number with another unit."""
    return bool(
        re.match(
            r"\s*(?:kg|公斤|斤|块|元|岁|周|天|km|am\b|pm\b|st\b|mg|ml|%|street|road|ave|lane)",
            text[match.end() :],
        )
        or re.search(r"(?:[¥$€£]|room|flat|no\.?|number)\s*$", text[: match.start()])
    )


def _tenth(digits: str | None) -> str:
    return {"半": "5", "多": "2", "几": "2", None: "0"}.get(digits, digits or "0")


def _within(match: re.Match[str], spans: list[tuple[int, int]]) -> bool:
    return any(start < match.end() and match.start() < end for start, end in spans)


def _named(text: str) -> Iterator[tuple[str, float, int, int]]:
    for match in _GLUCOSE.finditer(text):
        value = float(match[1])
        is_mg = value > 35 or re.match(r"\s*mg", text[match.end() :])
        yield "glucose", round(value / 18, 1) if is_mg else value, *match.span()
    for match in _OXYGEN.finditer(text):
        if 40 <= int(match[1]) <= 100:
            yield "spo2", int(match[1]), *match.span()
    for match in _PULSE.finditer(text):
        value = int(match[1] or match[2])
        if 20 <= value <= 250:
            yield "pulse", value, *match.span()
    for match in _PAIN.finditer(text):
        value = int(next(filter(None, match.groups())))
        if value <= 10:
            yield "pain", value, *match.span()
