"""A database of the last release with patients comes to this one by ``-u``.

No warning, no row lost or changed, no constraint invalid, and the same tables, columns,
indexes and constraints as a fresh installation has; the same files read again change
nothing (DESIGN.md section 8). The release is the last tag, or a commit named by
HCRM_UPGRADE_FROM.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from .world import LOG, ROOT, World

# what stands for a release as long as none is tagged
BEFORE_THE_FIRST = "bf0d3f0"
PATIENTS = 500
LOAD = """
with env.registry.cursor() as cr:  # leaves with a commit, or with nothing
    Source = env(cr=cr)["hcrm.feed.source"]
    source = Source.search([("name", "=", "Upgrade")], limit=1) or Source.create(
        {{"name": "Upgrade", "kind": "fhir_file", "path": {path!r}}})
    run = source._start_run(enqueue=False)
    assert run._run_now(), run.message
    print("RUN", run.count_read, run.count_new, run.count_changed)
"""
# tables of ours, and the contacts, with the columns that they have now
COLUMNS = """
SELECT table_name, array_agg(column_name::text ORDER BY column_name)
  FROM information_schema.columns
 WHERE table_schema = 'public' AND column_name NOT IN ('write_date', 'write_uid')
   AND (table_name = 'res_partner' OR table_name LIKE 'hcrm\\_%%')
   AND table_name IN (SELECT relname FROM pg_class WHERE relkind = 'r')
 GROUP BY table_name ORDER BY table_name
"""
# what a release may say anew about its own settings; rows of patients never change
SETTINGS = {"hcrm_event_kind", "hcrm_identifier_type", "hcrm_person_class"}
SCHEMA = {
    "columns": "SELECT table_name || '.' || column_name || ' ' || data_type || ' '"
    " || is_nullable FROM information_schema.columns"
    " WHERE table_schema = 'public' AND table_name LIKE 'hcrm\\_%%'",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'hcrm\\_%%'",
    "constraints": "SELECT conrelid::regclass || ' ' || conname || ' '"
    " || pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conrelid::regclass::text LIKE 'hcrm\\_%%'",
}


def run(world: World) -> None:
    with _release() as old, world.clone_of_base("upgrade") as database:
        hospital = _make_hospital(world, database)
        _odoo(world, old, database, "upgrade-old", "-i", "hcrm_core")
        first = _load(world, old, database, hospital)
        print(f"  release: {first[0]} records read, {first[1]} new")
        before = _rows(world, database, world.sql(COLUMNS, database=database))
        log = _odoo(world, ROOT, database, "upgrade-new", "-u", "hcrm_core")
        _check_log(log)
        after = _rows(world, database, [(t, row[2]) for t, row in before.items()])
        _compare(before, after)
        _check_schema(world, database)
        again = _load(world, ROOT, database, hospital)
        assert again[1:] == [0, 0], f"the same files bring {again[1:]} new and changed"
        total = sum(row[0] for row in after.values())
        print(
            f"  {len(after)} tables, {total} rows as before; the files say nothing new"
        )


@contextmanager
def _release():
    """The code of the release, in a folder of its own."""
    name = os.environ.get("HCRM_UPGRADE_FROM") or _last_tag() or BEFORE_THE_FIRST
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "release.tar"
        code = subprocess.run(
            ["git", "archive", "-o", str(archive), name, "hcrm_core"],
            cwd=ROOT,
            check=False,
        ).returncode
        assert code == 0, (
            f"the commit {name} is not in this clone: fetch the whole history, or name"
            " another one: HCRM_UPGRADE_FROM=COMMIT make e2e ARGS=upgrade"
        )
        shutil.unpack_archive(archive, folder)
        print(f"  from {name}")
        yield Path(folder)


def _last_tag() -> str:
    found = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    return found.stdout.strip()


def _make_hospital(world: World, database: str) -> Path:
    folder = world.data_dir / "hcrm_feed" / database / "upload" / "hospital"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "data.generate", "--patients", str(PATIENTS)),
            *("--seed", "11", "--until", "2026-11-01", "--facts", "5"),
            *("--out", str(folder)),
        ],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder


def _addons_path(world: World, code: Path) -> str:
    parser = configparser.RawConfigParser()
    parser.read(world.conf)
    others = parser["options"]["addons_path"].split(",")
    return ",".join([str(code), *(path for path in others if path != str(ROOT))])


def _odoo(world: World, code: Path, database: str, log: str, *args: str) -> Path:
    path = LOG / f"{log}.log"
    path.unlink(missing_ok=True)
    addons = _addons_path(world, code)
    args = (*args, "--stop-after-init", "--no-http", "--addons-path", addons)
    world.odoo(log, "-c", world.conf, "-d", database, *args)
    return path


def _load(world: World, code: Path, database: str, hospital: Path) -> list[int]:
    """Read the files in a process of its own; (read, new, changed)."""
    command = [sys.executable, "-m", "odoo", "shell", "-c", world.conf, "-d", database]
    command += ["--no-http", "--addons-path", _addons_path(world, code)]
    found = subprocess.run(
        command,
        input=LOAD.format(path=str(hospital)),
        check=False,
        capture_output=True,
        text=True,
    )
    match = re.search(r"RUN (\d+) (\d+) (\d+)", found.stdout)
    assert match, f"the files could not be read: {found.stderr[-2000:]}"
    return [int(number) for number in match.groups()]


def _rows(world: World, database: str, tables) -> dict[str, tuple]:
    """Table -> (rows, digest of their content in these columns, the columns)."""
    found = {}
    for table, columns in tables:
        row = ", ".join(f"COALESCE({name}::text, '~')" for name in columns)
        statement = (
            "SELECT count(*), md5(COALESCE(string_agg(h, '' ORDER BY h), '')) FROM"
            f" (SELECT md5(concat_ws('|', {row})) AS h FROM {table}) t"
        )
        count, digest = world.sql(statement, database=database)[0]
        found[table] = (count, digest, columns)
    return found


def _compare(before: dict, after: dict) -> None:
    fewer = {
        table: (row[0], after[table][0])
        for table, row in before.items()
        if after[table][0] < row[0]
    }
    assert not fewer, f"rows are missing after the upgrade: {fewer}"
    changed = [
        table
        for table, row in before.items()
        if after[table][:2] != row[:2] and table not in SETTINGS
    ]
    assert not changed, f"the upgrade changed rows of {', '.join(changed)}"


def _check_log(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    bad = [line for line in lines if re.search(r" (WARNING|ERROR|CRITICAL) ", line)]
    assert not bad, f"the upgrade is not silent: {bad[:10]}"


def _check_schema(world: World, database: str) -> None:
    """The upgraded database is built as a fresh one, and every constraint holds."""
    for what, statement in SCHEMA.items():
        fresh = {row[0] for row in world.sql(statement)}
        upgraded = {row[0] for row in world.sql(statement, database=database)}
        missing = sorted(fresh - upgraded)
        assert not missing, f"{what} missing after the upgrade: {missing[:10]}"
    invalid = world.sql(
        "SELECT conname FROM pg_constraint WHERE NOT convalidated", database=database
    )
    assert not invalid, f"constraints that were not validated: {invalid}"
