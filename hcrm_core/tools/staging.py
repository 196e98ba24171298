"""Rows into PostgreSQL by COPY, the fastest way in: staging tables of one page.

Works on a database cursor only; knows nothing of models.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from odoo.tools import SQL

# COPY's text format: these four carry meaning, a NUL cannot be stored at all
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": None}
)
_ESCAPED_RE = re.compile("[\\\\\t\n\r\x00]")


def _text_cell(value: str) -> str:
    return value.translate(_ESCAPES) if _ESCAPED_RE.search(value) else value


class _Writers(dict[type, Callable[[Any], str]]):
    """How values of a type are written; of a subclass, as its parent's are."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        self[kind] = next((self[base] for base in kind.__mro__ if base in self), str)
        return self[kind]


_WRITERS = _Writers(
    {
        type(None): lambda value: "\\N",
        str: _text_cell,
        bool: ("f", "t").__getitem__,
        int: int.__repr__,
        bytes: lambda value: "\\\\x" + value.hex(),
    }
)


def copy_cell(value: Any) -> str:
    """Write one value in COPY's text format."""
    return _WRITERS[type(value)](value)


def copy_rows(cr, table: str, columns: Iterable[str], rows: Iterable[tuple]) -> None:
    """COPY ``rows`` into ``table``; values as the columns take them, None is NULL."""
    # millions of cells: nothing, and plain words, are written without a call
    writers = _WRITERS
    lines = [
        "\t".join(
            [
                "\\N"
                if value is None
                else value
                if type(value) is str and value.isalnum()
                else writers[type(value)](value)
                for value in row
            ]
        )
        for row in rows
    ]
    if not lines:
        return
    lines.append("")
    query = SQL(
        "COPY %s (%s) FROM STDIN",
        SQL.identifier(table),
        SQL(", ").join(map(SQL.identifier, columns)),
    )
    cr.copy_expert(query.code, io.StringIO("\n".join(lines)))


def stage(cr, name: str, columns: Mapping[str, str], rows: Iterable[tuple]) -> SQL:
    """Put ``rows`` into the temporary table ``name`` and return its identifier.

    :param columns: column name -> SQL type
    """
    table = SQL.identifier(name)
    cr.execute(SQL("DROP TABLE IF EXISTS %s", SQL.identifier("pg_temp", name)))
    cr.execute(
        SQL(
            "CREATE TEMPORARY TABLE %s (%s) ON COMMIT DROP",
            table,
            SQL(", ").join(
                SQL("%s %s", SQL.identifier(column), SQL(kind))
                for column, kind in columns.items()
            ),
        )
    )
    copy_rows(cr, name, columns, rows)
    return table


def temp_like(
    cr, name: str, table: str, columns: Iterable[str], extra: Mapping[str, str]
) -> None:
    """Make the temporary table ``name``: ``columns`` typed as in ``table``, and extra.

    :param extra: column name -> SQL type
    """
    cr.execute(SQL("DROP TABLE IF EXISTS %s", SQL.identifier("pg_temp", name)))
    cr.execute(
        SQL(
            "CREATE TEMPORARY TABLE %s ON COMMIT DROP AS SELECT %s, %s FROM %s"
            " WITH NO DATA",
            SQL.identifier(name),
            SQL(", ").join(
                SQL("NULL::%s AS %s", SQL(kind), SQL.identifier(column))
                for column, kind in extra.items()
            ),
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL.identifier(table),
        )
    )


def new_ids(cr, table: str, count: int) -> list[int]:
    """Take ``count`` ids from the sequence of a table."""
    if not count:
        return []
    cr.execute(
        SQL(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            table,
            count,
        )
    )
    return [row[0] for row in cr.fetchall()]
