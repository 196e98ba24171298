"""A telephone system asks over HTTP who is calling, beside an empty request."""

from __future__ import annotations

import json
import statistics

from .server import Client, install, served, timed_ms
from .world import World

ASKED = 600


def run(world: World, database: str, people: int) -> list[dict]:
    """Measure on a database of a million people (``case_search``)."""
    secret = _secret(world, database)
    install(world, database)
    with served(world, database) as port:
        empty, ours, found = _measure(Client(port), secret, people)
    if found < ASKED * 0.99:  # a few numbers look like placeholders
        raise RuntimeError(f"{ASKED - found} of {ASKED} numbers were not found")
    floor, p50 = statistics.median(empty), statistics.median(ours)
    p99 = sorted(ours)[int(len(ours) * 0.99)]
    return [
        {
            "case": "caller_http, 2 workers",
            "raw": f"empty request p50 {floor:.2f} ms",
            "ours": f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
            "ratio": p50 / floor,
            "target": "at most 1.6",
            "note": "" if p50 <= 1.6 * floor else "MISSED",
        }
    ]


def _secret(world: World, database: str) -> str:
    with world.env(database) as env:
        user = env["res.users"].create(
            {
                "name": "Bench PBX",
                "login": "bench_pbx",
                "group_ids": [(6, 0, [env.ref("hcrm_core.group_integrator").id])],
            }
        )
        return (
            env["hcrm.integration"]
            .create({"name": "Bench PBX", "user_id": user.id})
            ._make_secret()
        )


def _measure(client: Client, secret: str, people: int):
    """Ask and do nothing in turns, so that both see the same machine."""
    empty, ours, found = [], [], 0
    headers = {"Authorization": f"Bearer {secret}"}
    step = people // ASKED
    for number in range(ASKED + 50):
        asked = {"number": f"199{number * step % people + step // 3:08d}"}
        nothing = timed_ms(lambda: client.post("/hcrm_bench/empty"))
        answers = []
        spent = timed_ms(
            lambda a=asked, to=answers: to.append(
                client.post("/hcrm/caller", a, **headers)
            )
        )
        status, answer = answers[0]
        if status != 200:
            raise RuntimeError(f"/hcrm/caller: {status} {answer!r}")
        if number >= 50:  # both workers are warm
            empty.append(nothing)
            ours.append(spent)
            found += bool(json.loads(answer)["callers"])
    return empty, ours, found
