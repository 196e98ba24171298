"""Short messages as they go over the air (3GPP 23.040), as far as a journey needs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

SMSC = "+8613800100500"
DELIVERED, PENDING, EXPIRED = 0x00, 0x30, 0x46
UCS2 = 0x08
GSM7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]",
    0x40: "|", 0x65: "€",
}  # fmt: skip


@dataclass(frozen=True)
class Submit:
    """A part that was given to the air."""

    number: str
    text: str
    is_wide: bool
    wants_receipt: bool
    header: tuple[int, int, int] | None  # reference, total, place


@dataclass(frozen=True)
class Text:
    """What a person reads."""

    number: str
    text: str
    parts: int
    is_wide: bool


def read_submit(words: str) -> Submit:
    """The part in an SMS-SUBMIT in hexadecimal digits."""
    data = bytes.fromhex(words)
    data = data[1 + data[0] :]  # the service centre
    first, digits = data[0], data[2]
    width = (digits + 1) // 2
    number = _swap(data[4 : 4 + width].hex())[:digits]
    rest = data[4 + width :]
    coding = rest[1]
    # a period of validity: none, one byte, or seven
    rest = rest[2 + {0: 0, 0x10: 1}.get(first & 0x18, 7) :]
    count, body = rest[0], rest[1:]
    header, skip = None, 0
    if first & 0x40:
        skip = body[0] + 1
        header = tuple(body[3:6])
    if coding & 0x0C == UCS2:
        text = body[skip:count].decode("utf-16-be")
    else:
        text = _septets(body, count, skip)
    return Submit(number, text, coding & 0x0C == UCS2, bool(first & 0x20), header)


def assemble(parts: list[Submit]) -> list[Text]:
    """Parts put together as a telephone does; a text that is there n times was sent
    n times. Incomplete ones show as what is there of them."""
    texts, long = [], {}
    for part in parts:
        if part.header is None:
            texts.append(Text(part.number, part.text, 1, part.is_wide))
        else:
            reference, total, place = part.header
            key = (part.number, reference, total, part.is_wide)
            long.setdefault(key, Counter())[place, part.text] += 1
    for (number, _reference, total, is_wide), pieces in long.items():
        text = "".join(words for _place, words in sorted(pieces))
        # as often as its most frequent part
        texts += [Text(number, text, total, is_wide)] * max(pieces.values())
    return texts


def deliver(number: str, text: str, reference: int = 1) -> list[str]:
    """A text from a person in UCS-2, as one part or several."""
    pieces = [text[at : at + 67] for at in range(0, len(text), 67)]
    if len(text) <= 70:
        return [_deliver(number, text.encode("utf-16-be"), "04")]
    return [
        _deliver(
            number,
            bytes([5, 0, 3, reference, len(pieces), place]) + piece.encode("utf-16-be"),
            "44",
        )
        for place, piece in enumerate(pieces, 1)
    ]


def _deliver(number: str, body: bytes, first: str) -> str:
    head = f"{_centre()}{first}{_address(number)}0008{_stamp()}{len(body):02X}"
    return head + body.hex().upper()


def receipt(reference: int, number: str, status: int) -> str:
    """A status report."""
    return f"{_centre()}06{reference:02X}{_address(number)}{_stamp()}{_stamp()}{status:02X}"


def length(words: str) -> int:
    """The length that AT commands tell: without the service centre."""
    return len(words) // 2 - 1 - int(words[:2], 16)


def _swap(digits: str) -> str:
    return "".join(
        digits[at + 1] + digits[at] for at in range(0, len(digits) - 1, 2)
    ).rstrip("f")


def _semi(digits: str) -> str:
    digits += "F" * (len(digits) % 2)
    return "".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2))


def _centre() -> str:
    digits = _semi(SMSC.lstrip("+"))
    return f"{len(digits) // 2 + 1:02X}91{digits}"


def _address(number: str) -> str:
    digits = number.lstrip("+")
    return f"{len(digits):02X}91{_semi(digits)}"


def _stamp() -> str:
    return _semi(datetime.now(UTC).strftime("%y%m%d%H%M%S")) + "00"


def _septets(body: bytes, count: int, skip: int) -> str:
    """Text of seven-bit characters; a header fills up whole ones."""
    bits = int.from_bytes(body, "little")
    codes = [(bits >> (7 * n)) & 0x7F for n in range(-(-skip * 8 // 7), count)]
    text, is_escaped = [], False
    for code in codes:
        if is_escaped:
            text.append(EXTENSION.get(code, "?"))
        elif code != 0x1B:
            text.append(GSM7[code])
        is_escaped = not is_escaped and code == 0x1B
    return "".join(text)
