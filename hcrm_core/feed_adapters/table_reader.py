"""Statements over the administrator's SELECT: pages by key, children, people."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from .base import AdapterError
from .table_dialects import Dialect
from .table_rows import RowMapper, as_rows, fold
from .table_select import check_select

# rows of one record; more is a SELECT that joins too much
MAX_GROUP = 20_000
IN_CHUNK = 500


class TableReader:
    """Reads the rows of one SELECT over an open connection."""

    def __init__(self, dialect: Dialect, connection: Any, spec: dict, zone: tzinfo):
        self.dialect = dialect
        self.connection = connection
        self.spec = spec
        self.zone = zone
        self.sql = check_select(spec["sql"], spec["name"])
        self._names: dict[str, str] | None = None

    # ------------------------------------------------------------------
    # columns
    # ------------------------------------------------------------------

    @property
    def names(self) -> dict[str, str]:
        """Folded column name -> the name as the server spells it."""
        if self._names is None:
            text = self.dialect.select(self.sql, "*", "1 = 0")
            found, _rows = self._fetch(text, [])
            self._names = {fold(name): name for name in found}
        return self._names

    def quoted(self, column: str) -> str:
        name = self.names.get(fold(column))
        if name is None:
            raise AdapterError(
                "no_column",
                table=self.spec["name"],
                column=column,
                known=", ".join(self.names.values())[:500],
            )
        return self.dialect.quote(name)

    def check_columns(self, mapper: RowMapper) -> None:
        """Say so where the mapping names a column that the SELECT does not give."""
        for column in sorted(mapper.needed()):
            self.quoted(column)

    def _fetch(self, sql: str, params: list) -> tuple[list, list]:
        try:
            return self.dialect.fetch(self.connection, sql, params)
        except AdapterError as error:
            error.values.setdefault("table", self.spec["name"])
            raise

    def rows(self, where="", params=(), order="", limit=0, columns="*") -> list[dict]:
        text = self.dialect.select(self.sql, columns, where, order, limit)
        names, rows = self._fetch(text, list(params))
        return as_rows(names, rows)

    def raw(self, limit: int) -> tuple[list[str], list[list]]:
        """(names, values) of the first rows, as they come."""
        return self._fetch(self.dialect.select(self.sql, "*", limit=limit), [])

    def count(self) -> int:
        return self._fetch(self.dialect.select(self.sql, "count(*)"), [])[1][0][0]

    def count_without_key(self) -> int:
        where = " OR ".join(f"{self.quoted(key)} IS NULL" for key in self.spec["keys"])
        text = self.dialect.select(self.sql, "count(*)", where)
        return self._fetch(text, [])[1][0][0]

    # ------------------------------------------------------------------
    # pages by key
    # ------------------------------------------------------------------

    def page(
        self, after: list | None, limit: int, changed: tuple[str, list], columns="*"
    ) -> tuple[list[list[dict]], list | None]:
        """(rows of each record, key of the last one): up to ``limit`` rows.

        A record whose rows do not fit is left to the next page; None ends the table.
        """
        keys = [self.quoted(key) for key in self.spec["keys"]]
        parts, params = [f"{key} IS NOT NULL" for key in keys], []
        if after is not None:
            text, params = _after(keys, after)
            parts.append(text)
        if changed[0]:
            parts.append(changed[0])
            params = params + changed[1]
        while True:
            text = self.dialect.select(
                self.sql, columns, " AND ".join(parts), ", ".join(keys), limit + 1
            )
            names, raw = self._fetch(text, params)
            groups, last = self._groups(names, raw, len(raw) > limit)
            if groups or len(raw) <= limit:
                return groups, last
            if limit >= MAX_GROUP:
                raise AdapterError("group_too_large", table=self.spec["name"])
            limit = min(limit * 4, MAX_GROUP)

    def _groups(
        self, names: list, raw: list, is_full: bool
    ) -> tuple[list, list | None]:
        """Rows of one key together; of a full page the last key is left out."""
        folded = [fold(name) for name in names]
        places = [folded.index(key) for key in self._keys()]
        groups: list[list[dict]] = []
        known: list | None = None
        previous: list = []
        for row, plain_row in zip(raw, as_rows(names, raw), strict=True):
            key = [row[place] for place in places]
            if key != known:
                groups.append([])
                previous, known = known or [], key
            groups[-1].append(plain_row)
        if is_full:
            groups.pop()
            return groups, [_to_cursor(value) for value in previous] or None
        return groups, None

    def _keys(self) -> list[str]:
        return [fold(key) for key in self.spec["keys"]]

    # ------------------------------------------------------------------
    # what changed
    # ------------------------------------------------------------------

    def high(self) -> datetime | None:
        """The newest stamp in the table now, naive UTC."""
        stamp = self.quoted(self.spec["stamp"])
        text = self.dialect.select(self.sql, f"max({stamp})")
        return self._utc(self._fetch(text, [])[1][0][0])

    def _utc(self, value: Any) -> datetime | None:
        if isinstance(value, str):
            form = self.spec.get("time_format") or "%Y-%m-%d %H:%M:%S"
            try:
                value = datetime.strptime(value.strip(), form)
            except ValueError:
                raise AdapterError(
                    "bad_stamp", table=self.spec["name"], value=value[:40], format=form
                ) from None
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
        if not isinstance(value, datetime):
            return None
        if value.tzinfo is None:
            value = value.replace(tzinfo=self.zone)
        return value.astimezone(UTC).replace(tzinfo=None)

    def stamp_of(self, rows: list[dict]) -> datetime | None:
        """The newest stamp of a record's rows."""
        if not self.spec.get("stamp"):
            return None
        column = fold(self.spec["stamp"])
        stamps = [self._utc(_moment(row.get(column))) for row in rows]
        return max((stamp for stamp in stamps if stamp), default=None)

    def changed(self, since: datetime | None, children: list[TableReader]) -> tuple:
        """Condition for rows changed since, or whose children are; none for all."""
        if since is None:
            return "", []
        condition, params = self._since(since)
        if not condition:
            return "", []
        for child in children:
            said, values = child._since(since, "c.")
            if not said:
                continue
            pairs = zip(child.spec["parent_columns"], self.spec["keys"], strict=True)
            joined = " AND ".join(
                f"c.{child.quoted(own)} = hcrm_t.{self.quoted(key)}"
                for own, key in pairs
            )
            text = self.dialect.escape(child.sql)
            condition += (
                f" OR EXISTS (SELECT 1 FROM ({text}) c WHERE {joined} AND {said})"
            )
            params += values
        return f"({condition})", params

    def _since(self, since: datetime, alias="") -> tuple[str, list]:
        column = self.spec.get("stamp") or self.spec.get("date")
        if not column:
            return "", []
        local = self._local(since)
        if not self.spec.get("stamp"):
            local = local - timedelta(days=int(self.spec.get("date_days") or 0))
            local = local.replace(hour=0, minute=0, second=0, microsecond=0)
        form = self.spec.get("time_format")
        value = local.strftime(form) if form else local
        return f"{alias}{self.quoted(column)} >= %s", [value]

    def _local(self, stamp: datetime) -> datetime:
        """Local time of a UTC stamp; an hour earlier where a clock is set back soon
        after, since the hour that comes twice would hide changes."""
        aware = stamp.replace(tzinfo=UTC)
        here = aware.astimezone(self.zone)
        later = (aware + timedelta(days=1)).astimezone(self.zone)
        back = (here.utcoffset() or timedelta()) - (later.utcoffset() or timedelta())
        return (here - max(back, timedelta())).replace(tzinfo=None, microsecond=0)

    # ------------------------------------------------------------------
    # rows of other tables, and of the same person
    # ------------------------------------------------------------------

    def of_parents(self, keys: list[list]) -> dict[tuple[str, ...], list[dict]]:
        """Rows by the key of the record they add to."""
        columns = self.spec["parent_columns"]
        order = ", ".join(self.quoted(key) for key in self.spec["keys"])
        found: dict[tuple[str, ...], list[dict]] = {}
        for where, params in self._in(columns, keys):
            for row in self.rows(where, params, order):
                key = tuple(key_text(row.get(fold(name))) for name in columns)
                found.setdefault(key, []).append(row)
        return found

    def _in(self, columns: list[str], keys: list[list]):
        """Conditions that rows have one of the keys, some hundred at a time."""
        quoted = [self.quoted(column) for column in columns]
        for start in range(0, len(keys), IN_CHUNK):
            chunk = keys[start : start + IN_CHUNK]
            if len(quoted) == 1:
                marks = ", ".join(["%s"] * len(chunk))
                yield f"{quoted[0]} IN ({marks})", [key[0] for key in chunk]
            else:
                one = " AND ".join(f"{name} = %s" for name in quoted)
                yield (
                    " OR ".join([f"({one})"] * len(chunk)),
                    [value for key in chunk for value in key],
                )

    def people(self, mapper: RowMapper) -> dict[str, str]:
        """Id of every patient row -> the first one of the same person.

        Rows are of one person when they share a value of the person column; numbers
        grow, so a new card never becomes the first.
        """
        person = self.quoted(self.spec["person"])
        wanted = {*self._keys(), *mapper.id_template.columns, fold(self.spec["person"])}
        columns = ", ".join(self.quoted(name) for name in sorted(wanted))
        several = self.dialect.select(self.sql, person, f"{person} IS NOT NULL")
        several += f" GROUP BY {person} HAVING count(*) > 1"
        groups: dict[str, list[str]] = {}
        for row in self.rows(f"{person} IN ({several})", (), "", 0, columns):
            value = row.get(fold(self.spec["person"]))
            ext_id = mapper.ext_id(row)
            if value and ext_id:
                groups.setdefault(str(value), []).append(ext_id)
        aliases = {}
        for ids in groups.values():
            ids = sorted(set(ids), key=lambda item: (len(item), item))
            if len(ids) > 1:
                aliases.update(dict.fromkeys(ids, ids[0]))
        return aliases

    def of_people(self, values: list[Any]) -> list[dict]:
        """All rows that carry one of these person values."""
        found = []
        for where, params in self._in([self.spec["person"]], [[v] for v in values]):
            found += self.rows(where, params)
        return found


def key_text(value: Any) -> str:
    """A key as it is compared between tables: CHAR pads, numbers differ in type."""
    return "" if value is None else str(value).strip()


def _after(keys: list[str], values: list) -> tuple[str, list]:
    """Condition for the rows behind a key of several columns."""
    parts, params = [], []
    values = [_from_cursor(value) for value in values]
    for index, key in enumerate(keys):
        equal = [f"{name} = %s" for name in keys[:index]]
        parts.append("(" + " AND ".join([*equal, f"{key} > %s"]) + ")")
        params += [*values[:index], values[index]]
    return "(" + " OR ".join(parts) + ")", params


def _to_cursor(value: Any) -> Any:
    if isinstance(value, str | int | float) or value is None:
        return value
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"on": value.isoformat()}
    return {"is": str(value)}


def _from_cursor(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "at" in value:
        return datetime.fromisoformat(value["at"])
    if "on" in value:
        return date.fromisoformat(value["on"])
    return Decimal(value["is"])


def _moment(value: Any) -> Any:
    """A stamp that became text on its way, as a time again."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value
