"""Databases and Odoo environments for the bench."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import time
from pathlib import Path

import psycopg2


class World:
    """Clones of a template database in which hcrm_core is installed."""

    def __init__(self, conf: str, template: str):
        from odoo.tools import config

        config.parse_config(["-c", conf, "--log-level=warn"], setup_logging=False)
        self.config = config
        self.conf = conf
        self.template = template
        self.made: list[str] = []

    def dsn(self, database: str) -> str:
        parts = {
            "host": self.config["db_host"],
            "port": self.config["db_port"],
            "user": self.config["db_user"],
            "password": self.config["db_password"],
        }
        pairs = [f"{key}={value}" for key, value in parts.items() if value]
        return " ".join([*pairs, f"dbname={database}"])

    def clone(self, name: str) -> str:
        """A fresh copy of the template, replacing an older copy of that name."""
        database = f"{self.template}_bench_{name}"
        self._admin(f'DROP DATABASE IF EXISTS "{database}"')
        self._admin(f'CREATE DATABASE "{database}" TEMPLATE "{self.template}"')
        self.made.append(database)
        return database

    def close(self) -> None:
        from odoo.modules.registry import Registry
        from odoo.sql_db import close_all

        Registry.delete_all()
        close_all()
        for database in self.made:
            self._admin(f'DROP DATABASE IF EXISTS "{database}"')

    def _admin(self, statement: str) -> None:
        connection = psycopg2.connect(self.dsn("postgres"))
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cr:
            cr.execute(statement)

    @contextlib.contextmanager
    def env(self, database: str, login: str | None = None):
        """An environment as superuser, or as the user of that login."""
        from odoo import SUPERUSER_ID, api
        from odoo.modules.registry import Registry

        with Registry(database).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            if login:
                user = env["res.users"].search([("login", "=", login)])
                env = env(user=user)
            yield env


def median_ms(call, times: int = 9) -> tuple[float, float]:
    """Median and worst of ``times`` calls, in milliseconds; the first one warms up."""
    call()
    seen = []
    for _index in range(times):
        start = time.perf_counter()
        call()
        seen.append((time.perf_counter() - start) * 1000)
    seen.sort()
    return seen[len(seen) // 2], seen[-1]


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def machine_line() -> str:
    cpu = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            li for li in info.read_text().splitlines() if li.startswith("model name")
        ]
        cpu = f"{len(names)} x {names[0].split(':')[1].strip()}" if names else cpu
    kernel = subprocess.run(
        ["uname", "-sr"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return f"{cpu}, {kernel}"
