"""A FHIR R4 server as a source, of whatever make: read by search, page by page."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

import orjson

from .base import AdapterError, Report, SourceConfig, register
from .canonical import WRITE_ORDER, IdPage, Page, Record
from .fhir_rest_bundle import deletions, next_link, record
from .fhir_rest_names import PRESCRIPTIONS, DrugNames
from .fhir_rest_probe import FRESH, Plan, Probe
from .fhir_rest_window import Place, Window, utc
from .http_source import HttpSource, HttpStatus, public_url

PLAN = "server.json"
COUNT = 500  # records asked for at once
PAGE_SECONDS = 10  # a page of ours stays well under the time of a job
HISTORY_PAGES = 1000  # a history that goes round is left; ids are compared anyway
PLAN_SECONDS = 6 * 3600

# What a server can do does not change from one delta run to the next, and finding
# it out costs it searches. Per process; a full run always looks again.
_plans: dict[bytes, tuple[Plan, float]] = {}


@register("fhir_rest", lists_ids=True)
class FhirRest:
    """Reads type after type in writing order; never one patient after another."""

    def __init__(self, config: SourceConfig):
        self.config = config
        self.base = config.url.strip().split("?")[0].rstrip("/")
        self._trimmed: dict[str, bool] = {}

    # ------------------------------------------------------------------
    # start and end of a run
    # ------------------------------------------------------------------

    def prepare(self) -> None:
        """Find out what the server is and can, once a run."""
        with self._client() as http:
            self._keep(self._known() or self._probe(http))

    def cleanup(self) -> None:
        """Remove what was noted about the server."""
        shutil.rmtree(self.config.spool, ignore_errors=True)

    def _client(self) -> HttpSource:
        return HttpSource(self.config)

    def _probe(self, http: HttpSource) -> Plan:
        plan = Probe(http, self.base, self.config.only_types).run()
        if not plan.types:
            raise AdapterError("no_types", url=public_url(self.base))
        _plans[self._key()] = (plan, time.monotonic() + PLAN_SECONDS)
        return plan

    def _known(self) -> Plan | None:
        """What an earlier run of this process found out; only for reading changes."""
        plan, end = _plans.get(self._key(), (None, 0.0))
        return plan if self.config.since and time.monotonic() < end else None

    def _key(self) -> bytes:
        parts = (self.base, self.config.login, *sorted(self.config.only_types))
        return hashlib.sha256("\0".join(parts).encode()).digest()

    def _keep(self, plan: Plan) -> None:
        os.makedirs(self.config.spool, exist_ok=True)
        with open(os.path.join(self.config.spool, PLAN), "wb") as out:
            out.write(orjson.dumps(plan.to_dict()))

    def _plan(self, http: HttpSource) -> Plan:
        try:
            with open(os.path.join(self.config.spool, PLAN), "rb") as stream:
                return Plan.from_dict(orjson.loads(stream.read()))
        except FileNotFoundError:  # another node, or the folder was cleared
            plan = self._probe(http)
            self._keep(plan)
            return plan

    # ------------------------------------------------------------------
    # pages
    # ------------------------------------------------------------------

    def pages(self, cursor: dict | None, limit: int) -> Iterator[Page]:
        """Yield pages of at least one answer of the server and about ``limit`` records."""
        with self._client() as http:
            plan = self._plan(http)
            names = DrugNames(http, self.base) if plan.has_medication else None
            place = Place(**cursor) if cursor else self._next_type(plan, None)
            while place:
                page = Page([], None)
                end = time.monotonic() + PAGE_SECONDS
                while place:
                    records, place = self._read(http, plan, place, limit, names, page)
                    page.records += records
                    if len(page.records) >= limit or time.monotonic() > end:
                        break
                page.cursor = place.to_dict() if place else None
                page.bytes_done = place.done if place else self._total(plan)
                page.bytes_total = max(self._total(plan), page.bytes_done)
                yield page

    def _read(
        self, http, plan: Plan, place: Place, limit: int, names, page: Page
    ) -> tuple[list[Record], Place | None]:
        """One answer of the server as records, and the place after it."""
        if place.history:
            records, last = self._read_deletions(http, place, limit)
            return records, self._next_type(plan, place) if last else place
        window = self._window(http, plan, place, limit)
        found, size, last = window.turn()
        if names and place.type in PRESCRIPTIONS:
            names.fill(found)
        largest = self.config.max_record_bytes
        records = [
            record(data, place.type, largest if size > largest else None)
            for data in found
        ]
        since = window.since
        if since:
            records = [r for r in records if not r.updated_at or r.updated_at >= since]
        if not last:
            return records, place
        watermark = window.watermark()
        if watermark:
            page.watermarks[place.type] = watermark
        if since and plan.types[place.type].history:
            place.open(None)
            place.history = True
            return records, place
        return records, self._next_type(plan, place)

    def _window(self, http, plan: Plan, place: Place, limit: int) -> Window:
        one = plan.types[place.type]
        since = self.config.since.get(place.type) if one.stamps else None
        return Window(http, self.base, one, place, since, min(limit, COUNT))

    def _read_deletions(
        self, http: HttpSource, place: Place, limit: int
    ) -> tuple[list[Record], bool]:
        """A page of the type's history; a server that refuses it tells no deletions."""
        params = None
        url = place.next
        if not url:
            url = f"{self.base}/{place.type}/_history"
            since = utc(self.config.since[place.type])
            params = {"_since": since, "_count": str(min(limit, COUNT))}
        try:
            answer = http.get_json(url, params=params, headers=FRESH)
        except HttpStatus:
            # what a broken history leaves out is found by comparing ids
            return [], True
        records = deletions(answer, place.type)
        place.next = next_link(answer, self.base)
        place.count += 1
        return records, place.next is None or place.count > HISTORY_PAGES

    def _next_type(self, plan: Plan, place: Place | None) -> Place | None:
        """The start of the type after ``place``; None after the last."""
        names = [name for name in WRITE_ORDER if name in plan.types]
        if place is None:
            return Place(names[0])
        later = WRITE_ORDER[WRITE_ORDER.index(place.type) + 1 :]
        name = next((name for name in later if name in plan.types), None)
        return Place(name, done=place.done) if name else None

    def _total(self, plan: Plan) -> int:
        """Records to read, as far as the server tells; none for a run over changes."""
        return 0 if self.config.since else sum(o.total for o in plan.types.values())

    # ------------------------------------------------------------------
    # what exists
    # ------------------------------------------------------------------

    def ids(self, cursor: dict | None, limit: int) -> Iterator[IdPage]:
        """Yield the ids of every type that is read, an answer of the server at a time."""
        with self._client() as http:
            plan = self._plan(http)
            place = Place(**cursor) if cursor else self._next_type(plan, None)
            while place:
                name = place.type
                params = {"_elements": "id,meta"} if self._trims(http, name) else {}
                window = Window(
                    http, self.base, plan.types[name], place, None, limit, params
                )
                found, _size, last = window.turn()
                ids = [(name, str(d["id"])) for d in found if _has_id(d)]
                if last:
                    place = self._next_type(plan, place)
                yield IdPage(
                    ids,
                    place.to_dict() if place else None,
                    frozenset([name]) if last else frozenset(),
                )

    def _trims(self, http: HttpSource, name: str) -> bool:
        """Whether asking for ids alone finds what asking for all finds.

        A server that does not know the parameter may find nothing at all, and
        everything here would seem to be gone.
        """
        if name not in self._trimmed:
            probe = Probe(http, self.base, frozenset([name]))
            self._trimmed[name] = bool(probe.found(name, elements="id,meta", count=1))
        return self._trimmed[name]

    # ------------------------------------------------------------------
    # connection test
    # ------------------------------------------------------------------

    def check(self, limit: int) -> Report:
        """Say what server answers, what it holds and how far it can be trusted."""
        with self._client() as http:
            plan = self._probe(http)
        said = plan.software or public_url(self.base)
        report = Report(notes=[("server", {"server": said, "version": plan.version})])
        report.counts = {name: one.total for name, one in plan.types.items()}
        report.ignored = plan.lacking
        held = {name: one for name, one in plan.types.items() if one.total}
        for code, names in (
            ("no_stamps", [n for n, one in held.items() if not one.stamps]),
            ("no_filter", [n for n, o in held.items() if o.stamps and not o.filters]),
            ("deletions", [n for n, one in held.items() if one.history]),
        ):
            if names:
                report.notes.append((code, {"types": ", ".join(names)}))
        return report


def _has_id(data: Any) -> bool:
    return type(data) is dict and bool(data.get("id"))
