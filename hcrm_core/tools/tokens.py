"""Search tokens of a person: what somebody may type the start of to find them."""

from __future__ import annotations

from collections.abc import Iterable

from .names import name_tokens
from .phones import bare_digits, national

# longest value kept; longer ones are found by their start all the same
_MAX_LENGTH = 64


def person_tokens(
    name: str | None,
    aliases: Iterable[str] = (),
    identifiers: Iterable[str] = (),
    numbers: Iterable[str] = (),
) -> set[str]:
    """Return name tokens, identifier values and telephone numbers, lower case.

    :param identifiers: normalised values (``identity_numbers.normalise``)
    :param numbers: ``Phone.number`` of numbers that are somebody's
    """
    tokens = name_tokens(name)
    for alias in aliases:
        tokens |= name_tokens(alias)
    for value in identifiers:
        if value:
            tokens.add(value.lower()[:_MAX_LENGTH])
    for number in numbers:
        tokens |= number_tokens(number)
    tokens.discard("")
    return tokens


def number_tokens(number: str) -> set[str]:
    """Return a telephone number as it is typed: national, local, last four."""
    if not number or not number[-1:].isdigit():
        return set()
    digits = national(number)
    if len(digits) < 7:
        return set()
    tokens = {digits[:_MAX_LENGTH], digits[-4:]}
    if digits.startswith("0") and len(digits) > 9:
        # a landline is dialled without its area code
        tokens.add(digits[3:] if digits[1] in "12" else digits[4:])
    elif number.startswith("+") and not number.startswith("+86"):
        tokens.add(bare_digits(number))
    return tokens
