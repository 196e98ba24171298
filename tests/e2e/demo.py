"""The demo hospital in a database and behind a server of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from .world import LOG, ROOT, World

PASSWORD = "hcrm-demo"
LOAD = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("demo_setup", {setup!r})
demo_setup = sys.modules["demo_setup"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(demo_setup)
with env.registry.cursor() as cr:
    env = env(cr=cr)
    demo_setup.setup(env)
    env["ir.config_parameter"].set_param("hcrm_core.feed_roots", {folder!r})
    source = env["hcrm.feed.source"].create(
        {{"name": "Demo", "kind": "fhir_file", "path": {folder!r}}})
    run_id = source._start_run(enqueue=False).id
state = "queued"
while state in ("queued", "running"):
    with env.registry.cursor() as cr:
        run = env(cr=cr)["hcrm.feed.run"].browse(run_id)
        run._run_now(max_pages=1)
        state = run.state
assert state == "done", state
"""


@contextmanager
def demo_hospital(world: World, name: str, workers: int = 0):
    """Yield (database, address of its server) with the demo's patients loaded."""
    with tempfile.TemporaryDirectory(prefix="hcrm_demo_") as folder:
        prepare = [sys.executable, str(ROOT / "data" / "prepare.py"), "--out", folder]
        subprocess.run(prepare, check=True, stdout=subprocess.DEVNULL)
        with world.clone_of_base(name) as database:
            common = ("-c", world.conf, "-d", database)
            install = ("-i", "hcrm_core", "--stop-after-init", "--no-http")
            world.odoo(f"demo-{name}", *common, *install)
            _load(world, name, database, folder)
            with _server(world, name, database, workers) as url:
                yield database, url


def _load(world: World, name: str, database: str, folder: str) -> None:
    path = LOG / f"demo-{name}.log"
    script = LOAD.format(setup=str(ROOT / "data" / "demo_setup.py"), folder=folder)
    command = [sys.executable, "-m", "odoo", "shell", "-c", world.conf]
    with open(path, "ab") as stream:
        code = subprocess.run(
            [*command, "-d", database, "--no-http"],
            input=script.encode(),
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    assert code == 0, f"the demo hospital could not be loaded, see {path}"


@contextmanager
def _server(world: World, name: str, database: str, workers: int):
    url = f"http://127.0.0.1:{world.port + 2}"
    path = LOG / f"demo-{name}.log"
    command = [sys.executable, str(ROOT / "tests" / "odoo_server.py"), "server"]
    command += ["-c", world.conf, "-d", database]
    command += ["--db-filter", f"^{database}$", "--http-port", str(world.port + 2)]
    command += ["--gevent-port", str(world.port + 3), "--workers", str(workers)]
    with open(path, "ab") as stream:
        server = subprocess.Popen(
            [*command, "--max-cron-threads", "0"],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(url, server, path)
        yield url
    finally:
        server.terminate()
        server.wait(60)


def _wait(url: str, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/web/login", timeout=60):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.3)
    raise AssertionError(f"the server did not start, see {log}")
