"""Reading one type to its end: where it is, what comes next, when to start again.

Two ways, by what the server was seen to do. Where it filters and sorts by stamp,
every page is asked for by the stamp of the last record read: what changes meanwhile
moves to the end and is read there, nothing can slip between two pages, and a page
that expired is simply asked for again. Elsewhere the server's own next links are
followed, and the type is read from its start again when one expired.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .base import AdapterError
from .fhir_rest_bundle import (
    fingerprint,
    instant,
    next_link,
    resources,
    stamp_of,
    total,
)
from .fhir_rest_probe import FRESH, TypePlan
from .http_source import HttpSource, HttpStatus, public_url

RESTARTS = 5  # without getting any further
WIDEST = 100
# finer than any server prints its stamps: what it rounds must not be passed over
ROUNDING = timedelta(milliseconds=2)


@dataclass(slots=True)
class Place:
    """Where the reading of a type stands; plain values, part of the run's cursor.

    :ivar start: stamp that the pages asked for now start at
    :ivar next: the server's own address of the next page
    :ivar high: newest stamp read so far
    :ivar opened: the server's clock when its first page was read
    :ivar stampless: a record came without a stamp, so no watermark can be given
    :ivar ordered: the pages came in the order they were asked for
    :ivar count: pages read since the window was opened
    :ivar mark: fingerprint of an earlier page, to notice a server that goes round
    :ivar wide: how many times larger the pages are asked for, where a full page
        comes without a next link
    :ivar history: its deletions are being read
    :ivar done: records read, over all types
    """

    type: str
    start: str | None = None
    next: str | None = None
    high: str | None = None
    opened: str | None = None
    stampless: bool = False
    ordered: bool = True
    count: int = 0
    mark: str = ""
    mark_at: int = 0
    restarts: int = 0
    wide: int = 1
    history: bool = False
    done: int = 0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def open(self, start: str | None) -> None:
        """Ask from ``start`` on; earlier next links are of no use then."""
        self.start, self.next = start, None
        self.count, self.mark, self.mark_at = 0, "", 0


class Window:
    """Reads the pages of one type.

    :param since: stamp to start at, None for the whole type
    :param params: further parameters of the search
    """

    def __init__(
        self,
        http: HttpSource,
        base: str,
        plan: TypePlan,
        place: Place,
        since: datetime | None,
        count: int,
        params: dict[str, str] | None = None,
    ):
        self.http, self.base, self.plan, self.place = http, base, plan, place
        self.since, self.params = since, params or {}
        self.count = count * place.wide

    def turn(self) -> tuple[list[Any], int, bool]:
        """The next page: its resources, its size, and whether it was the last."""
        place = self.place
        if place.start is None and place.next is None:
            place.start = utc(self.since) if self.since and self.plan.filters else None
        try:
            answer = self._ask()
        except HttpStatus as error:
            if place.next is None or error.status not in (400, 404, 410):
                raise
            self._restart()
            return [], 0, False
        place.opened = place.opened or utc(answer.date or _now())
        found = resources(answer, place.type)
        self._refuse_circles(found, answer.url)
        stamps = [instant(stamp_of(item)) for item in found]
        self._note(stamps)
        target = next_link(answer, self.base)
        last = self._advance(found, stamps, target, total(answer))
        place.done += len(found)
        return found, answer.size, last

    def watermark(self) -> datetime | None:
        """Up to where the type is here completely, once its last page was read.

        Never beyond the server's clock when the first page was asked for: what was
        changed since then may have been read before it was.
        """
        place = self.place
        if not self.plan.stamps or place.stampless or not place.high:
            return None
        high = instant(place.high)
        return min(high, instant(place.opened) or high)

    def _ask(self):
        place = self.place
        if place.next:
            return self.http.get_json(place.next, headers=FRESH)
        params = {"_count": str(self.count), **self.params}
        if place.start:
            params["_lastUpdated"] = f"ge{place.start}"
        if self._by_stamp():
            params["_sort"] = "_lastUpdated"
        url = f"{self.base}/{place.type}"
        return self.http.get_json(url, params=params, headers=FRESH)

    def _by_stamp(self) -> bool:
        plan = self.plan
        return plan.stamps and plan.filters and plan.sorts and self.place.ordered

    def _restart(self) -> None:
        """The server no longer knows the page: ask for the window again."""
        place = self.place
        place.restarts += 1
        if place.restarts > RESTARTS:
            raise AdapterError(
                "pages_expire", url=f"{self.base}/{place.type}", type=place.type
            )
        place.open(place.start)

    def _refuse_circles(self, found: list[Any], url: str) -> None:
        """Stop at a server that sends pages it sent before, however many lie between.

        One page is remembered at a time, twice as long each time (Brent).
        """
        place = self.place
        print_ = fingerprint(found, url)
        if place.count and print_ == place.mark:
            raise AdapterError("pages_in_circle", url=public_url(url), type=place.type)
        place.count += 1
        if place.count >= 2 * place.mark_at:
            place.mark, place.mark_at = print_, place.count

    def _note(self, stamps: list[datetime | None]) -> None:
        place = self.place
        known = [stamp for stamp in stamps if stamp]
        if len(known) < len(stamps):
            place.stampless = True
        if known:
            newest = max(known)
            if not place.high or newest > instant(place.high):
                place.high = utc(newest)

    def _advance(
        self,
        found: list[Any],
        stamps: list[datetime | None],
        target: str | None,
        told: int | None,
    ) -> bool:
        """Decide how the next page is asked for; True where there is none."""
        place = self.place
        if self._by_stamp() and found:
            if None in stamps or stamps != sorted(stamps):
                # not in order after all: what was passed over must be read
                place.ordered = False
                place.open(utc(self.since) if self.since else None)
                return False
            full = len(found) >= self.count or (told or 0) > len(found)
            start = _just_before(stamps[-1], stamp_of(found[-1]))
            if (target or full) and start > (place.start or ""):
                place.open(start)
                place.restarts = 0
                return False
        place.next = target
        if target is None and len(found) == self.count:
            return not self._widen(told)
        return target is None

    def _widen(self, told: int | None) -> bool:
        """A full page and no link to the next: ask for more at once, if there is more."""
        place = self.place
        if told == self.count:
            return False
        if place.wide >= WIDEST:
            raise AdapterError(
                "no_next_page", url=f"{self.base}/{place.type}", type=place.type
            )
        place.wide *= 10
        place.open(place.start)
        return True


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)


def utc(stamp: datetime) -> str:
    """A naive UTC stamp as FHIR writes it, sortable as text."""
    return f"{stamp.isoformat(timespec='milliseconds')}Z"


def _just_before(stamp: datetime, written: str | None) -> str:
    fine = "." in (written or "")
    return utc(stamp - ROUNDING if fine else stamp)
