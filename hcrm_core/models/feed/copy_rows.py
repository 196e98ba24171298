"""Bulk rows into a table with COPY; no ORM, one round trip."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from odoo.tools import SQL

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": None})


def _text(value: Any) -> str:
    kind = type(value)
    if value is None:
        return "\\N"
    if kind is str:
        return value.translate(_ESCAPES) if not value.isalnum() else value
    if kind is bool:
        return "t" if value else "f"
    if kind is bytes:
        return "\\\\x" + value.hex()
    return str(value)


def copy_rows(cr, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY ``rows`` into ``columns`` of ``table``; None is NULL."""
    buffer = io.StringIO()
    for row in rows:
        buffer.write("\t".join([_text(value) for value in row]))
        buffer.write("\n")
    buffer.seek(0)
    query = SQL(
        "COPY %s (%s) FROM STDIN",
        SQL.identifier(table),
        SQL(", ").join(SQL.identifier(column) for column in columns),
    )
    cr.copy_expert(cr.mogrify(query.code, query.params).decode(), buffer)


def temp_like(cr, name: str, table: str, columns: Sequence[str], extra: SQL) -> None:
    """Make a temporary table with ``columns`` typed as in ``table``, and ``extra`` ones."""
    cr.execute(
        SQL(
            "CREATE TEMP TABLE %s ON COMMIT DROP AS SELECT %s, %s FROM %s WITH NO DATA",
            SQL.identifier(name),
            extra,
            SQL(", ").join(SQL.identifier(column) for column in columns),
            SQL.identifier(table),
        )
    )


def drop_temp(cr, name: str) -> None:
    cr.execute(SQL("DROP TABLE %s", SQL.identifier(name)))


def new_ids(cr, table: str, count: int) -> list[int]:
    """Take ``count`` ids from the sequence of a table."""
    if not count:
        return []
    cr.execute(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
        (table, count),
    )
    return [row[0] for row in cr.fetchall()]
