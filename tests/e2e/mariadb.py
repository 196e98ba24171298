"""A private MariaDB server for one journey, as a user without rights."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pymysql

from .world import LOG

PATIENCE = 60  # seconds


@contextmanager
def mariadb():
    """Yield the port of a server on the loopback; it ends with the journey."""
    program, home = os.environ.get("HCRM_MARIADB"), os.environ.get("HCRM_MARIADB_HOME")
    assert program and home, (
        "no MariaDB was prepared. Run this journey by: make e2e ARGS=tables"
    )
    port = _free_port()
    args = [program, "--no-defaults", f"--datadir={home}/data", f"--port={port}"]
    args += ["--bind-address=127.0.0.1", f"--socket={home}/socket"]
    args += [f"--pid-file={home}/pid", "--innodb-flush-log-at-trx-commit=0"]
    user = os.environ.get("HCRM_MARIADB_USER")
    owner = {}
    if user:
        entry = pwd.getpwnam(user)
        owner = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    path = LOG / "mariadb-server.log"
    with open(path, "ab") as stream:
        server = subprocess.Popen(
            args,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd="/",
            **owner,
        )
    try:
        _wait(server, Path(home) / "socket", path)
        yield port
    finally:
        server.terminate()
        server.wait(PATIENCE)


def root(database: str | None = None):
    """A connection as the server's own administrator, over its socket."""
    home = os.environ["HCRM_MARIADB_HOME"]
    return closing(
        pymysql.connect(
            unix_socket=f"{home}/socket",
            user="root",
            database=database,
            charset="utf8mb4",
            autocommit=True,
        )
    )


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(server: subprocess.Popen, place: Path, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            with root():
                return
        except pymysql.err.OperationalError:
            time.sleep(0.2)
    raise AssertionError(f"MariaDB did not start at {place}, see {log}")
