"""How many parts a text message takes (3GPP 23.038), signature included."""

from __future__ import annotations

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
    if not text:
        return 0
    if is_gsm7(text):
        length = sum(2 if char in GSM7_EXTENDED else 1 for char in text)
        single, long = 160, 153
    else:
        length = len(text.encode("utf-16-be")) // 2
        single, long = 70, 67
    return 1 if length <= single else -(-length // long)
