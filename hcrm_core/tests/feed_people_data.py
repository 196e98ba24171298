"""People with nasty values, the same ones every time for a seed."""

import random
from datetime import date, timedelta

from ..feed_adapters.canonical import Row
from ..tools.identity_numbers import check_digit

NAMES = (
    "王芳",
    "阿依古丽·买买提",
    "  Anne-Marie   O'Neil ",
    "李红之女",
    "𠮷田 一郎",
    "x" * 250,
    "José \\N \\t \"quote\" 'single'",
    "名\t字\n换行",
    "Ab\u200bcd",
    "N",
)
PHONES = (
    "13912345679",
    "139 1234 5680",
    "+86-139-1234-5681",
    "021-61234567-8012",
    "9013912345682",
    "61234567",
    "13912345683转2",
    "+1 650 253 0000",
    "0044 20 7946 0958",
    "12345",
    "******1234",
    "not a number",
    "17412345678",
    "+8619212345678",
)
EMAILS = (
    "anne@example.com",
    "Anne Marie <Anne.Marie@Example.COM>",
    '"Wang, Fang" <wang.fang@example.com>',
    "not an address",
    "a@example.com, b@example.com",
    "ünï@exämple.com",
)
TEXTS = (
    None,
    "",
    " ",
    "x",
    "南京路1号\\",
    "a\tb\nc",
    "'; DROP TABLE x; --",
    "%s %(a)s",
)
STATES = (None, "上海市", "上海", "广西壮族自治区", "Nowhere", "Guangdong")


def person_row(number, company_id, rng, **data):
    """Return the row of person ``number``; every value drawn from ``rng``."""
    born = date(1930, 1, 1) + timedelta(days=number * 37 % 33000)
    body = f"710000{born:%Y%m%d}{rng.randrange(1000):03d}"
    values = {
        "name": rng.choice(NAMES) + rng.choice(("", "", str(number))),
        "aliases": rng.choice(([], ["阿芳"], ["Fang", "芳芳"])),
        "gender": rng.choice(("male", "female", "other", "unknown", None)),
        "birthdate": born.isoformat(),
        "birthdate_precision": "day",
        "status": rng.choice(("current", "deceased")),
        "deceased_date": rng.choice((None, "2025-02-28")),
        "lang": rng.choice((None, "en-US", "fr", "ug")),
        "street": rng.choice(TEXTS),
        "street2": rng.choice(TEXTS),
        "city": rng.choice(TEXTS),
        "zip": rng.choice((None, "200000")),
        "country_code": rng.choice((None, "CN", "CN", "US", "XX")),
        "state_name": rng.choice(STATES),
        "identifiers": [
            {"type": "MR", "value": f"T{number:06d}", "per_company": True},
            {"type": "RIC", "value": body + check_digit(body)},
        ][: rng.randint(1, 2)],
        "contacts": [
            {"system": "phone", "use": "mobile", "value": rng.choice(PHONES)},
            {"system": "phone", "use": "home", "value": rng.choice(PHONES)},
            {"system": "email", "value": rng.choice(EMAILS)},
        ][rng.randint(0, 2) :],
    }
    # what a source does not tell is not touched
    for key in rng.sample(sorted(values.keys() - {"name"}), rng.randint(0, 6)):
        del values[key]
    return Row("Patient", f"p{number}", company_id, {**values, **data})


def people_rows(count, company_id, seed=1):
    """Return ``count`` rows of different people."""
    rng = random.Random(seed)
    return [person_row(number, company_id, rng) for number in range(count)]
