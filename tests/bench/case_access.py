"""What the access log adds to a page: card and lists of the demo hospital."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from .case_import import _source, _whole_run
from .server import Client, install, served, timed_ms
from .world import World

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 150
LIMIT = 0.05
CALL = "/web/dataset/call_kw/res.partner"
LIST = {
    **{name: {} for name in ("active", "hcrm_is_vip", "display_name", "hcrm_gender")},
    **{name: {} for name in ("hcrm_age", "hcrm_mrn", "hcrm_phone_tail", "city")},
    **{name: {} for name in ("hcrm_last_visit", "hcrm_birthdate", "hcrm_status")},
    "hcrm_class_id": {"fields": {"display_name": {}}},
    "hcrm_owner_id": {"fields": {"display_name": {}}},
    "category_id": {"fields": {"display_name": {}, "color": {}}},
}


def run(world: World) -> list[dict]:
    database = world.clone("access")
    people = _fill(world, database)
    install(world, database)
    with served(world, database) as port:
        client = Client(port)
        client.login(database, "bench_nurse", "bench_nurse")
        rows = [
            _row(client, name, requests, people)
            for name, requests in (
                ("card of a person", _card),
                ("timeline of a person", _timeline),
                ("list of people", _list),
                ("form of a person with its notes", _form),
                ("what is typed into the search box", _search),
            )
        ]
    return rows


def _fill(world: World, database: str) -> list[int]:
    """Load the demo hospital; return the people with most facts."""
    with tempfile.TemporaryDirectory(prefix="hcrm_bench_") as folder:
        prepare = [sys.executable, str(ROOT / "data" / "prepare.py"), "--out", folder]
        subprocess.run(prepare, check=True, stdout=subprocess.DEVNULL)
        with world.env(database) as env:
            source = _source(env, folder)
        _whole_run(world, database, source)
    with world.env(database) as env:
        groups = ("hcrm_core.group_nurse", "hcrm_core.group_clinical_all")
        env["res.users"].create(
            {
                "name": "Bench nurse",
                "login": "bench_nurse",
                "password": "bench_nurse",
                "group_ids": [(6, 0, [env.ref(group).id for group in groups])],
                "company_id": env.company.id,
                "company_ids": [(6, 0, env.company.ids)],
            }
        )
        seen = [
            ("partner_id.hcrm_confidentiality", "=", False),
            ("company_id", "=", env.company.id),
        ]
        found = env["hcrm.observation"]._read_group(
            seen, ["partner_id"], order="__count desc", limit=100
        )
        return [partner.id for (partner,) in found]


def _row(client, name, requests, people) -> dict:
    """Ask with and without the log in turns, so that both see the same machine."""
    without, with_log = [], []
    for number in range(ROUNDS + 10):
        person = people[number % len(people)]
        first, second = (without, with_log) if number % 2 else (with_log, without)
        for times in (first, second):
            headers = {"X-Bench-No-Log": "1"} if times is without else {}
            spent = timed_ms(lambda p=person, h=headers: requests(client, p, h))
            if number >= 10:  # both workers are warm
                times.append(spent)
    floor = statistics.median(without)
    # of each pair, so that a slow person or a busy second weighs on both alike
    added = statistics.median(
        mine - bare for mine, bare in zip(with_log, without, strict=True)
    )
    share = added / floor
    return {
        "case": f"access log: {name}",
        "raw": f"without {floor:.1f} ms",
        "ours": f"with {floor + added:.1f} ms",
        "ratio": 1 + share,
        "target": "at most 1.05",
        "note": "" if share <= LIMIT else "MISSED",
    }


def _call(client, method, headers, *args, **kwargs):
    params = {"model": "res.partner", "method": method, "args": args, "kwargs": kwargs}
    return client.call(f"{CALL}/{method}", params, **headers)


def _card(client, person, headers):
    _call(client, "hcrm_get_card", headers, partner_id=person)


def _timeline(client, person, headers):
    _call(client, "hcrm_get_timeline", headers, partner_id=person, limit=40)


def _list(client, _person, headers):
    _call(
        client,
        "web_search_read",
        headers,
        [["hcrm_metrics_id", "!=", False]],
        LIST,
        order="id DESC",
        limit=80,
        count_limit=10001,
    )


def _form(client, person, headers):
    fields = {
        **LIST,
        "street": {},
        "phone": {},
        "email": {},
        "hcrm_identifier_ids": {"fields": {"type_id": {}, "value_masked": {}}},
        "hcrm_contact_point_ids": {"fields": {"value": {}, "whose": {}, "use": {}}},
        "hcrm_relation_ids": {"fields": {"kind": {}}},
    }
    _call(client, "web_read", headers, [person], fields)
    thread = {"thread_model": "res.partner", "thread_id": person}
    client.call(
        "/mail/thread/messages", {**thread, "fetch_params": {"limit": 30}}, **headers
    )
    asked = {**thread, "access_params": {}, "request_list": ["followers", "activities"]}
    client.call("/mail/data", {"fetch_params": [["mail.thread", asked]]}, **headers)


def _search(client, _person, headers):
    _call(client, "hcrm_desk_search", headers, "王伟")
