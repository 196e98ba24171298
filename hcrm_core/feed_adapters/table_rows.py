"""Rows of a SELECT to FHIR resources, by a declarative mapping."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from .base import AdapterError
from .fhir_values import MapError
from .table_fields import ENTITY, FIELDS, void
from .table_paths import Path, merge
from .table_values import TRANSFORMS, is_one_of, plain, to_text

_BRACES = re.compile(r"\{([^{}]+)\}")
_KIND = Path("ext:charge-kind.valueCode")


def fold(column: str) -> str:
    """Column names are compared without case: drivers change it."""
    return column.strip().casefold()


@cache
def _roots(res_type: str) -> frozenset[str]:
    """Members of a resource that something here reads."""
    paths = FIELDS.get(res_type, {}).values()
    return frozenset({Path(path).root for path in paths} | {"extension"})


class Template:
    """Text with ``{COLUMN}`` in it; nothing where one of the columns is empty."""

    def __init__(self, text: str):
        self.text = text
        parts = _BRACES.split(text)  # text, column, text, column, text
        self.pieces = parts[::2]
        self.columns = [fold(name) for name in parts[1::2]]

    def fill(self, row: dict[str, Any]) -> str | None:
        text = self.pieces[0]
        for column, piece in zip(self.columns, self.pieces[1:], strict=True):
            value = row.get(column)
            if value is None or value == "":
                return None
            text += (value if type(value) is str else str(value)) + piece
        return text


class Column:
    """One line of a mapping: a column or template, what is done to it, its target."""

    def __init__(self, line: dict[str, Any], res_type: str):
        self.label = line.get("column") or line.get("template") or ""
        self.column = fold(line.get("column") or "")
        self.template = None if self.column else Template(line.get("template") or "")
        name = line.get("transform") or ""
        if name and name not in TRANSFORMS:
            raise AdapterError("bad_transform", transform=name)
        self.transform = TRANSFORMS.get(name)
        self.argument = line.get("argument") or ""
        self.codes: dict[str, str] = line.get("codes") or {}
        self.target = line.get("target") or ""
        known = FIELDS.get(res_type, {})
        self.path = Path(known.get(self.target, self.target))
        if self.target not in known and self.path.root not in _roots(res_type):
            raise AdapterError("bad_target", target=self.target)

    @property
    def is_constant(self) -> bool:
        return self.template is not None and not self.template.columns

    def columns(self) -> list[str]:
        return [self.column] if self.column else list(self.template.columns)

    def value(self, row: dict[str, Any]) -> Any:
        """What goes to the target; None where the row says nothing."""
        value = row.get(self.column) if self.column else self.template.fill(row)
        if value is None or value == "":
            return self._coded(self.codes[""]) if "" in self.codes else None
        try:
            if self.transform:
                value = self.transform(value, self.argument)
        except MapError as error:
            raise MapError(error.code, column=self.label, **error.values) from None
        if self.codes and value is not None:
            value = self._coded(self.code_of(value))
        return value

    def plain_value(self, row: dict[str, Any]) -> Any:
        """The value before codes are mapped."""
        value = row.get(self.column) if self.column else self.template.fill(row)
        if value is None or value == "" or self.transform is None:
            return value or None
        return self.transform(value, self.argument)

    def code_of(self, value: Any) -> Any:
        """The mapped code; an unlisted one stays, and the mapper behind judges it."""
        return self.codes.get(to_text(value), self.codes.get("*", value))

    def knows(self, value: Any) -> bool:
        """Whether a value is in the code map (or there is none)."""
        return not self.codes or to_text(value) in self.codes or "*" in self.codes

    @staticmethod
    def _coded(value: Any) -> Any:
        if value == "-":  # listed as "not told"
            return None
        return {"true": True, "false": False}.get(value, value)


class RowMapper:
    """The mapping of one SELECT.

    :ivar spec: plain settings of the table (see :mod:`table`)
    :ivar aliases: id of a patient row -> id of the person it belongs to
    """

    def __init__(self, spec: dict[str, Any], aliases: dict[str, str] | None = None):
        self.spec = spec
        self.type: str = spec["type"]
        self.aliases = aliases or {}
        lines = [
            Column(line, self.type)
            for line in spec.get("columns", ())
            if line.get("target")
        ]
        self.columns = [line for line in lines if not line.is_constant]
        # a constant stands beside a column's value, or alone where no column goes
        slots = {slot for line in self.columns for slot in line.path.slots()}
        self.constants = [
            (line.path, line.value({}), not slots & set(line.path.slots()))
            for line in lines
            if line.is_constant
        ]
        self.keys = [fold(name) for name in spec["keys"]]
        template = spec.get("id_template") or "-".join(
            f"{{{key}}}" for key in self.keys
        )
        self.id_template = Template(template)
        entity = spec.get("entity")
        self.entity = None
        if entity and self.type in ENTITY:
            self.entity = Path(ENTITY[self.type]), entity
        self.void_column = fold(spec.get("void_column") or "")
        self.refund_column = fold(spec.get("refund_column") or "")

    def ext_id(self, row: dict[str, Any]) -> str | None:
        return self.id_template.fill(row)

    def needed(self) -> set[str]:
        """Columns the SELECT has to give."""
        found = {*self.keys, *self.id_template.columns}
        for line in self.columns:
            found.update(line.columns())
        found.update(
            fold(self.spec[name])
            for name in ("void_column", "refund_column", "stamp", "date", "person")
            if self.spec.get(name)
        )
        found.update(fold(name) for name in self.spec.get("parent_columns") or ())
        return found

    def fragment(self, row: dict[str, Any]) -> dict[str, Any]:
        """The part of a resource that one row tells."""
        resource: dict[str, Any] = {}
        items: dict[str, dict] = {}
        for line in self.columns:
            value = line.value(row)
            if value is None:
                continue
            if line.path.reference:
                value = to_text(value)
                if line.path.reference == "Patient":
                    value = self.aliases.get(value, value)
            line.path.set(items, resource, value)
        for path, value, makes in self.constants:
            path.set(items, resource, value, makes)
        if self.void_column and is_one_of(
            row.get(self.void_column), self.spec.get("void_values") or ""
        ):
            void(self.type, resource)
        return resource

    def resource(self, ext_id: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """One resource of all rows that share a key; the first row leads."""
        resource = self.fragment(rows[0])
        for row in rows[1:]:
            merge(resource, self.fragment(row))
        if self.type == "ChargeItem":
            self._refund(resource, rows[0])
        if self.entity:
            path, entity = self.entity
            if path.name not in resource:
                path.set({}, resource, entity)
        return {"resourceType": self.type, "id": ext_id, **resource}

    def _refund(self, resource: dict, row: dict[str, Any]) -> None:
        """A negative charge, or one flagged so, is a refund; refunds are negative."""
        price = resource.get("priceOverride") or {}
        amount = price.get("value")
        kind = next(
            (
                item.get("valueCode")
                for item in resource.get("extension", ())
                if item["url"].endswith("/charge-kind")
            ),
            None,
        )
        is_flagged = bool(self.refund_column) and is_one_of(
            row.get(self.refund_column), self.spec.get("refund_values") or ""
        )
        is_negative = isinstance(amount, int | float) and amount < 0
        if is_flagged and isinstance(amount, int | float) and amount > 0:
            price["value"] = -amount
            for item in resource.get("extension", ()):
                for part in item.get("extension", ()):
                    if part.get("valueDecimal"):
                        part["valueDecimal"] = -abs(part["valueDecimal"])
        if is_flagged or (is_negative and kind in (None, "charge")):
            resource["extension"] = [
                item
                for item in resource.get("extension", ())
                if not item["url"].endswith("/charge-kind")
            ]
            _KIND.set({}, resource, "refund")


def as_rows(names: list[str], rows: list[list[Any]]) -> list[dict[str, Any]]:
    """Rows by folded column name, in plain values."""
    folded = [fold(name) for name in names]
    return [dict(zip(folded, map(plain, row), strict=True)) for row in rows]
