"""The services of compose.yaml as processes: PostgreSQL here, the others in folders."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import yaml

from . import build
from .dockerfile import parse

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
SECRETS = Path("/run/secrets")
HOSTS = "127.0.0.1 localhost db odoo web\n"
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
START_SECONDS = 900


def own_network() -> None:
    """A loopback of our own: the ports of compose.yaml are free in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "no network namespace can be made")
    with socket.socket() as probe:
        asked = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(probe, SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(probe, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))


class World:
    """The running installation; ``secrets`` are what its secret files hold."""

    def __init__(self, machines: dict[str, build.Machine], work: Path):
        self.machines, self.work = machines, work
        self.stages = parse(DOCKER / "Dockerfile")
        text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
        # what is left to the shell takes its default here
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
        self.compose = yaml.safe_load(text)
        self.secrets = {
            name: secrets.token_urlsafe(12) for name in self.compose["secrets"]
        }
        self.processes: dict[str, subprocess.Popen] = {}
        self.stack = ExitStack()

    def __enter__(self):
        try:
            self._lend_secrets()
            self._start_database()
            for name in ("odoo", "web"):
                self._prepare(name)
            self.start("odoo")
            self.nginx_test = self.run_inside("web", ["nginx", "-e", "stderr", "-t"])
            self.start("web")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc):
        for name in ("web", "odoo"):
            self.stop(name)
        self.stack.close()

    # ------------------------------------------------------------------
    # start and stop
    # ------------------------------------------------------------------

    def _lend_secrets(self) -> None:
        """In our own mount namespace: nothing is left of them."""
        SECRETS.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "secrets", SECRETS], check=True)
        self.stack.callback(subprocess.run, ["umount", SECRETS], check=False)
        for name, value in self.secrets.items():
            (SECRETS / name).write_text(value)

    def _start_database(self) -> None:
        """initdb and server with the arguments of compose.yaml, Debian's binaries."""
        service = self.compose["services"]["db"]
        programs = Path(os.environ["HCRM_PG_BIN"])
        data = Path("/var/tmp") / f"hcrm-container-{os.getpid()}"
        data.mkdir(mode=0o700)
        shutil.chown(data, "postgres", "postgres")
        self.stack.callback(shutil.rmtree, data, ignore_errors=True)
        environment = service["environment"]
        initdb = [
            programs / "initdb",
            "--username=postgres",
            f"--pwfile={environment['POSTGRES_PASSWORD_FILE']}",
            *environment["POSTGRES_INITDB_ARGS"].split(),
            f"--pgdata={data}",
        ]
        self._as_postgres(initdb)
        options = [word for word in service["command"] if word.startswith("-c")]
        server = [programs / "postgres", "-D", data, *options, f"-k{data}"]
        log = open(self.work / "db.log", "wb")  # noqa: SIM115
        process = subprocess.Popen(
            self._become(server),
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
        self.stack.callback(process.wait, 60)
        self.stack.callback(process.send_signal, signal.SIGINT)
        ready = [programs / "pg_isready", "-h127.0.0.1"]
        _until(lambda: not subprocess.run(ready, capture_output=True).returncode, 60)
        role = DOCKER / "db" / "10-role.sql"
        self._as_postgres(
            [programs / "psql", "-vON_ERROR_STOP=1", "-h", data], stdin=open(role)
        )

    @staticmethod
    def _become(words) -> list[str]:
        become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        return [*become, *map(str, words)]

    def _as_postgres(self, words, **options) -> None:
        done = subprocess.run(
            self._become(words), capture_output=True, text=True, cwd="/", **options
        )
        if done.returncode:
            raise build.BuildError(f"{words[0]}: {done.stdout}{done.stderr}")

    def _prepare(self, name: str) -> None:
        """What the engine lends a container: names, secrets, volumes."""
        machine = self.machines[name]
        self.stack.enter_context(build.mounted(machine))
        (machine.root / "etc/hosts").write_text(HOSTS)
        folder = machine.root / "run/secrets"
        folder.mkdir(parents=True, exist_ok=True)
        for secret in self.compose["services"][name].get("secrets", []):
            shutil.copy(SECRETS / secret, folder / secret)
        for volume in self.compose["services"][name].get("volumes", []):
            target = volume.split(":")[1]
            (machine.root / target.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def start(self, name: str) -> None:
        """Run the image's own command and wait until its health check passes."""
        stage = self.stages[name]
        words = [
            word
            for item in stage.all("ENTRYPOINT") + stage.all("CMD")
            for word in item.words
        ]
        machine = self.machines[name]
        told = self.compose["services"][name].get("environment", {})
        environment = {key: str(value) for key, value in told.items()}
        log = open(self.work / f"{name}.log", "ab")  # noqa: SIM115
        # an engine hands the container streams that its user may open again
        os.fchmod(log.fileno(), 0o666)
        process = self.processes[name] = subprocess.Popen(
            machine.command(words),
            env={"PATH": build.PATH, "HOME": "/", **machine.env, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        start = time.monotonic()

        def healthy():
            if process.poll() is not None:
                raise build.BuildError(f"{name} ended at once:\n{self.log(name)}")
            return self.is_healthy(name)

        _until(healthy, START_SECONDS, 3)
        print(f"{name} is healthy after {time.monotonic() - start:.0f} s", flush=True)

    def stop(self, name: str) -> float:
        """SIGTERM, as the engine does; seconds until it ended."""
        process = self.processes.pop(name, None)
        if process is None:
            return 0
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return time.monotonic() - start

    # ------------------------------------------------------------------
    # look
    # ------------------------------------------------------------------

    def is_healthy(self, name: str) -> bool:
        """The image's own health check."""
        (check,) = self.stages[name].all("HEALTHCHECK")
        words = type(check)("CMD", check.text.removeprefix("CMD").strip()).words
        return not self.run_inside(name, words).returncode

    def run_inside(self, name: str, words: list[str], **options):
        machine = self.machines[name]
        return subprocess.run(
            machine.command(words),
            env={"PATH": build.PATH, "HOME": "/", **machine.env},
            capture_output=True,
            text=True,
            **options,
        )

    def log(self, name: str) -> str:
        return (self.work / f"{name}.log").read_text(errors="replace")[-3000:]

    def get(self, path: str, port=8080, headers=None, data=None):
        """(status, headers, body) over nginx; redirects are not followed."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}", data, headers or {}
        )
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=120) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


def _until(condition, seconds: float, pause: float = 0.3) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise build.BuildError(f"nothing came of it within {seconds:.0f} s")
        time.sleep(pause)
