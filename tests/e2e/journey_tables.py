"""R2: the demo hospital through SELECTs over PostgreSQL and MariaDB, and as FHIR files.

The hospital is written into tables as a Chinese HIS would hold it (tests of
hcrm_core: table_his.py): in PostgreSQL in a database that knows no encoding, as
GB18030 bytes; in MariaDB in GBK, with GB18030 bytes where GBK has no character. All
three ways give the same state hash; no row was written, and the roles could not.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pymysql

from .mariadb import mariadb, root
from .world import LOG, ROOT, World

READER, SECRET = "his_reader", "reads-only"
CHANGED = "上海市嘉定区"
# runs in Odoo's shell: makes the source, reads it to its end, tells what came of it
SCRIPT = """
import importlib.util, json, sys, time
settings = json.loads({settings!r})
spec = importlib.util.spec_from_file_location("demo_setup", settings["setup"])
demo_setup = sys.modules["demo_setup"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(demo_setup)

def read(mode):
    with env.registry.cursor() as cr:
        source = env(cr=cr)["hcrm.feed.source"].browse(source_id)
        run_id = source._start_run(enqueue=False, mode=mode).id
    state = "queued"
    while state in ("queued", "running"):
        with env.registry.cursor() as cr:
            run = env(cr=cr)["hcrm.feed.run"].browse(run_id)
            run._run_now(max_pages=1)
            state = run.state
            found = {{name: run["count_" + name] for name in
                     ("read", "new", "changed", "unchanged", "waiting", "quarantined")}}
            found.update(state=state, message=run.message or "", seconds=run.seconds)
    return found

with env.registry.cursor() as cr:
    here = env(cr=cr)
    if settings["mode"] == "full":
        demo_setup.setup(here)
        if "roots" in settings:
            here["ir.config_parameter"].set_param(
                "hcrm_core.feed_roots", settings["roots"])
        source = here["hcrm.feed.source"].create(settings["source"])
        if "mapping" in settings:
            with open(settings["mapping"], encoding="utf-8") as stream:
                specs = json.load(stream)["tables"]
            wizard = here["hcrm.feed.table.file"].create({{"source_id": source.id}})
            wizard._import(specs)
    else:
        source = here["hcrm.feed.source"].search(
            [("name", "=", settings["source"]["name"])])
    source_id = source.id
result = read(settings["mode"])
with env.registry.cursor() as cr:
    source = env(cr=cr)["hcrm.feed.source"].browse(source_id)
    result["hash"] = source._state_hash()
    result["parts"] = source._state_parts()
    if source.kind == "table":
        adapter = source._adapter("speed")
        adapter.prepare()
        start, rows = time.monotonic(), 0
        for page in adapter.pages(None, 5000):
            rows += len(page.records)
        result["adapter_rate"] = round(rows / (time.monotonic() - start))
        result["ids"] = sum(len(page.ids) for page in adapter.ids(None, 20000))
        adapter.cleanup()
print("RESULT " + json.dumps(result))
"""


def run(world: World) -> None:
    with tempfile.TemporaryDirectory(prefix="hcrm_tables_") as folder:
        prepare = [sys.executable, str(ROOT / "data" / "prepare.py"), "--out", folder]
        subprocess.run(prepare, check=True, stdout=subprocess.DEVNULL)
        records = _records(Path(folder))
        his = _his_module()
        tables = his.rows_of(records)
        rows = sum(map(len, tables.values()))
        print(f"  {len(records)} records, {rows} rows in {len(tables)} tables")
        with world.clone_of_base("tables") as base:
            world.odoo("tables", *_options(world, base, "-i", "hcrm_core"))
            files = _files(world, base, folder)
            print(f"  FHIR files: {_told(files)}")
            with _postgres(world, his, tables) as (settings, watch):
                _compare(world, base, "PostgreSQL", settings, watch, files)
            with mariadb() as port:
                _latin1(port)
                with _mariadb(port, his, tables) as (settings, watch):
                    _compare(world, base, "MariaDB", settings, watch, files)


def _compare(world, base, name, settings, watch, files) -> None:
    """Read one system into a database of its own and hold it against the files."""
    database = f"{base}_{settings['dialect']}"
    with _copy(world, base, database):
        before = watch.written()
        found = _read(world, database, {"source": settings, "mode": "full"})
        assert found["state"] == "done", f"{name}: {found['message']}"
        print(f"  {name}: {_told(found)}; the reader alone {found['adapter_rate']}/s")
        assert watch.written() == before, f"{name}: something was written to the HIS"
        parts = zip(found["parts"], files["parts"], strict=True)
        wrong = [here for here, there in parts if here != there]
        assert found["hash"] == files["hash"], f"{name} differs from the files: {wrong}"
        print(f"  {name}: state hash {found['hash']}, that of the FHIR files")
        assert found["ids"] == found["read"], f"{found['ids']} ids of {found['read']}"
        watch.change()
        changes = _read(world, database, {"source": settings, "mode": "delta"})
        assert changes["changed"] == 1, f"{name}: one row changed, found {changes}"
        city = "SELECT count(*) FROM res_partner WHERE city = %s"
        assert world.sql(city, [CHANGED], database)[0][0] == 1
        print(f"  {name}: one changed row found among {changes['read']} read again")
        watch.refuse()
        print(f"  {name}: nothing written, and the role is refused a write")


def _told(found: dict) -> str:
    rate = found["read"] / found["seconds"]
    return (
        f"{found['read']} read, {found['quarantined']} quarantined in"
        f" {found['seconds']:.0f} s, {rate:.0f} records/s written"
    )


# ----------------------------------------------------------------------
# the hospital
# ----------------------------------------------------------------------


def _records(folder: Path) -> list[dict]:
    records = []
    for path in sorted(folder.glob("*.ndjson*")):
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as stream:
            records += [json.loads(line) for line in stream if line.strip()]
    return records


def _his_module():
    path = ROOT / "hcrm_core" / "tests" / "table_his.py"
    spec = importlib.util.spec_from_file_location("table_his", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _postgres(world: World, his, tables):
    """A database without an encoding, that holds GB18030 bytes."""
    name = f"{world.database}_his"
    world.sql(f'DROP DATABASE IF EXISTS "{name}"', database="postgres")
    world.sql(
        f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'SQL_ASCII'"
        " LC_COLLATE 'C' LC_CTYPE 'C'",
        database="postgres",
    )
    world.sql(f"DROP ROLE IF EXISTS {READER}", database="postgres")
    world.sql(f"CREATE ROLE {READER} LOGIN PASSWORD '{SECRET}'", database="postgres")
    try:
        watch = _PostgresWatch(name, his.GB)
        start = time.monotonic()
        with watch.connection() as connection, connection.cursor() as cr:
            rows = his.fill(cr, his.POSTGRES, tables, watch.raw)
            cr.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")
            connection.commit()
        print(f"  PostgreSQL: {rows} rows in {time.monotonic() - start:.0f} s")
        with closing(psycopg2.connect(dbname=name)) as connection:
            port = int(connection.info.port or 5432)
        settings = {
            **_source("postgresql", name, port),
            "host": connection.info.host,
            "is_raw_text": True,
        }
        yield settings, watch
    finally:
        world.sql(f'DROP DATABASE "{name}" WITH (FORCE)', database="postgres")
        world.sql(f"DROP ROLE {READER}", database="postgres")


class _PostgresWatch:
    """The HIS's own view: what was written, and a change it makes itself."""

    def __init__(self, name: str, encoding: str):
        self.name, self.encoding = name, encoding

    def raw(self, text: str) -> str:
        return text.encode(self.encoding).decode("latin-1")

    def connection(self, **kwargs):
        return closing(
            psycopg2.connect(dbname=self.name, client_encoding="LATIN1", **kwargs)
        )

    def written(self):
        time.sleep(1.5)  # the server's statistics come with a delay
        with self.connection() as connection, connection.cursor() as cr:
            cr.execute(
                "SELECT sum(n_tup_ins), sum(n_tup_upd), sum(n_tup_del)"
                " FROM pg_stat_user_tables"
            )
            return cr.fetchone()

    def change(self):
        with self.connection() as connection, connection.cursor() as cr:
            cr.execute(
                "UPDATE ms_brxx SET cs = %s, xgsj = '2026-11-21 09:00' WHERE brid ="
                " (SELECT min(brid) FROM ms_brxx)",
                [self.raw(CHANGED)],
            )
            connection.commit()

    def refuse(self):
        with (
            self.connection(user=READER, password=SECRET) as connection,
            connection.cursor() as cr,
        ):
            try:
                cr.execute("UPDATE ms_brxx SET cs = 'x'")
            except psycopg2.errors.InsufficientPrivilege:
                return
        raise AssertionError("the role of the feed may write to the HIS")


@contextmanager
def _mariadb(port: int, his, tables):
    """A database in GBK; bytes in GB18030 where GBK lacks a character."""
    start = time.monotonic()
    with root() as connection, connection.cursor() as cr:
        cr.execute("CREATE DATABASE his CHARACTER SET gbk")
        cr.execute(f"CREATE USER {READER}@'127.0.0.1' IDENTIFIED BY '{SECRET}'")
        cr.execute(f"GRANT SELECT ON his.* TO {READER}@'127.0.0.1'")
    with root("his") as connection, connection.cursor() as cr:
        cr.execute("SET autocommit = 0")
        rows = his.fill(cr, his.MARIADB, tables, str)
        connection.commit()
    print(f"  MariaDB: {rows} rows in {time.monotonic() - start:.0f} s")
    settings = {**_source("mariadb", "his", port), "host": "127.0.0.1"}
    yield settings, _MariadbWatch(port)


def _latin1(port: int) -> None:
    """GBK bytes in columns that call themselves latin1 come out as they went in."""
    names = ["王芳", "𬭎喆"]
    with root() as connection, connection.cursor() as cr:
        cr.execute("CREATE DATABASE old CHARACTER SET latin1")
        cr.execute("CREATE TABLE old.t (编号 varchar(9) PRIMARY KEY, xm varchar(50))")
        cr.execute("CREATE USER clerk@'127.0.0.1' IDENTIFIED BY 'writes'")
        cr.execute("GRANT ALL ON old.* TO clerk@'127.0.0.1'")
        cr.execute("SET NAMES latin1")
        for number, name in enumerate(names):
            row = [number, name.encode("gb18030")]
            cr.execute("INSERT INTO old.t VALUES (%s, %s)", row)
    base, table = _adapters()
    columns = [{"column": "xm", "target": "name"}]
    spec = {"name": "t", "type": "Patient", "sql": "SELECT * FROM t WHERE xm <> '%'"}
    config = base.SourceConfig(
        host="127.0.0.1",
        port=port,
        database="old",
        login="clerk",
        secret="writes",
        options={
            "dialect": "mariadb",
            "encoding": "gb18030",
            "is_raw_text": True,
            "tables": [{**spec, "keys": ["编号"], "columns": columns}],
        },
    )
    with tempfile.TemporaryDirectory() as config.spool:
        source = table.TableSource(config)
        source.prepare()
        records = [record for page in source.pages(None, 1) for record in page.records]
    found = [record.data["name"][0]["text"] for record in records]
    assert found == names, found
    with closing(source.dialect.connect()) as connection:
        try:
            connection.cursor().execute("DELETE FROM t")
            raise AssertionError("the session of the feed may write")
        except pymysql.err.OperationalError as error:
            assert error.args[0] == 1792, error
    print("  MariaDB: GBK in latin1 columns is read; the session is read-only")


def _adapters():
    """The readers without Odoo: they are plain Python."""
    folder = ROOT / "hcrm_core" / "feed_adapters"
    spec = importlib.util.spec_from_file_location(
        "feed_adapters",
        folder / "__init__.py",
        submodule_search_locations=[str(folder)],
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["feed_adapters"] = package
    spec.loader.exec_module(package)
    return package.base, package.table


class _MariadbWatch:
    def __init__(self, port: int):
        self.port = port

    def written(self):
        with root() as connection, connection.cursor() as cr:
            cr.execute(
                "SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_insert', 'Com_update',"
                " 'Com_delete', 'Com_replace', 'Com_insert_select', 'Com_load')"
            )
            return cr.fetchall()

    def change(self):
        with root("his") as connection, connection.cursor() as cr:
            cr.execute("SELECT min(BRID) FROM ms_brxx")
            cr.execute(
                "UPDATE ms_brxx SET CS = %s, XGSJ = '2026-11-21 09:00' WHERE BRID = %s",
                [CHANGED, cr.fetchone()[0]],
            )

    def refuse(self):
        with closing(
            pymysql.connect(
                host="127.0.0.1",
                port=self.port,
                user=READER,
                password=SECRET,
                database="his",
            )
        ) as connection:
            try:
                connection.cursor().execute("UPDATE ms_brxx SET CS = 'x'")
            except pymysql.err.OperationalError as error:
                assert error.args[0] == 1142, error
                return
        raise AssertionError("the role of the feed may write to the HIS")


# ----------------------------------------------------------------------
# Odoo
# ----------------------------------------------------------------------


def _source(dialect: str, database: str, port: int) -> dict:
    return {
        "name": "Tables",
        "kind": "table",
        "dialect": dialect,
        "database": database,
        "port": port,
        "auth_login": READER,
        "auth_secret": SECRET,
        "encoding": "gb18030",
    }


def _files(world: World, base: str, folder: str) -> dict:
    database = f"{base}_files"
    with _copy(world, base, database):
        source = {"name": "Files", "kind": "fhir_file", "path": folder}
        found = _read(
            world, database, {"source": source, "roots": folder, "mode": "full"}
        )
        assert found["state"] == "done", found["message"]
        return found


@contextmanager
def _copy(world: World, base: str, database: str):
    world.sql(f'DROP DATABASE IF EXISTS "{database}"', database="postgres")
    world.sql(f'CREATE DATABASE "{database}" TEMPLATE "{base}"', database="postgres")
    try:
        yield
    finally:
        world.sql(f'DROP DATABASE "{database}" WITH (FORCE)', database="postgres")


def _read(world: World, database: str, settings: dict) -> dict:
    """Run the script in a shell of its own and return what it tells."""
    settings = {
        **settings,
        "setup": str(ROOT / "data" / "demo_setup.py"),
    }
    if settings["source"]["kind"] == "table":
        mapping = ROOT / "hcrm_core" / "data" / "mapping" / "demo_hospital.json"
        settings["mapping"] = str(mapping)
    path = LOG / "tables.log"
    command = [sys.executable, "-m", "odoo", "shell", *_options(world, database)[:-1]]
    with open(path, "ab") as stream:
        result = subprocess.run(
            command,
            input=SCRIPT.format(settings=json.dumps(settings)).encode(),
            stdout=subprocess.PIPE,
            stderr=stream,
            check=False,
        )
    lines = result.stdout.decode(errors="replace").splitlines()
    told = [line[7:] for line in lines if line.startswith("RESULT ")]
    assert told, f"the source could not be read, see {path}: {lines[-5:]}"
    return json.loads(told[0])


def _options(world: World, database: str, *more: str) -> list[str]:
    return ["-c", world.conf, "-d", database, *more, "--no-http", "--stop-after-init"]
