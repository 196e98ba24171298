"""A connection to the database of a HIS that can only read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

from .base import AdapterError, SourceBusy, SourceConfig

STATEMENT_SECONDS = 120
CONNECT_SECONDS = 10
# what a server says when asking again later does not help
_REFUSALS = (
    "password authentication failed",
    "no password supplied",
    "does not exist",
    "no pg_hba.conf entry",
    "permission denied",
    "is not permitted to log in",
)


@contextmanager
def reading(config: SourceConfig) -> Iterator[Any]:
    """A cursor in a read-only transaction that sees one moment of the source.

    Three locks on one door: the role should have SELECT alone, the session is
    read-only by default, and so is its transaction.
    """
    with closing(_connect(config)) as connection:
        try:
            with connection.cursor() as cr:
                yield cr
        except errors.QueryCanceled as error:
            raise SourceBusy("db_slow", seconds=STATEMENT_SECONDS) from error
        except (errors.UndefinedTable, errors.UndefinedColumn) as error:
            raise AdapterError("db_schema", error=_first_line(error)) from error
        except errors.InsufficientPrivilege as error:
            raise AdapterError(
                "db_no_right", login=config.login, error=_first_line(error)
            ) from error
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            raise SourceBusy("db_gone", error=_first_line(error)) from error


def _connect(config: SourceConfig):
    if not config.database:
        raise AdapterError("db_empty")
    settings = [
        "-c default_transaction_read_only=on",
        f"-c statement_timeout={STATEMENT_SECONDS * 1000}",
        f"-c idle_in_transaction_session_timeout={STATEMENT_SECONDS * 5000}",
    ]
    schema = config.options.get("schema")
    if schema:
        if not is_schema_name(schema):  # it could take the locks off again
            raise AdapterError("db_schema", error=schema)
        settings.append(f"-c search_path={schema}")
    try:
        connection = psycopg2.connect(
            host=config.host or None,
            port=config.port or None,
            dbname=config.database,
            user=config.login or None,
            password=config.secret or None,
            connect_timeout=CONNECT_SECONDS,
            application_name="hcrm feed",
            options=" ".join(settings),
        )
    except psycopg2.OperationalError as error:
        text = _first_line(error)
        where = {"host": config.host or "-", "database": config.database, "error": text}
        if any(word in text for word in _REFUSALS):
            raise AdapterError("db_refused", **where) from error
        raise SourceBusy("db_unreachable", **where) from error
    connection.set_session(
        isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True
    )
    return connection


def is_schema_name(name: str) -> bool:
    """Whether a name needs no quotes and hides no further settings."""
    return bool(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name))


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:300]
