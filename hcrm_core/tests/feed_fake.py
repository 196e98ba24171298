"""A HIS of a dict of resources: it lists ids, forgets, returns and lies on demand."""

import copy

from odoo.addons.hcrm_core.feed_adapters import base
from odoo.addons.hcrm_core.feed_adapters.canonical import WRITE_ORDER, IdPage, Page
from odoo.addons.hcrm_core.feed_adapters.fhir_record import record_from_data

_ORDER = {name: index for index, name in enumerate(WRITE_ORDER)}


class FakeHis:
    """``resources``: (type, id) -> FHIR resource, read in writing order.

    :ivar loops: the first page is answered for ever, under ever new cursors
    :ivar total: what it says it holds
    :ivar ghosts: (type, id) that are listed and never answered
    :ivar hidden: types whose ids are told, but never as complete
    """

    def __init__(self, records=()):
        self.resources = {}
        self.loops = False
        self.hidden = set()
        self.ghosts = []
        self.total = 0
        self.since = []
        self.put(*records)

    def put(self, *records):
        for record in records:
            self.resources[record["resourceType"], record["id"]] = record

    def drop(self, *keys):
        for key in keys:
            del self.resources[key]

    def __call__(self, config):
        return _Adapter(self, config)


class _Adapter:
    def __init__(self, his, config):
        self.his, self.since = his, config.since
        his.since.append(config.since)

    def prepare(self):
        pass

    def cleanup(self):
        pass

    def _keys(self):
        return sorted(self.his.resources, key=lambda key: (_ORDER[key[0]], key[1]))

    def _slice(self, keys, cursor, limit):
        start = 0 if self.his.loops else (cursor or {}).get("at", 0)
        rest = keys[start + limit :]
        count = (cursor or {}).get("at", 0) + limit
        return keys[start : start + limit], {"at": count} if rest else None

    def pages(self, cursor, limit):
        records, stamps = [], {}
        keys, after = self._slice(self._keys(), cursor, limit)
        for key in keys:
            data = copy.deepcopy(self.his.resources[key])
            record = record_from_data(data, "")
            at = record.updated_at
            if at and key[0] in self.since and at < self.since[key[0]]:
                continue
            records.append(record)
            if at:
                stamps[key[0]] = max(at, stamps.get(key[0], at))
        done = (cursor or {}).get("at", 0) + len(records)
        yield Page(records, after, done, self.his.total, stamps)

    def ids(self, cursor, limit):
        keys = self._keys() + self.his.ghosts
        keys, after = self._slice(keys, cursor, limit)
        done = frozenset()
        if after is None:
            done = frozenset(_ORDER) - self.his.hidden
        yield IdPage(keys, after, done)


class FakeHisMixin:
    """``self.his`` is what sources of the kind ``fhir_file`` read in these tests."""

    def setUp(self):
        super().setUp()
        self.his = FakeHis()
        self.patch(base, "_registry", {**base._registry, "fhir_file": self.his})
        base.LISTING.add("fhir_file")
        self.addCleanup(base.LISTING.discard, "fhir_file")

    def _read(self, mode="full", expect="done"):
        """One run of the source through all its steps."""
        run = self.source._start_run(enqueue=False, mode=mode)
        run._run_now()
        self.assertEqual(run.state, expect, run.message)
        return run
