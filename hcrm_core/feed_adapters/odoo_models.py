"""A HIS made of Odoo models, read by mapping: in this database or over JSON-2.

Nothing here knows a HIS. ``SourceConfig.options["models"]`` says which model holds
what: a list of dicts ``model``, ``type`` (FHIR), ``domain``, ``person`` (path to the
contact), ``stamps`` (paths whose change is a change of the record) and ``fields``, a
list of dicts ``target``, ``paths``, ``values`` (word of the HIS -> word of FHIR) and
``constant``.

Pages go by id: the stamp that a page starts at stays the same throughout a run, so
no row is missed when many carry the same second, and none is read twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from .base import AdapterError, Report, SourceConfig, register
from .canonical import WRITE_ORDER, IdPage, Page, Record
from .fhir_context import EXTENSION
from .fhir_record import record_from_data
from .odoo_targets import TARGETS, Link, ext_id, finish

PAGE_LOCAL = 2000
PAGE_REMOTE = 500
STAMP = "%Y-%m-%d %H:%M:%S"
# the contact of the same database that a patient is; see the people writer
PARTNER = EXTENSION + "odoo-partner"
_ORDER = {name: place for place, name in enumerate(WRITE_ORDER)}


class Reader(Protocol):
    """Reads records of a database; it can do nothing else."""

    def search_read(
        self, model: str, domain: list, fields: list[str], order: str, limit: int
    ) -> list[dict]: ...

    def fields(self, model: str) -> dict[str, tuple[str, str]]: ...


class LocalReader:
    """Reads this database through ``SourceConfig.search_read``."""

    def __init__(self, config: SourceConfig):
        self._read = config.search_read
        self._fields: dict[str, dict] = {}

    def search_read(self, model, domain, fields, order, limit):
        """Rows of this database; a filter that does not fit is named."""
        try:
            return self._read(model, domain, fields, order, limit)
        except (KeyError, ValueError) as error:
            raise AdapterError("model_refused", model=model, error=error) from error

    def fields(self, model):
        """Fields of a model: name -> (type, model it points at)."""
        if model not in self._fields:
            rows = self.search_read(
                "ir.model.fields",
                [("model", "=", model)],
                ["name", "ttype", "relation"],
                "id",
                None,
            )
            if not rows:
                raise AdapterError("model_missing", model=model)
            self._fields[model] = {
                row["name"]: (row["ttype"], row["relation"] or "") for row in rows
            }
        return self._fields[model]


class OdooModels:
    """What both ways share: pages, stamps, ids; :attr:`reader` does the reading."""

    page_limit = PAGE_LOCAL

    def __init__(self, config: SourceConfig):
        self.config = config
        maps = config.options.get("models") or []
        if config.only_types:
            maps = [one for one in maps if one["type"] in config.only_types]
        self.maps = sorted(maps, key=lambda one: _ORDER.get(one["type"], 99))
        self.kinds = {(one["type"], one["model"]) for one in self.maps}
        self.reader = self._reader()

    def _reader(self) -> Reader:
        return LocalReader(self.config)

    def prepare(self) -> None:
        """Refuse a mapping that cannot be read before anything is written."""
        if not self.maps:
            raise AdapterError("no_models")
        for one in self.maps:
            self._tree(one)

    def cleanup(self) -> None:
        """Nothing is left behind."""

    # ------------------------------------------------------------------
    # pages
    # ------------------------------------------------------------------

    def pages(self, cursor: dict | None, limit: int) -> Iterator[Page]:
        """Model by model in writing order, each by id."""
        place = dict(cursor or {"map": 0, "after": 0})
        limit = min(limit, self.page_limit)
        while place is not None:
            if not self.maps:
                raise AdapterError("no_models")
            one = self.maps[place["map"]]
            if "mark" not in place:
                place["mark"] = self._newest(one)
            rows = self._rows(one, self._domain(one, place["after"]), limit)
            records = [self._record(one, row) for row in rows]
            marks = {}
            if len(rows) < limit and place["mark"]:
                marks[self._key(one)] = datetime.strptime(place["mark"], STAMP)
            place = self._next(place, rows, limit)
            done = place["map"] if place else len(self.maps)
            yield Page(records, place, done, len(self.maps), marks)

    def _next(self, place: dict, rows: list[dict], limit: int) -> dict | None:
        if len(rows) == limit:
            return {**place, "after": rows[-1]["id"]}
        if place["map"] + 1 < len(self.maps):
            return {"map": place["map"] + 1, "after": 0}
        return None

    def _key(self, one: dict) -> str:
        """Name of the cursor: the type; with the model where several give it."""
        same = [other for other in self.maps if other["type"] == one["type"]]
        return one["type"] if len(same) == 1 else f"{one['type']} {one['model']}"

    def _domain(self, one: dict, after: int) -> list:
        domain = [*one["domain"], ("id", ">", after)]
        since = self.config.since.get(self._key(one))
        if since:
            stamp = since.strftime(STAMP)
            names = ["write_date"]
            names += [f"{path}.write_date" for path in self._stamps(one)]
            domain += ["|"] * (len(names) - 1)
            domain += [(name, ">=", stamp) for name in names]
        return domain

    def _newest(self, one: dict) -> str | None:
        """The newest stamp before the first page is read; later ones come again.

        Asked of the source and never of our clock.
        """
        models = {one["model"]} | {
            self._model_at(one["model"], path) for path in self._stamps(one)
        }
        found = [
            stamp_text(row["write_date"])
            for model in sorted(models)
            for row in self.reader.search_read(
                model,
                [("write_date", "!=", False)],
                ["write_date"],
                "write_date desc",
                1,
            )
        ]
        return max(found, default=None)

    def sample(self, limit: int) -> list[Record]:
        """The newest records of every model, for a preview."""
        return [
            self._record(one, row)
            for one in self.maps
            for row in self._rows(one, one["domain"], limit, "id desc")
        ]

    def ids(self, cursor: dict | None, limit: int) -> Iterator[IdPage]:
        """External ids of what exists now, archived records among them."""
        place = dict(cursor or {"map": 0, "after": 0})
        while place is not None:
            one = self.maps[place["map"]]
            domain = [*one["domain"], ("id", ">", place["after"])]
            rows = self.reader.search_read(one["model"], domain, ["id"], "id", limit)
            found = [(one["type"], ext_id(one["model"], row["id"])) for row in rows]
            place = self._next(place, rows, limit)
            later = (
                {other["type"] for other in self.maps[place["map"] :]} if place else ()
            )
            complete = frozenset({one["type"]} - set(later))
            yield IdPage(found, place, complete)

    def check(self, limit: int) -> Report:
        """Count the records of every model; a mapping that does not fit is named."""
        self.prepare()
        report = Report()
        for one in self.maps:
            rows = self.reader.search_read(
                one["model"], one["domain"], ["id"], "id", limit
            )
            report.files.append(one["model"])
            report.counts[one["type"]] = report.counts.get(one["type"], 0) + len(rows)
            report.complete &= len(rows) < limit
            self._rows(one, one["domain"], 1)
        return report

    # ------------------------------------------------------------------
    # rows with what they point at
    # ------------------------------------------------------------------

    def _model_at(self, model: str, path: str) -> str:
        """The model that a path of relations leads to."""
        for name in filter(None, path.split(".")):
            _kind, model = self._field(model, name)
        return model

    def _field(self, model: str, name: str) -> tuple[str, str]:
        found = self.reader.fields(model).get(name)
        if found is None:
            raise AdapterError("field_missing", model=model, field=name)
        return found

    def _stamps(self, one: dict) -> list[str]:
        """Paths whose change is a change of the record, which does not show it.

        The contact of a patient, lists that fields are read from (phone numbers of
        their own model), and what the mapping names.
        """
        found = dict.fromkeys(one["stamps"])
        if one["person"]:
            found[one["person"]] = None
        for line in one["fields"]:
            for path in line["paths"]:
                model, walked = one["model"], []
                for name in path.split("."):
                    kind, comodel = self._field(model, name)
                    walked.append(name)
                    if kind in ("one2many", "many2many"):
                        found[".".join(walked)] = None
                    model = comodel or model
        return list(found)

    def _tree(self, one: dict) -> dict:
        """Names to read of the model, and of what its relations point at."""
        tree: dict = {}
        self._field(one["model"], "write_date")
        for line in one["fields"]:
            for path in line["paths"]:
                target = TARGETS[one["type"]][line["target"]]
                self._grow(tree, one["model"], path, names=target.links_to != "Patient")
        for path in self._stamps(one):
            self._grow(tree, one["model"], f"{path}.write_date")
        if one["person"]:
            self._grow(tree, one["model"], one["person"], names=False)
        return tree

    def _grow(self, tree: dict, model: str, path: str, names: bool = True) -> None:
        for name in path.split("."):
            _kind, comodel = self._field(model, name)
            tree = tree.setdefault(name, {})
            if comodel:
                model = comodel
        if comodel and names:
            tree["display_name"] = {}

    def _rows(
        self, one: dict, domain: list, limit: int | None, order: str = "id"
    ) -> list[dict]:
        tree = self._tree(one)
        names = sorted({"id", "write_date", *tree})
        rows = self.reader.search_read(one["model"], domain, names, order, limit)
        self._attach(one["model"], rows, tree)
        return rows

    def _attach(self, model: str, rows: list[dict], tree: dict) -> None:
        """Replace ids by the rows they stand for: one read per relation."""
        for name, below in tree.items():
            _kind, comodel = self._field(model, name)
            if not comodel:
                continue
            wanted = sorted({key for row in rows for key in keys(row.get(name))})
            found = {key: {"id": key} for key in wanted}
            if wanted and below:
                names = sorted({"id", *below})
                domain = [("id", "in", wanted)]
                read = self.reader.search_read(comodel, domain, names, "id", None)
                self._attach(comodel, read, below)
                found = {row["id"]: row for row in read}
            for row in found.values():
                row["_model"] = comodel
            for row in rows:
                row[name] = [found[key] for key in keys(row.get(name)) if key in found]

    # ------------------------------------------------------------------
    # a row as a FHIR resource
    # ------------------------------------------------------------------

    def _record(self, one: dict, row: dict) -> Record:
        data: dict[str, Any] = {
            "resourceType": one["type"],
            "id": ext_id(one["model"], row["id"]),
        }
        stamps = values_at(row, "write_date")
        for path in self._stamps(one):
            stamps += values_at(row, f"{path}.write_date")
        newest = max((stamp_text(stamp) for stamp in stamps if stamp), default="")
        if newest:
            data["meta"] = {"lastUpdated": newest.replace(" ", "T") + "Z"}
        for line in one["fields"]:
            target = TARGETS[one["type"]][line["target"]]
            values = self._values(line, row)
            target.fill(data, values, self._kind_of(target.links_to, values))
        if one["type"] == "Organization":
            data["type"] = [{"coding": [{"code": "dept"}]}]
        if one["type"] == "Patient" and self.config.search_read:
            self._adopt(one, row, data)
        record = record_from_data(finish(data), data["id"])
        record.is_current = True
        return record

    def _values(self, line: dict, row: dict) -> list:
        values = []
        for path in line["paths"]:
            found = values_at(row, path)
            # a date without its hour is still a date
            values += found[:1] if len(line["paths"]) > 1 else found
        if line["values"]:
            said = line["values"]
            values = [
                value if isinstance(value, Link) else said.get(str(value), value)
                for value in values
            ]
        if line["constant"] and not any(values):
            values = [line["constant"]]
        return values

    def _kind_of(self, links_to: str, values: list) -> str:
        """FHIR type of what a link points at, "" where that is not read here."""
        for value in values:
            if isinstance(value, Link) and (links_to, value.model) in self.kinds:
                return links_to
        return ""

    def _adopt(self, one: dict, row: dict, data: dict) -> None:
        """Say which contact of this database the patient is."""
        if one["model"] == "res.partner":
            partners = [row["id"]]
        else:
            partners = [link.id for link in values_at(row, one["person"])]
        if partners:
            data.setdefault("extension", []).append(
                {"url": PARTNER, "valueInteger": partners[0]}
            )


register("odoo_local", lists_ids=True)(OdooModels)


def keys(value: Any) -> list[int]:
    """Ids in the value of a relation, as ``search_read`` gives it."""
    if isinstance(value, (list, tuple)):
        if len(value) == 2 and isinstance(value[1], str):
            return [value[0]]
        return list(value)
    return [value] if value else []


def values_at(row: dict, path: str) -> list:
    """What stands at the end of a path: several values where it passes through lists."""
    found: list = [row]
    for name in filter(None, path.split(".")):
        after: list = []
        for one in found:
            value = one.get(name) if isinstance(one, dict) else None
            after += value if isinstance(value, list) else [value]
        found = after
    values = []
    for value in found:
        if isinstance(value, dict):
            values.append(
                Link(value["_model"], value["id"], value.get("display_name") or "")
            )
        elif value is not None:
            values.append(value)  # False as well: it may be the answer
    return values


def stamp_text(value: Any) -> str:
    """A stamp at second precision, as JSON-2 gives it."""
    if isinstance(value, datetime):
        return value.strftime(STAMP)
    return str(value)[:19].replace("T", " ")
