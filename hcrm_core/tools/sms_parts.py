"""How many parts a text message takes (3GPP 23.038), signature included."""

from __future__ import annotations

from collections.abc import Callable, Iterator

GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# these take two places
GSM7_EXTENDED = frozenset("^{}\\[~]|€")


def is_gsm7(text: str) -> bool:
    """Whether every character is in the default alphabet or its extension."""
    return all(char in GSM7 or char in GSM7_EXTENDED for char in text)


def count_parts(text: str) -> int:
    """Parts of ``text``: 160/153 characters in GSM-7, else 70/67 UTF-16 units."""
    return len(split_parts(text)) if text else 0


def split_parts(text: str) -> list[str]:
    """The parts as they go over the air; no character is cut in two."""
    if is_gsm7(text):
        width, single, long = _gsm7_width, 160, 153
    else:
        width, single, long = _utf16_width, 70, 67
    if sum(map(width, text)) <= single:
        return [text]
    return list(_cut(text, width, long))


def _gsm7_width(char: str) -> int:
    return 2 if char in GSM7_EXTENDED else 1


def _utf16_width(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1


def _cut(text: str, width: Callable[[str], int], limit: int) -> Iterator[str]:
    start = used = 0
    for at, char in enumerate(text):
        if used + width(char) > limit:
            yield text[start:at]
            start, used = at, 0
        used += width(char)
    yield text[start:]
