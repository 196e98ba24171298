"""A hospital's server of its own, in a cluster of its own, that may be broken.

The cluster is durable (it is restarted in the middle of transactions), the server runs
the real job queue, and ``hcrm_test_faults`` ends it at named points.
"""

from __future__ import annotations

import configparser
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

import odoorpc
import psycopg2

from .world import LOG, ROOT, World

sys.path.insert(0, str(ROOT / "docker"))
from steps import postgres  # noqa: E402

CLUSTER = "pg-faults"
TEMPLATE = "hcrm_faults_tpl"
PATIENCE = 150  # seconds until a server has gone on by itself
DONE = ("done", "failed", "stopped")


class Cluster:
    """A private, durable PostgreSQL that other journeys do not share."""

    def __init__(self, world: World):
        self.server = postgres._private_cluster(CLUSTER, durable=True)
        self.bin = postgres.binaries()
        self.host = self.server.environment["PGHOST"]
        self.user = self.server.environment["PGUSER"]
        self.world = world

    def environment(self) -> dict:
        return {"PGHOST": self.host, "PGUSER": self.user, "PGPORT": "5432"}

    def sql(self, database: str, statement: str, params=None) -> list:
        connection = psycopg2.connect(
            host=self.host, port=5432, user=self.user, dbname=database
        )
        connection.autocommit = True
        with closing(connection), connection.cursor() as cr:
            cr.execute(statement, params)
            return cr.fetchall() if cr.description else []

    def copy_base(self, name: str) -> None:
        """The world's database of the dependencies, as a new database here."""
        self.drop(name)
        self.sql("postgres", f'CREATE DATABASE "{name}" TEMPLATE template0')
        with tempfile.TemporaryDirectory() as folder:
            dump = Path(folder) / "base.dump"
            tool = self.bin / "pg_dump"
            base = self.world.base_database
            subprocess.run([tool, "-Fc", "-Z0", "-f", dump, base], check=True)
            tool = self.bin / "pg_restore"
            subprocess.run(
                [tool, "--no-owner", "-d", name, dump],
                env={**os.environ, **self.environment()},
                check=True,
            )

    def drop(self, name: str) -> None:
        self.sql("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def clone(self, name: str) -> None:
        self.drop(name)
        self.sql("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')

    def restart(self) -> None:
        """As a power cut: no checkpoint, every connection is gone."""
        args = [self.bin / "pg_ctl", "-D", self.server.data, "-m", "immediate"]
        code, out = postgres.as_owner([*args, "-w", "restart"], self.server.owner)
        assert code == 0, f"PostgreSQL did not come back: {out}"

    def stop(self) -> None:
        self.server.stop()


class Site:
    """One database and the Odoo server that serves it; may be killed at any time."""

    def __init__(self, cluster: Cluster, name: str, clone: bool = True):
        self.cluster, self.name = cluster, name
        self.database = f"hcrm_faults_{name}" if clone else name
        self.log = LOG / f"faults-{name}.log"
        self.log.unlink(missing_ok=True)
        self.process = None
        if clone:
            cluster.clone(self.database)

    # ------------------------------------------------------------------
    # the server
    # ------------------------------------------------------------------

    def configure(self) -> Path:
        """The world's configuration, with this cluster and a port of its own."""
        parser = configparser.RawConfigParser()
        parser.read(self.cluster.world.conf)
        self.port = _free_port()
        options = parser["options"]
        options["addons_path"] = ",".join(
            [str(ROOT), str(ROOT / "tests" / "addons"), options["addons_path"]]
        )
        options.update(
            {
                "db_host": self.cluster.host,
                "db_port": "5432",
                "db_user": self.cluster.user,
                "db_password": "False",
                "http_port": str(self.port),
                "http_interface": "127.0.0.1",
                "data_dir": str(self.cluster.world.data_dir),
                "max_cron_threads": "1",
                "workers": "0",
                "server_wide_modules": "base,rpc,web,queue_job",
            }
        )
        parser["queue_job"] = {
            "channels": "root:2",
            "scheme": "http",
            "host": "127.0.0.1",
            "port": str(self.port),
        }
        path = LOG / f"faults-{self.name}.conf"
        with open(path, "w", encoding="utf-8") as out:
            parser.write(out)
        return path

    def odoo(self, *args: str) -> None:
        """Run Odoo to its end."""
        with open(self.log, "ab") as stream:
            code = subprocess.run(
                self._command(*args, "--no-http"),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=self.environment(),
                check=False,
            ).returncode
        assert code == 0, f"odoo {' '.join(args)} failed, see {self.log}"

    def environment(self, **extra: str) -> dict:
        """Odoo prefers the PG* variables to its configuration."""
        return {**os.environ, **self.cluster.environment(), **extra}

    def _command(self, *args: str) -> list[str]:
        conf = self.configure()
        return [
            *(sys.executable, "-m", "odoo", "-c", str(conf)),
            *("-d", self.database, *args),
        ]

    def start(self, fault: str = "") -> None:
        """Serve; ``fault`` names where the server ends itself."""
        with open(self.log, "ab") as stream:
            self.process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=self.environment(HCRM_FAULT=fault),
            )

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def close(self) -> None:
        self.stop()
        self.cluster.drop(self.database)

    def age_jobs(self) -> None:
        """Let ten seconds pass for the job queue, which waits so long before it takes
        a job for dead. Only the waiting is shortened."""
        self.sql(
            "UPDATE queue_job SET date_enqueued = date_enqueued - interval '11 s'"
            " WHERE state IN ('enqueued', 'started')"
        )

    # ------------------------------------------------------------------
    # what happens
    # ------------------------------------------------------------------

    def sql(self, statement: str, params=None) -> list:
        return self.cluster.sql(self.database, statement, params)

    def rpc(self, patience: float = 60) -> odoorpc.ODOO:
        """A logged-in client, as soon as the server answers."""
        end = time.monotonic() + patience
        while True:
            try:
                client = odoorpc.ODOO("127.0.0.1", port=self.port, timeout=120)
                client.login(self.database, "admin", "admin")
                return client
            except (OSError, odoorpc.error.Error):
                assert time.monotonic() < end, f"the server is silent, see {self.log}"
                time.sleep(0.2)

    def start_run(self, mode: str = "full") -> int:
        """Start a run through the server, as a person does."""
        client = self.rpc()
        (source_id,) = client.env["hcrm.feed.source"].search([])
        method = {"full": "action_start", "reconcile": "action_reconcile"}[mode]
        try:
            action = client.execute("hcrm.feed.source", method, [source_id])
        except OSError:  # the server died in the middle, as it was told to
            return self.last_run()[0]
        return action["res_id"]

    def last_run(self) -> tuple[int, str, int]:
        """(id, state, pages) of the newest run; zeros where there is none."""
        rows = self.sql(
            "SELECT id, state, COALESCE(page_count, 0) FROM hcrm_feed_run"
            " ORDER BY id DESC LIMIT 1"
        )
        return rows[0] if rows else (0, "", 0)

    def wait(self, condition, what: str, patience: float = PATIENCE) -> None:
        end = time.monotonic() + patience
        while True:
            with suppress(psycopg2.OperationalError):
                if condition():
                    return
            assert time.monotonic() < end, f"{what}, see {self.log}"
            time.sleep(0.1)

    def wait_done(self, patience: float = PATIENCE) -> None:
        """Until the run came to its end; it must not have failed."""
        self.wait(
            lambda: self.last_run()[1] in DONE, "the run does not go on", patience
        )
        state = self.last_run()[1]
        message = self.sql("SELECT message FROM hcrm_feed_run ORDER BY id DESC LIMIT 1")
        assert state == "done", f"the run is {state}: {message}"

    def wait_death(self) -> None:
        code = self.process.wait(PATIENCE)
        assert code == -signal.SIGKILL, f"the server ended with {code}, see {self.log}"

    def state(self) -> dict:
        """What must be equal to an undisturbed run, and what must be empty."""
        client = self.rpc()
        (source_id,) = client.env["hcrm.feed.source"].search([])
        state = client.execute("hcrm.feed.source", "test_state", [source_id])
        left = "SELECT count(*) FROM queue_job WHERE state NOT IN ('done', 'cancelled')"
        self.wait(lambda: self.sql(left) == [(0,)], "jobs are left", 90)
        state["jobs left"] = 0
        return state


def _free_port() -> int:
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
