"""What a journey works with: a running server, its database, Odoo's command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import odoorpc
import psycopg2

ROOT = Path(__file__).resolve().parents[2]
LOG = Path(os.environ.get("HCRM_LOG", ROOT / ".local" / "log"))


@dataclass
class World:
    """Read from the variables that ``make e2e`` sets (docker/README.md)."""

    database: str
    base_database: str
    conf: str
    data_dir: Path
    port: int

    @classmethod
    def from_environment(cls) -> World:
        env = os.environ
        return cls(
            database=env["HCRM_DB"],
            base_database=env["HCRM_BASE_DB"],
            conf=env["HCRM_CONF"],
            data_dir=Path(env["HCRM_DATA_DIR"]),
            port=int(env["HCRM_PORT"]),
        )

    def rpc(self, login: str = "admin", password: str = "admin") -> odoorpc.ODOO:
        """A logged-in client of the running server."""
        client = odoorpc.ODOO("127.0.0.1", port=self.port, timeout=600)
        client.login(self.database, login, password)
        return client

    def sql(self, statement: str, params=None, database: str | None = None) -> list:
        """Run a statement; the rows it returns, if any."""
        connection = psycopg2.connect(dbname=database or self.database)
        connection.autocommit = True
        with closing(connection), connection.cursor() as cr:
            cr.execute(statement, params)
            return cr.fetchall() if cr.description else []

    def odoo(self, log: str, *args: str) -> None:
        """Run Odoo to its end; its output goes to .local/log/."""
        path = LOG / f"{log}.log"
        with open(path, "ab") as stream:
            code = subprocess.run(
                [sys.executable, "-m", "odoo", *args],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        assert code == 0, f"odoo {' '.join(args)} failed, see {path}"

    @contextmanager
    def clone_of_base(self, name: str):
        """A database with the dependencies of the suite but without it."""
        database = f"{self.database}_{name}"
        files = self.data_dir / "filestore"
        self.sql(f'DROP DATABASE IF EXISTS "{database}"', database="postgres")
        self.sql(
            f'CREATE DATABASE "{database}" TEMPLATE "{self.base_database}"',
            database="postgres",
        )
        shutil.rmtree(files / database, ignore_errors=True)
        shutil.copytree(files / self.base_database, files / database)
        try:
            yield database
        finally:
            self.sql(f'DROP DATABASE "{database}" WITH (FORCE)', database="postgres")
            shutil.rmtree(files / database, ignore_errors=True)
