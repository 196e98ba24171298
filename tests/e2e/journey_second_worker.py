"""Another worker sees people written in sets as it sees those of the ORM.

The running server has read the people before; a second process writes them, in sets
and by the ORM, and the server must answer the same for both, from its own caches.
"""

from __future__ import annotations

import os
import subprocess
import sys

from .world import LOG, World

SCRIPT = """
from odoo.addons.hcrm_core.feed_adapters.canonical import Row
from odoo.addons.hcrm_core.models.feed.people_columns import IMPORT_CONTEXT
with env.registry.cursor() as cr:  # leaves with a commit, or with nothing
    env = env(cr=cr)
    source = env["hcrm.feed.source"].search([("name", "=", "Second worker")], limit=1)
    company = source.company_id
    rows = []
    for number in range({count}):
        mail = f"worker{{number}}.{turn}@example.com"
        rows.append(Row("Patient", f"w{{number}}", company.id, {{
            "name": f"Worker {{number}} {turn}",
            "gender": "female",
            "city": "Town {turn}",
            "contacts": [{{"system": "email", "value": mail}}],
        }}))
    Identity = env["hcrm.feed.identity"]
    for row in rows:
        row.res_id = Identity.search(
            [("source_id", "=", source.id), ("ext_id", "=", row.ext_id)]).res_id
    written = env["hcrm.feed.people.writer"]._write_rows(source, rows)
    assert written.path == "sql" and not written.problems, written
    Partner = env["res.partner"].with_context(**IMPORT_CONTEXT)
    for row in rows:
        if not row.res_id:
            Identity.create({{
                "source_id": source.id, "res_type": row.type, "ext_id": row.ext_id,
                "res_model": "res.partner", "res_id": written.ids[row.ext_id]}})
        person = Partner.browse(written.ids[row.ext_id])
        vals = {{name: person[name] for name in ("name", "hcrm_gender", "city", "email")}}
        twin = Partner.search([("ref", "=", f"twin {{row.ext_id}}")])
        if twin:
            twin.write(vals)
        else:
            Partner.create({{**vals, "ref": f"twin {{row.ext_id}}"}})
"""
COUNT = 5
# what tells two people apart, and what the suite keeps of a person beside it
OWN = {
    "id",
    "ref",
    "commercial_partner_id",
    "self",
    "calendar_last_notif_ack",
    "create_date",
    "write_date",
    "avatar_cache_key",
}


def run(world: World) -> None:
    client = world.rpc()
    client.env["hcrm.feed.source"].create({"name": "Second worker"})
    _write(world, "first")
    seen = _read(client)
    _compare(seen, "first")
    _write(world, "second")
    seen = _read(client)
    _compare(seen, "second")
    print(f"  {COUNT} people in two versions, {len(seen[0][0])} fields each")


def _write(world: World, turn: str) -> None:
    """Write the people and their twins in a process of its own."""
    path = LOG / "second-worker.log"
    command = [sys.executable, "-m", "odoo", "shell", "-c", world.conf]
    command += ["-d", world.database, "--no-http"]
    with open(path, "ab") as stream:
        code = subprocess.run(
            command,
            input=SCRIPT.format(count=COUNT, turn=turn).encode(),
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=dict(os.environ),
            check=False,
        ).returncode
    assert code == 0, f"the second process failed, see {path}"


def _read(client) -> list[tuple[dict, dict]]:
    """Return pairs of a person and its twin as the server answers them."""
    Partner = client.env["res.partner"]
    names = [
        name
        for name, field in Partner.fields_get([], ["type"]).items()
        if not name.startswith("hcrm_") and field["type"] not in ("binary", "one2many")
    ]
    pairs = []
    for number in range(COUNT):
        ids = Partner.search(
            [("name", "=like", f"Worker {number} %")], order="ref nulls first"
        )
        assert len(ids) == 2, f"the server finds {len(ids)} of person {number} and twin"
        pairs.append(tuple(Partner.read(ids, names)))
    return pairs


def _compare(pairs: list[tuple[dict, dict]], turn: str) -> None:
    for person, twin in pairs:
        for word in (person["display_name"], person["email_normalized"]):
            assert turn in word, f"the server still answers {word}"
        different = {
            name: (person[name], twin[name])
            for name in person.keys() - OWN
            if person[name] != twin[name]
        }
        assert not different, f"the server answers differently: {different}"
