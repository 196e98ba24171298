"""Numbers of people who do not exist: identity papers, telephones, records.

The ranges are chosen so that no number can belong to anybody; README.md tells
why for each.
"""

from __future__ import annotations

REGION = "710000"
MOBILE_PREFIX = "169"
# A subscriber number in China never starts with 1. 1000 xxxx is the hospital's own
# exchange, 1001 xxxx to 1009 xxxx are the patients': 90,000 numbers.
LANDLINE_LEAD = "100"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_SPREAD = 7_368_787  # coprime to 10**8: numbers look random and never repeat


def check_digit(first17: str) -> str:
    return _CHECK[sum(int(c) * w for c, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def resident_number(birth: str, sequence: int, sex: str, region: str = REGION) -> str:
    """An 18-character number; the last of the three sequence digits tells the sex."""
    odd = sex == "male"
    sequence = (sequence % 499) * 2 + (1 if odd else 2)
    body = f"{region}{birth.replace('-', '')}{sequence:03d}"
    return body + check_digit(body)


def permit_number(birth: str, sex: str, region: str) -> str:
    """A residence permit of Hong Kong (81), Macau (82) or Taiwan (83).

    The sequences 996-999 are kept for people over a hundred years old.
    """
    body = f"{region}0000{birth.replace('-', '')}{997 if sex == 'male' else 996}"
    return body + check_digit(body)


def resident_number_15(birth: str, sequence: int, sex: str) -> str:
    number = resident_number(birth, sequence, sex)
    return number[:6] + number[8:17]


def mobile(index: int) -> str:
    return f"{MOBILE_PREFIX}{(index * _SPREAD + 13_579) % 10**8:08d}"


def landline(index: int) -> str:
    """Shared by people 90,000 apart, as landlines are."""
    return f"021-{LANDLINE_LEAD}{10_000 + index * 77_777 % 90_000}"


def passport(index: int, lead: str = "E") -> str:
    return f"{lead}Z{(index * 368_787 + 1_357) % 10**7:07d}"


def record_number(entity: str, index: int) -> str:
    return f"{'10' if entity == 'HQ01' else '20'}{index:08d}"


def insurance_number(index: int) -> str:
    return f"DEMO{(index * 48_271) % 10**9:09d}"


def birth_certificate(index: int) -> str:
    return f"Z{(index * 68_879 + 31) % 10**9:09d}"
