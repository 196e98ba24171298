"""What staff feel at a million people: search, lists, the caller, the rule's cost."""

from __future__ import annotations

import time

from . import case_caller_http, million
from .world import World, median_ms

QUERIES = (
    "王",
    "王芳",
    "芳",
    "wangf",
    "wf",
    "4321",
    "M00004321",
    "1980-05-12",
    "qqqqzz",
)


def run(world: World, people: int) -> list[dict]:
    database = world.clone("million")
    with world.env(database) as env:
        million.build(env, people)
    _vacuum(world, database)
    login = _clerk(world, database)
    rows = []
    with world.env(database, login) as env:
        partners = env["res.partner"]
        for text in QUERIES:
            rows.append(
                _row(
                    f"name_search {text}",
                    lambda t=text: _fresh(partners).name_search(t, limit=8),
                )
            )
        for text in QUERIES:
            domain = [("display_name", "ilike", text)]
            rows.append(_row(f"list {text}", lambda d=domain: _list(partners, d)))
        rows.append(
            _row("list, no filter, with the rule", lambda: _list(partners, []), None)
        )
        rows.append(
            _row(
                "  the same as superuser",
                lambda: _list(partners.sudo(), [("hcrm_metrics_id", "!=", False)]),
                None,
            )
        )
        rows.append(_caller(env, people))
        rows.append(_size(env, people))
    return rows + case_caller_http.run(world, database, people)


def _vacuum(world: World, database: str) -> None:
    import psycopg2

    connection = psycopg2.connect(world.dsn(database))
    connection.autocommit = True
    with connection.cursor() as cr:
        cr.execute("VACUUM ANALYZE")
    connection.close()


def _clerk(world: World, database: str) -> str:
    """A front desk user: not an administrator, one company."""
    with world.env(database) as env:
        env["res.users"].create(
            {
                "name": "Bench clerk",
                "login": "bench_clerk",
                "group_ids": [(6, 0, [env.ref("hcrm_core.group_front_desk").id])],
            }
        )
    return "bench_clerk"


def _fresh(partners):
    partners.env.invalidate_all()
    return partners


def _list(partners, domain):
    """What a list view asks for: 80 rows and a bounded count."""
    return _fresh(partners).web_search_read(
        domain,
        {"name": {}, "hcrm_gender": {}, "hcrm_birthdate": {}, "phone": {}},
        limit=80,
        count_limit=10001,
    )


def _row(name: str, call, target: float | None = 100) -> dict:
    middle, worst = median_ms(call)
    return {
        "case": name,
        "raw": "",
        "ours": f"{middle:.1f} ms (worst {worst:.1f})",
        "ratio": None,
        "target": f"under {target} ms" if target else "",
        "note": "" if not target or middle < target else "MISSED",
    }


def _caller(env, people: int) -> dict:
    """p50 and p99 of the caller lookup inside the server, and the bare index probe."""
    seen, floor = [], []
    step = max(1, people // 500)
    env["res.partner"].hcrm_find_by_phone("19900000001")
    missed = 0
    for number in range(step // 3, people, step):
        phone = f"199{number:08d}"
        start = time.perf_counter()
        env.cr.execute(
            "SELECT partner_id FROM hcrm_contact_point WHERE number = %s",
            [f"+86{phone}"],
        )
        env.cr.fetchall()
        floor.append((time.perf_counter() - start) * 1000)
        start = time.perf_counter()
        found = env["res.partner"].hcrm_find_by_phone(phone)
        seen.append((time.perf_counter() - start) * 1000)
        missed += not found
    if missed > len(seen) / 100:  # a few numbers look like placeholders
        raise RuntimeError(f"{missed} of {len(seen)} numbers were not found")
    seen.sort()
    floor.sort()
    p50, p99 = seen[len(seen) // 2], seen[int(len(seen) * 0.99)]
    return {
        "case": f"find by phone, {people:,} contact points",
        "raw": f"{floor[len(floor) // 2]:.2f} ms",
        "ours": f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
        "ratio": p50 / floor[len(floor) // 2],
        "target": "p99 under 3 ms",
        "note": "" if p99 < 3 else "MISSED",
    }


def _size(env, people: int) -> dict:
    env.cr.execute("SELECT pg_database_size(current_database())")
    return {
        "case": "bytes per person (no facts)",
        "raw": "",
        "ours": f"{env.cr.fetchone()[0] / people:,.0f}",
        "ratio": None,
        "target": "",
        "note": "whole database",
    }
