"""The word list as it is delivered: CSV files, read once."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from .red_flags import Flag, Judge

FOLDER = Path(__file__).resolve().parents[1] / "data" / "red_flags"


def rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of ``<name>.csv`` as dicts."""
    with open(FOLDER / f"{name}.csv", encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


@lru_cache(maxsize=1)
def ordinary_words() -> tuple[str, ...]:
    """Everyday words that merely look or sound like a word of the list."""
    return tuple(row["word"] for row in rows("ordinary"))


def phrases(name: str) -> dict[str, tuple[str, ...]]:
    """Phrases of ``words`` or ``exceptions`` by the code of their flag."""
    found: dict[str, list[str]] = {}
    for row in rows(name):
        found.setdefault(row["code"], []).append(row["words"])
    return {code: tuple(lines) for code, lines in found.items()}


def read_terms() -> dict[str, tuple[str, ...]]:
    return {row["term"]: tuple(row["words"].split("/")) for row in rows("terms")}


def _number(text: str) -> float | None:
    return float(text) if text else None


@lru_cache(maxsize=1)
def delivered_judge() -> Judge:
    """A judge of the list as delivered, for benches and tests without a database."""
    words, exceptions = phrases("words"), phrases("exceptions")
    flags = [
        Flag(
            row["code"],
            row["level"],
            words.get(row["code"], ()),
            exceptions.get(row["code"], ()),
            row["measure"],
            _number(row["low"]),
            _number(row["high"]),
            row["about_writer"] == "yes",
        )
        for row in rows("flags")
    ]
    return Judge(flags, read_terms(), exceptions.get("", ()), ordinary_words())
