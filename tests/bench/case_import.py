"""First load, re-import and people alone, each beside its raw limit."""

from __future__ import annotations

import hashlib
import io
import json
import resource
import time

import psycopg2

from . import load_import, raw_import
from .world import World, peak_mb


def run(world: World, folder: str, load_sample: int) -> list[dict]:
    """Loads and re-import of whole files, and people against Odoo's own import."""
    return [*loads(world, folder), _against_load(world, folder, load_sample)]


def loads(world: World, folder: str) -> list[dict]:
    """First load and unchanged re-import of a folder, each beside its raw limit."""
    raw = _raw(world, folder)
    ours = _ours(world, folder)
    people = raw["counts"]["Patient"]
    rows = [
        {
            "case": f"first load, {people:,} people, {ours['read']:,} records",
            "raw": f"{raw['seconds']:.1f} s",
            "ours": f"{ours['seconds']:.1f} s",
            "ratio": ours["seconds"] / raw["seconds"],
            "target": "at most 3",
            "note": f"raw {raw['clock']}; ours CPU {ours['cpu']}, writer {ours['path']}, "
            f"peak {ours['peak']:.0f} MB (page 1: {ours['first_peak']:.0f} MB)",
        }
    ]
    anti = _raw_anti_join(world, ours["database"], folder)
    again = _again(world, ours["database"], ours["source"])
    rows.append(
        {
            "case": f"unchanged re-import, {people:,} people",
            "raw": f"{anti['rate']:,.0f} records/s",
            "ours": f"{again['rate']:,.0f} records/s",
            "ratio": again["rate"] / anti["rate"],
            "target": "at least 0.3",
            "note": f"rows rewritten: {again['rewritten']}",
        }
    )
    return rows


def _against_load(world: World, folder: str, load_sample: int) -> dict:
    load = load_import.run(world, folder, load_sample)
    people = _people_rate(world, folder)
    return {
        "case": "people with their places against load()",
        "raw": f"load() {load['rate']:,.0f} people/s",
        "ours": f"{people['rate']:,.0f} people/s",
        "ratio": people["rate"] / load["rate"],
        "target": "at least 5",
        "note": f"writer {people['path']}{people['reason'] or ''}; rows and cells a "
        f"person: load() {load['wrote']}; ours {people['wrote']}",
    }


def _raw(world: World, folder: str) -> dict:
    database = world.clone("raw")
    with world.env(database) as env:
        source = _source(env, folder)
        company = env["res.company"].search([], limit=1, order="id").id
    start = time.perf_counter()
    counts, clock = raw_import.run(world.dsn(database), folder, company, source)
    return {
        "seconds": time.perf_counter() - start,
        "counts": counts,
        "clock": ", ".join(f"{key} {value:.1f} s" for key, value in clock.items()),
    }


def _source(env, folder: str) -> int:
    env["ir.config_parameter"].set_param("hcrm_core.feed_roots", folder)
    values = {"name": "Bench", "kind": "fhir_file", "path": folder}
    return env["hcrm.feed.source"].create(values).id


def _ours(world: World, folder: str) -> dict:
    database = world.clone("ours")
    with world.env(database) as env:
        source = _source(env, folder)
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    result = _whole_run(world, database, source)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime - before.ru_utime - before.ru_stime
    return {
        **result,
        "seconds": time.perf_counter() - start,
        "cpu": f"{cpu:.1f} s",
        "peak": peak_mb(),
        "database": database,
        "source": source,
    }


def _whole_run(world: World, database: str, source: int) -> dict:
    """Run a source page by page, each page in a transaction of its own."""
    with world.env(database) as env:
        run_id = env["hcrm.feed.source"].browse(source)._start_run(enqueue=False).id
    first_peak = 0.0
    while True:
        with world.env(database) as env:
            feed_run = env["hcrm.feed.run"].browse(run_id)
            feed_run._run_now(max_pages=1)
            state = feed_run.state
            first_peak = first_peak or peak_mb()
            if state not in ("queued", "running"):
                return {
                    "read": feed_run.count_read,
                    "path": feed_run.writer_path,
                    "reason": feed_run.writer_reason,
                    "state": state,
                    "first_peak": first_peak,
                }


def _raw_anti_join(world: World, database: str, folder: str) -> dict:
    """Read, hash, COPY and anti-join on the hash, as a script would do it."""
    start, count = time.perf_counter(), 0
    with psycopg2.connect(world.dsn(database)) as cn, cn.cursor() as cr:
        cr.execute("CREATE TEMP TABLE again (kind text, ext text, hash bytea)")
        for kind in raw_import.TABLES:
            buffer = io.StringIO()
            for line in raw_import.lines(folder, kind):
                ext = json.loads(line)["id"]
                buffer.write(f"{kind}\t{ext}\t\\\\x{hashlib.md5(line).hexdigest()}\n")
                count += 1
            buffer.seek(0)
            cr.copy_expert("COPY again FROM STDIN", buffer)
        cr.execute(
            "SELECT count(*) FROM again a WHERE NOT EXISTS (SELECT 1 FROM hcrm_feed_identity i"
            " WHERE i.res_type = a.kind AND i.ext_id = a.ext AND i.content_hash = a.hash)"
        )
    return {"rate": count / (time.perf_counter() - start)}


def _again(world: World, database: str, source: int) -> dict:
    before = _updated(world, database)
    start = time.perf_counter()
    result = _whole_run(world, database, source)
    rate = result["read"] / (time.perf_counter() - start)
    return {"rate": rate, "rewritten": _updated(world, database) - before}


def _updated(world: World, database: str) -> int:
    """Rows written so far in the tables of people and facts."""
    # an idle session hands over the last of its figures after ten seconds
    time.sleep(11)
    with psycopg2.connect(world.dsn(database)) as cn, cn.cursor() as cr:
        cr.execute("SELECT pg_stat_clear_snapshot()")
        cr.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE"
            " relname = 'res_partner' OR relname LIKE 'hcrm\\_%' AND relname NOT LIKE"
            " 'hcrm\\_feed\\_%'"
        )
        return int(cr.fetchone()[0])


def _people_rate(world: World, folder: str) -> dict:
    """People of the folder through the product's writer, nothing else."""
    database = world.clone("people")
    with world.env(database) as env:
        source = _source(env, folder)
        env["hcrm.feed.source"].browse(source).write(
            {"only_types": "Organization Location Patient"}
        )
    before = load_import.contents(world, database)
    start = time.perf_counter()
    result = _whole_run(world, database, source)
    rate = result["read"] / (time.perf_counter() - start)
    return {
        **result,
        "rate": rate,
        "wrote": load_import.wrote(before, load_import.contents(world, database)),
    }
