"""What goes wrong when one person gets a second card: two models of error.

``typing`` is the clerk's keyboard, ``sound`` is the name heard through glass and
the mother's number taken for the child. Matching is tuned on the first and must
hold on the second; nothing here is shared with what scores it.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import numbers

MODELS = ("typing", "sound")


@dataclass(frozen=True, slots=True)
class Level:
    """Probability of each error on a duplicate card, and share of duplicates."""

    duplicates: float
    name: float
    birth: float
    phone: float
    paper_missing: float


LEVELS = {
    "none": Level(0.0, 0, 0, 0, 0),
    "low": Level(0.01, 0.15, 0.05, 0.2, 0.5),
    "normal": Level(0.02, 0.3, 0.12, 0.4, 0.7),
    "high": Level(0.04, 0.5, 0.25, 0.6, 0.9),
}
# characters one key apart or alike in shape
_LOOKS = (
    "未末",
    "日曰",
    "己已",
    "玲铃",
    "娟绢",
    "婷停",
    "洁浩",
    "敏繁",
    "静净",
    "晓烧",
    "磊蕾",
    "杰木",
)
# characters that sound the same
_SOUNDS = (
    "伟玮炜维", "芳方", "丽莉俐", "静婧敬", "敏闵", "军君均", "杰洁捷", "华桦", "英瑛莹", "兰岚",
    "建健", "明铭", "勇永", "涛韬", "辉晖", "佳嘉家", "欣心鑫馨", "宇雨语", "涵晗", "轩萱", "雪学",
    "国帼", "志智", "文雯", "婷亭", "燕艳", "红虹宏", "玲琳", "慧惠", "张章", "陈程", "王汪", "徐许",
    "李黎", "余于", "江姜",
)  # fmt: skip


def _swap(rng, text: str, groups) -> str:
    spots = [
        (i, group)
        for i, char in enumerate(text)
        for group in groups
        if char in group and len(group) > 1
    ]
    if not spots:
        return text
    index, group = spots[int(rng.random() * len(spots))]
    others = [c for c in group if c != text[index]]
    return text[:index] + others[int(rng.random() * len(others))] + text[index + 1 :]


def wrong_name(rng, model: str, name: str) -> str:
    changed = _swap(rng, name, _SOUNDS if model == "sound" else _LOOKS)
    if changed != name:
        return changed
    if model == "typing" and len(name) > 2:
        return name[:-1] if rng.random() < 0.5 else name + " "
    return " ".join(name) if rng.random() < 0.5 else name


def wrong_phone(rng, model: str, phone: str) -> str:
    digits = list(phone)
    spot = len(digits) - 2 - int(rng.random() * 5)
    if model == "sound":  # two neighbours swapped
        digits[spot], digits[spot + 1] = digits[spot + 1], digits[spot]
        if digits == list(phone):
            digits[spot] = str((int(digits[spot]) + 1) % 10)
    else:
        digits[spot] = str((int(digits[spot]) + 1 + int(rng.random() * 8)) % 10)
    return "".join(digits)


def wrong_birth(rng, model: str, text: str) -> str:
    year, month, day = text.split("-")
    if model == "sound":  # the year of birth guessed from the age
        return f"{int(year) + (1 if rng.random() < 0.5 else -1)}-{month}-{min(int(day), 28):02d}"
    if int(day) <= 12 and day != month:
        return f"{year}-{day}-{month}"
    return f"{year}-{month}-{(int(day) % 27) + 1:02d}"


def second_card(block, person, copy):
    """Turn ``copy`` into the other card of ``person``; returns the errors made."""
    rng = block.noise_rng
    level = LEVELS[block.noise]
    model = block.error_model
    errors = []
    copy.papers = list(person.papers)
    copy.phones = list(person.phones)
    if rng.random() < level.paper_missing or not copy.papers:
        copy.papers = []
        errors.append("no_paper")
    if rng.random() < level.name:
        copy.name = wrong_name(rng, model, person.name)
        if copy.name != person.name:
            copy.family = copy.given = ""
            errors.append("name")
    if rng.random() < level.birth and "no_paper" in errors:
        copy.birth_text = wrong_birth(rng, model, person.birth_text)
        errors.append("birth")
    if rng.random() < level.phone:
        errors.append(_second_phone(rng, model, person, copy))
    return errors


def _second_phone(rng, model, person, copy):
    value, use, whose = copy.phones[0]
    draw = rng.random()
    if model == "sound" and whose:
        # the mother's number, taken for the child's own
        copy.phones = [(value, use, "")]
        return "mothers_phone"
    if model == "sound" and draw < 0.3:
        # the number of whoever came along
        copy.phones = [(numbers.mobile(60_000_000 + person.index), "mobile", "")]
        return "relatives_phone"
    if draw < 0.5:
        copy.phones = [(numbers.mobile(70_000_000 + person.index), "mobile", "")]
        return "new_phone"
    copy.phones = [(wrong_phone(rng, model, value), use, whose)]
    return "phone"
