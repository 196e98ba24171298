"""DB-API connections to a HIS: read-only sessions, limits, quoting, error words.

PostgreSQL and MariaDB/MySQL are tried against real servers. Oracle and SQL Server
follow their manuals and are **not verified against the vendor**.
"""

from __future__ import annotations

import codecs
import importlib
from decimal import Decimal
from typing import Any

from .base import AdapterError, SourceBusy, SourceConfig

CONNECT_SECONDS = 10
DEFAULT_SECONDS = 60
# how bytes pass a driver untouched, to be decoded here
RAW = "latin-1"

_BYTES = (bytes, memoryview, bytearray)


class Dialect:
    """One kind of server. Drivers are loaded when first used."""

    name = ""
    module = ""
    package = ""
    port = 0
    quotes = '""'
    marker = "%s"

    def __init__(self, config: SourceConfig):
        self.config = config
        options = config.options
        self.encoding = options.get("encoding") or "utf-8"
        self.is_raw = bool(options.get("is_raw_text"))
        self.seconds = int(options.get("statement_seconds") or DEFAULT_SECONDS)
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise AdapterError("unknown_encoding", encoding=self.encoding) from None

    @property
    def where(self) -> str:
        """The server and database in words, without login."""
        config = self.config
        return (
            f"{config.host or 'localhost'}:{config.port or self.port}/{config.database}"
        )

    def driver(self) -> Any:
        try:
            return importlib.import_module(self.module)
        except ImportError:
            raise AdapterError(
                "driver_missing", package=self.package, dialect=self.name
            ) from None

    # ------------------------------------------------------------------
    # statements
    # ------------------------------------------------------------------

    def quote(self, column: str) -> str:
        start, end = self.quotes
        return start + column.replace(end, end + end) + end

    def select(
        self, sql: str, columns: str, where: str = "", order: str = "", limit: int = 0
    ) -> str:
        """A SELECT over what the administrator's SELECT gives."""
        parts = [f"SELECT {columns} FROM ({self.escape(sql)}) hcrm_t"]
        if where:
            parts.append(f"WHERE {where}")
        if order:
            parts.append(f"ORDER BY {order}")
        if limit:
            parts.append(f"LIMIT {int(limit)}")
        return " ".join(parts)

    def escape(self, sql: str) -> str:
        """The administrator's text among placeholders: a percent sign is its own."""
        return sql.replace("%", "%%")

    # ------------------------------------------------------------------
    # connections
    # ------------------------------------------------------------------

    def connect(self) -> Any:
        """A connection that can only read; its statements end after a time."""
        driver = self.driver()
        try:
            connection = self._open(driver)
        except driver.Error as error:
            raise self.failure(error) from error
        return connection

    def _open(self, driver: Any) -> Any:
        raise NotImplementedError

    def fetch(self, connection: Any, sql: str, params: list) -> tuple[list, list]:
        """(column names, rows) of a statement; text is text whatever it was."""
        cursor = connection.cursor()
        try:
            sql, params = self._sent(sql, params)
            cursor.execute(sql, params)
            names = [self.text(item[0]) for item in cursor.description]
            return names, [self._row(row) for row in cursor.fetchall()]
        except self.driver().Error as error:
            raise self.failure(error) from error
        finally:
            cursor.close()

    def _sent(self, sql: str, params: list) -> tuple[Any, list | None]:
        """Statement and values as the driver takes them."""
        if not params:
            return sql.replace("%%", "%"), None
        return sql, params

    def _row(self, row: Any) -> list:
        text = self.text
        if not self.is_raw:  # text is right as it comes; bytes are ours to decode
            return [text(item) if type(item) in _BYTES else item for item in row]
        return [
            text(item) if type(item) is str or type(item) in _BYTES else item
            for item in row
        ]

    def text(self, value: Any) -> str:
        """Text of the source: bytes, and text passed raw, in its own encoding."""
        if isinstance(value, str):
            if not self.is_raw:
                return value
            value = value.encode(RAW)
        return decode(bytes(value), self.encoding)

    # ------------------------------------------------------------------
    # errors
    # ------------------------------------------------------------------

    def failure(self, error: Exception) -> AdapterError:
        """An error of the driver as one of ours."""
        kind = self._kind(error)
        said = str(error).strip().replace("\n", " ")[:300]
        if kind == "busy":
            return SourceBusy("unreachable", url=self.where, error=said)
        if kind == "login":
            return AdapterError("login_refused", url=self.where)
        if kind == "time":
            return AdapterError("select_time", seconds=self.seconds)
        return AdapterError("select_failed", error=said)

    def _kind(self, error: Exception) -> str:
        raise NotImplementedError


def decode(value: bytes, encoding: str) -> str:
    """Bytes in the source's encoding; a character cut off by a column's length,
    or damaged, becomes a replacement character and hides nothing else."""
    return value.decode(encoding, "replace").replace("\x00", "")


class Postgres(Dialect):
    name = "PostgreSQL"
    module = "psycopg2"
    package = "psycopg2-binary"
    port = 5432

    def _open(self, driver: Any) -> Any:
        config = self.config
        connection = driver.connect(
            host=config.host or None,
            port=config.port or None,
            dbname=config.database,
            user=config.login or None,
            password=config.secret or None,
            connect_timeout=CONNECT_SECONDS,
            application_name="hcrm feed (reads only)",
            client_encoding="LATIN1" if self.is_raw else "UTF8",
            options="-c default_transaction_read_only=on"
            f" -c statement_timeout={self.seconds * 1000}"
            f" -c lock_timeout={self.seconds * 1000}",
        )
        connection.set_session(readonly=True)
        return connection

    def _sent(self, sql: str, params: list) -> tuple[Any, list | None]:
        """A server that knows no encoding (SQL_ASCII) takes and gives bytes."""
        sql, params = super()._sent(sql, params)
        if not self.is_raw:
            return sql, params
        return self._raw(sql), params and [
            self._raw(item) if isinstance(item, str) else item for item in params
        ]

    def _raw(self, text: str) -> str:
        return text.encode(self.encoding, "replace").decode(RAW)

    def _kind(self, error: Exception) -> str:
        code = getattr(error, "pgcode", None) or ""
        if code == "57014":
            return "time"
        said = str(error)
        if code[:2] == "28" or "authentication failed" in said or "role " in said:
            return "login" if not code or code[:2] == "28" else "sql"
        lost = type(error).__name__ in ("OperationalError", "InterfaceError")
        if code[:2] in ("08", "53") or code[:3] == "57P" or (not code and lost):
            return "busy"
        return "sql"


class MariaDb(Dialect):
    name = "MariaDB"
    module = "pymysql"
    package = "PyMySQL"
    port = 3306
    quotes = "``"

    def _open(self, driver: Any) -> Any:
        config = self.config
        is_socket = (config.host or "").startswith("/")
        connection = driver.connect(
            host=None if is_socket else (config.host or "127.0.0.1"),
            unix_socket=config.host if is_socket else None,
            port=config.port or self.port,
            database=config.database,
            user=config.login or None,
            password=config.secret or "",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=self.seconds + 30,
            charset="utf8mb4",
            use_unicode=not self.is_raw,
            conv=self._readers(driver),
            autocommit=False,
        )
        cursor = connection.cursor()
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        if self.is_raw:  # columns say latin1 but hold GBK: bytes as they are stored
            cursor.execute("SET character_set_results = NULL")
        self._limit_time(driver, cursor)
        cursor.execute("START TRANSACTION READ ONLY")
        cursor.close()
        return connection

    def _readers(self, driver: Any) -> dict | None:
        """The driver's own readers; for bytes it has none of decimals."""
        if not self.is_raw:
            return None
        kinds = driver.constants.FIELD_TYPE
        return {
            **driver.converters.conversions,
            kinds.DECIMAL: lambda value: Decimal(value.decode()),
            kinds.NEWDECIMAL: lambda value: Decimal(value.decode()),
        }

    def _limit_time(self, driver: Any, cursor: Any) -> None:
        """MariaDB counts seconds, MySQL milliseconds, under different names."""
        try:
            cursor.execute(f"SET SESSION max_statement_time = {self.seconds}")
        except driver.Error:
            cursor.execute(f"SET SESSION max_execution_time = {self.seconds * 1000}")

    def text(self, value: Any) -> str:
        return value if isinstance(value, str) else decode(bytes(value), self.encoding)

    def _kind(self, error: Exception) -> str:
        code = error.args[0] if error.args else 0
        if code in (1044, 1045, 1698):
            return "login"
        if code in (1969, 3024):
            return "time"
        if code in (0, 1040, 1053, 1129, 1205, 2002, 2003, 2006, 2013, 2055):
            return "busy"
        return "sql"


class Oracle(Dialect):
    """Not verified against the vendor. ``database`` is the service name."""

    name = "Oracle"
    module = "oracledb"
    package = "oracledb"
    port = 1521

    def select(self, sql, columns, where="", order="", limit=0) -> str:
        text = super().select(sql, columns, where, order)
        if limit:
            text += f" FETCH FIRST {int(limit)} ROWS ONLY"
        return text

    def escape(self, sql: str) -> str:
        return sql

    def _sent(self, sql: str, params: list) -> tuple[Any, list]:
        pieces = sql.split(self.marker)  # names of binds are numbers here
        text = pieces[0]
        for number, piece in enumerate(pieces[1:], 1):
            text += f":{number}{piece}"
        return text, params

    def _open(self, driver: Any) -> Any:
        config = self.config
        connection = driver.connect(
            host=config.host,
            port=config.port or self.port,
            service_name=config.database,
            user=config.login,
            password=config.secret,
            tcp_connect_timeout=CONNECT_SECONDS,
        )
        connection.call_timeout = self.seconds * 1000
        cursor = connection.cursor()
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.close()
        return connection

    def _kind(self, error: Exception) -> str:
        said = str(error)
        if "ORA-01017" in said or "ORA-28000" in said:
            return "login"
        if "DPY-4024" in said or "ORA-01013" in said:
            return "time"
        busy = ("DPY-6005", "DPY-4011", "ORA-12541", "ORA-03113", "ORA-12514")
        return "busy" if any(code in said for code in busy) else "sql"


class SqlServer(Dialect):
    """Not verified against the vendor. The server has no read-only transaction:
    give the feed a role that holds SELECT only (``ApplicationIntent`` is a hint)."""

    name = "SQL Server"
    module = "pymssql"
    package = "pymssql"
    port = 1433
    quotes = "[]"

    def select(self, sql, columns, where="", order="", limit=0) -> str:
        if limit:
            columns = f"TOP ({int(limit)}) {columns}"
        return super().select(sql, columns, where, order)

    def _open(self, driver: Any) -> Any:
        config = self.config
        return driver.connect(
            server=config.host,
            port=str(config.port or self.port),
            database=config.database,
            user=config.login,
            password=config.secret,
            login_timeout=CONNECT_SECONDS,
            timeout=self.seconds,
            charset="UTF-8",
            read_only=True,
            autocommit=False,
        )

    def _kind(self, error: Exception) -> str:
        said = str(error)
        if "18456" in said:
            return "login"
        if "20003" in said:
            return "time"
        busy = ("20002", "20004", "20006", "20009", "20047")
        return "busy" if any(code in said for code in busy) else "sql"


DIALECTS: dict[str, type[Dialect]] = {
    "postgresql": Postgres,
    "mariadb": MariaDb,
    "oracle": Oracle,
    "mssql": SqlServer,
}


def dialect_for(config: SourceConfig) -> Dialect:
    """The dialect a source names."""
    name = config.options.get("dialect") or "postgresql"
    if name not in DIALECTS:
        raise AdapterError("unknown_dialect", dialect=name)
    return DIALECTS[name](config)
