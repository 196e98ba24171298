"""Four clients push the same people at once over JSON-2: each becomes one person.

A push that had to wait for another starts over on what that one left; no call fails,
nobody is made twice, nothing goes to the quarantine.
"""

from __future__ import annotations

import threading
from collections import Counter

import requests

from .shell import Shell
from .world import World

CLIENTS = 4
PUSHES = 3
PEOPLE = 10

SEED = """
from datetime import datetime, timedelta
with env.registry.cursor() as cr:
    e = env(cr=cr)
    group = e.ref("hcrm_core.group_integrator")
    user = e["res.users"].create(
        {"name": "Pusher", "login": "pusher", "group_ids": [(6, 0, group.ids)]})
    source = e["hcrm.feed.source"].create(
        {"name": "Pushed", "kind": "push", "push_user_ids": [(6, 0, user.ids)]})
    key = e["res.users.apikeys"].with_user(user)._generate(
        "rpc", "push", datetime.now() + timedelta(days=1))
    answer({"key": key, "source": source.id})
"""


def run(world: World) -> None:
    seed = Shell(world, world.database).run(SEED)
    answers: list[tuple[int, Counter | str]] = []
    clients = [
        threading.Thread(target=_push, args=(world, seed["key"], answers))
        for _number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    failed = [answer for status, answer in answers if status != 200]
    assert not failed, f"calls failed: {failed[:3]}"
    results = sum((answer for _status, answer in answers), Counter())
    people = PEOPLE + (PUSHES - 1) * PEOPLE // 2
    assert results["created"] == people, results
    assert set(results) == {"created", "unchanged"}, results
    ((made, distinct),) = world.sql(
        "SELECT count(*), count(DISTINCT res_id) FROM hcrm_feed_identity"
        " WHERE source_id = %s",
        [seed["source"]],
    )
    assert made == distinct == people, f"{made} records became {distinct} people"
    ((runs, read),) = world.sql(
        "SELECT count(*), sum(count_read) FROM hcrm_feed_run WHERE source_id = %s",
        [seed["source"]],
    )
    assert (runs, read) == (1, CLIENTS * PUSHES * PEOPLE), (runs, read)
    print(f"  {CLIENTS} clients, {read} records: {dict(results)}")


def _push(world: World, key: str, answers: list) -> None:
    for turn in range(PUSHES):
        start = turn * PEOPLE // 2
        response = requests.post(
            f"http://127.0.0.1:{world.port}/json/2/hcrm.feed.source/hcrm_push",
            json={"resources": [_person(start + n) for n in range(PEOPLE)]},
            headers={
                "Authorization": f"Bearer {key}",
                "X-Odoo-Database": world.database,
            },
            timeout=300,
        )
        said = response.text[:200]
        if response.status_code == 200:
            said = Counter(row["result"] for row in response.json()["records"])
        answers.append((response.status_code, said))


def _person(number: int) -> dict:
    return {
        "resourceType": "Patient",
        "id": f"push-{number}",
        "name": [{"text": f"Pushed {number}"}],
        "identifier": [
            {"type": {"coding": [{"code": "PPN"}]}, "value": f"EP{number:07d}"}
        ],
    }
