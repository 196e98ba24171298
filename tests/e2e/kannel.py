"""A private Kannel and the carrier behind it, on ports of the loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

import requests

from .world import LOG

PATIENCE = 30  # seconds
PASSWORD = "a-password"
PORTS = ("admin", "box", "sendsms", "smpp", "control")
# No log gets the words of a text: no access-log, and only what is above the lines that
# carry them.
CONFIG = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {password}
status-password = {password}
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
log-file = "{home}/bearerbox.log"
log-level = 2
store-type = spool
store-location = "{home}/spool"
dlr-storage = spool
dlr-spool = "{home}/dlr"
sms-resend-freq = 2
sms-resend-retry = 5

group = smsc
smsc = smpp
smsc-id = carrier
host = 127.0.0.1
port = {smpp}
transceiver-mode = true
smsc-username = kannel
smsc-password = {password_smpp}
system-type = ""
source-addr-ton = 5
source-addr-npi = 0
dest-addr-ton = 1
dest-addr-npi = 1
max-pending-submits = 50
reconnect-delay = 1
msg-id-type = 0x00

group = smsbox
bearerbox-host = 127.0.0.1
smsbox-id = one
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
http-request-retry = 5
http-queue-delay = 1
log-file = "{home}/smsbox.log"
log-level = 2
max-pending-requests = 64

group = smsbox-route
smsbox-id = one
smsc-id = "carrier"

group = sendsms-user
username = odoo
password = {password}
user-allow-ip = "127.0.0.1"
max-messages = 10
concatenation = true

group = sms-service
keyword = default
get-url = "{inbound}"
max-messages = 0
catch-all = true
concatenation = true
"""


class Carrier:
    """The far end: what it holds is what people would read."""

    def __init__(self, ports: dict[str, int]):
        program, node = os.environ.get("HCRM_CARRIER"), os.environ.get("HCRM_NODE")
        assert program and node, "no carrier was prepared. Run: make e2e ARGS=kannel"
        self.url = f"http://127.0.0.1:{ports['control']}"
        self.process = _start(
            "carrier",
            [node, program],
            {
                "SMPP_PORT": str(ports["smpp"]),
                "CONTROL_PORT": str(ports["control"]),
                "SYSTEM_ID": "kannel",
                "PASSWORD": PASSWORD[:8],
            },
        )
        wait_until(self._answers, "the carrier does not start")

    def _answers(self) -> bool:
        try:
            return self.get("state") is not None
        except requests.ConnectionError:
            return False

    def get(self, order: str, **query):
        return requests.get(f"{self.url}/{order}", params=query, timeout=10).json()

    def order(self, order: str, **body) -> None:
        answer = requests.post(f"{self.url}/{order}", json=body, timeout=10)
        assert answer.ok, f"the carrier refuses {order}: {answer.status_code}"

    def texts(self, since: int = 0) -> list[dict]:
        """What arrived, parts put together."""
        return self.get("log", since=since)

    def count(self) -> int:
        return self.get("state")["texts"]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)


class Kannel:
    """The gateway: two programs that end with the journey."""

    def __init__(self, ports: dict[str, int], inbound: str):
        home = os.environ.get("HCRM_KANNEL_HOME")
        assert home, "no Kannel was prepared. Run: make e2e ARGS=kannel"
        self.home, self.ports = Path(home), ports
        shutil.rmtree(self.home, ignore_errors=True)
        for folder in ("spool", "dlr"):
            (self.home / folder).mkdir(parents=True)
        self.conf = self.home / "kannel.conf"
        self.conf.touch(0o600)
        self.conf.write_text(
            CONFIG.format(
                home=self.home,
                inbound=inbound,
                password=PASSWORD,
                # SMPP knows eight characters
                password_smpp=PASSWORD[:8],
                **ports,
            )
        )
        self.url = f"http://127.0.0.1:{ports['sendsms']}/cgi-bin/sendsms"
        self.processes: list[subprocess.Popen] = []

    def start(self) -> None:
        for name, port in (("BEARERBOX", "box"), ("SMSBOX", "sendsms")):
            command = [os.environ[f"HCRM_{name}"], "-v", "2", str(self.conf)]
            self.processes.append(_start("kannel", command))
            wait_until(
                lambda port=port: _is_open(self.ports[port]),
                f"{name.lower()} does not start, see {LOG}/kannel.log",
            )

    def stop(self, how: int = signal.SIGTERM) -> None:
        """The box of the texts first: the other one drains with its ports open."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(how)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()


def free_ports() -> dict[str, int]:
    """A free port for each thing that listens."""
    probes = {name: socket.socket() for name in PORTS}
    for probe in probes.values():
        probe.bind(("127.0.0.1", 0))
    ports = {name: probe.getsockname()[1] for name, probe in probes.items()}
    for probe in probes.values():
        probe.close()
    return ports


def wait_until(condition, failure, seconds: float = PATIENCE, step: float = 0.1):
    """Wait for a truth; returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(step)
    raise AssertionError(failure() if callable(failure) else failure)


def _is_open(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _start(name: str, command: list[str], env=None) -> subprocess.Popen:
    with open(LOG / f"{name}.log", "ab") as stream:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )
