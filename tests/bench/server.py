"""A server with several workers, and a client."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from .world import World

TESTS = Path(__file__).resolve().parents[1]
ADDON = "hcrm_test_bench"


def install(world: World, database: str) -> None:
    """Install what the bench compares with (tests/addons)."""
    command = [*_odoo(world, database), "-i", ADDON, "--stop-after-init", "--no-http"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def served(world: World, database: str, workers: int = 2):
    """Yield the port of a server with ``workers`` processes."""
    port, gevent = _free_port(), _free_port()
    command = [*_odoo(world, database), "--db-filter", f"^{database}$"]
    command += ["--workers", str(workers), "--max-cron-threads", "0"]
    command += ["--http-port", str(port), "--gevent-port", str(gevent)]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        _wait(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(60)


def _odoo(world: World, database: str) -> list[str]:
    addons = ",".join([*world.config["addons_path"], str(TESTS / "addons")])
    command = [sys.executable, str(TESTS / "odoo_server.py"), "server"]
    command += ["-c", world.conf, "-d", database]
    return [*command, "--addons-path", addons, "--log-level", "warn"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(port: int, server: subprocess.Popen) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError):
            Client(port).post("/hcrm_bench/empty")
            return
        time.sleep(0.2)
    raise RuntimeError("the server did not start")


class Connection(http.client.HTTPConnection):
    """Sends head and body at once. It would keep the connection, as telephone systems
    do; Odoo's workers close theirs after each answer, and the next request opens one
    (a web server in front keeps that of the client)."""

    def connect(self):
        super().connect()  # pylint: disable=missing-return
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Client:
    def __init__(self, port: int):
        self.connection = Connection("127.0.0.1", port, timeout=60)
        self.headers = {"Content-Type": "application/json"}

    def post(self, path: str, body=None, **headers) -> tuple[int, bytes]:
        self.connection.request(
            "POST",
            path,
            json.dumps(body or {}).encode(),
            {**self.headers, **headers},
        )
        response = self.connection.getresponse()
        answer = response.read()
        if cookie := response.headers.get("Set-Cookie"):
            self.headers["Cookie"] = cookie.split(";")[0]
        return response.status, answer

    def call(self, path: str, params: dict, **headers):
        """A JSON-RPC request of the web client; return its result."""
        status, answer = self.post(path, {"params": params}, **headers)
        answer = json.loads(answer)
        if status != 200 or "error" in answer:
            raise RuntimeError(f"{path}: {status} {answer.get('error')}")
        return answer["result"]

    def login(self, database: str, login: str, password: str) -> None:
        params = {"db": database, "login": login, "password": password}
        self.call("/web/session/authenticate", params)


def timed_ms(call) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000
