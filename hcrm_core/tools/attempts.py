"""How often somebody tried in vain, in this process; no ORM."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Hashable
from math import ceil

MAX_SOURCES = 10_000


class Attempts:
    """Count vain attempts per source, and tell how long one that has had its share
    must wait.

    Kept in memory: each worker counts for itself, a restart forgets. What it guards
    must be too long to guess anyway.
    """

    def __init__(self, limit: int, seconds: int, clock=time.monotonic):
        self.limit, self.seconds, self._clock = limit, seconds, clock
        self._seen: dict[Hashable, deque[float]] = {}
        self._lock = threading.Lock()

    def note(self, source: Hashable) -> None:
        """Keep one vain attempt; the oldest sources are forgotten when many try."""
        with self._lock:
            times = self._seen.pop(source, None) or deque(maxlen=self.limit)
            times.append(self._clock())
            self._seen[source] = times
            while len(self._seen) > MAX_SOURCES:
                del self._seen[next(iter(self._seen))]

    def wait(self, source: Hashable) -> int:
        """Return the seconds to wait, 0 for who may try now."""
        if source not in self._seen:
            return 0
        with self._lock:
            times = self._seen.get(source) or ()
            if len(times) < self.limit:
                return 0
            left = times[0] + self.seconds - self._clock()
            if left <= 0:
                del self._seen[source]
            return max(0, ceil(left))
