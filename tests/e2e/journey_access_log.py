"""Every reading is one row of the access log, whatever worker answered it (F235).

Several readers open cards at the same time, through the web client's calls, JSON-RPC
and XML-RPC, at a server with two workers; rows are counted against readings, and each
row tells the address and the way.
"""

from __future__ import annotations

import json
import urllib.request
import xmlrpc.client
from concurrent.futures import ThreadPoolExecutor

from ..screens.shoot import session_id
from .demo import PASSWORD, demo_hospital
from .world import World

READERS = ("nurse", "desk", "agent", "vip")
ROUNDS = 25
PEOPLE = """
    SELECT f.partner_id FROM hcrm_person_company f
    JOIN res_company c ON c.id = f.company_id AND c.hcrm_code = 'HQ01'
    JOIN res_partner p ON p.id = f.partner_id AND p.hcrm_confidentiality IS NULL
    ORDER BY f.partner_id LIMIT %s
"""
ROWS = """
    SELECT u.login, l.channel, l.kind, count(*), count(DISTINCT l.person_ids),
           count(l.ip) FROM hcrm_access_log l JOIN res_users u ON u.id = l.user_id
    WHERE l.id > %s GROUP BY 1, 2, 3
"""


def run(world: World) -> None:
    with demo_hospital(world, "access_log", workers=2) as (database, url):
        count(world, database, url)


def count(world: World, database: str, url: str) -> None:
    people = [row[0] for row in world.sql(PEOPLE, [ROUNDS], database)]
    ((last,),) = world.sql(
        "SELECT COALESCE(max(id), 0) FROM hcrm_access_log", (), database
    )
    with ThreadPoolExecutor(len(READERS)) as pool:
        for done in pool.map(
            lambda login: _read(url, database, login, people), READERS
        ):
            assert done == len(people), "a reading was refused"
    found = {row[:3]: row[3:] for row in world.sql(ROWS, [last], database)}
    expected = {
        (login, channel, "card"): (len(people),) * 3
        for login in READERS
        for channel in ("web", "rpc")
    }
    for key, rows in expected.items():
        assert found.get(key) == rows, (
            f"{key}: {found.get(key)} rows, people and addresses; {rows} were read"
        )
    total = sum(rows[0] for rows in found.values())
    wanted = sum(rows[0] for rows in expected.values())
    assert total == wanted, f"{total} rows for {wanted} readings: {found}"
    print(f"  {wanted} readings by {len(READERS)} readers at once, {total} rows")


def _read(url: str, database: str, login: str, people: list[int]) -> int:
    """Open each card over the web client's call and over XML-RPC; return how many."""
    session = session_id(url, database, login, PASSWORD)
    common = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/common")
    uid = common.authenticate(database, login, PASSWORD, {})
    models = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/object", allow_none=True)
    done = 0
    for person in people:
        body = {
            "params": {
                "model": "res.partner",
                "method": "hcrm_get_card",
                "args": [person],
                "kwargs": {},
            }
        }
        request = urllib.request.Request(
            f"{url}/web/dataset/call_kw",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Cookie": f"session_id={session}"},
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            answer = json.load(response)
        card = models.execute_kw(
            database, uid, PASSWORD, "res.partner", "hcrm_get_card", [person]
        )
        done += "result" in answer and bool(card)
    return done
