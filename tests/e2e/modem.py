"""A GSM modem on a pseudo-terminal, and gammu-smsd on it.

The modem speaks AT commands in PDU mode as a SIM800 does. What it was given to send
is what people would read; the journey counts there.
"""

from __future__ import annotations

import gzip
import os
import pty
import select
import shutil
import signal
import subprocess
import threading
import time
import tty
from dataclasses import dataclass, field
from pathlib import Path

from . import pdu
from .world import LOG

PATIENCE = 30  # seconds
DEVICE = "modem"
SLOTS = 100
# answers to commands whose answer never changes
FIXED = {
    "AT+CGMM": "SIM800L",
    "AT+CGMI": "SIMCOM_Ltd",
    "AT+CGMR": "Revision:1418B05SIM800L24",
    "AT+CGSN": "862643031234567",
    "AT+CIMI": "460001234567890",
    "AT+CPIN?": "+CPIN: READY",
    "AT+CSCA?": f'+CSCA: "{pdu.SMSC}",145',
    "AT+CPMS=?": '+CPMS: ("SM"),("SM"),("SM")',
    "AT+CMGF=?": "+CMGF: (0,1)",
    "AT+CNMI=?": "+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)",
    "AT+CSCS=?": '+CSCS: ("GSM","UCS2","HEX")',
    "AT+CSCS?": '+CSCS: "GSM"',
    "AT+CSQ": "+CSQ: 23,0",
    "AT+CBC": "+CBC: 0,95",
    "AT+CREG?": '+CREG: 2,1,"1A2B","3C4D"',
    "AT+COPS?": '+COPS: 0,2,"46000"',
}
CONFIG = """
[gammu]
connection = at115200
device = {device}

[smsd]
service = sql
driver = native_pgsql
host = {host}
user = {user}
password = {password}
database = {database}
phoneid = {phone}
logfile = {log}
debuglevel = 0
commtimeout = 2
sendtimeout = 5
maxretries = 2
retrytimeout = 1
loopsleep = 0
receivefrequency = 1
statusfrequency = 5
deliveryreport = sms
deliveryreportdelay = 259200
multiparttimeout = 30
checksecurity = 0
checkbattery = 0
checksignal = 0
checknetwork = 0
"""


@dataclass
class Plan:
    """What happens with the texts to a number: refused; given to the air, and then
    the modem falls silent; and the receipts, as (TP-Status, seconds)."""

    refused: int = 0
    is_silent: bool = False
    receipts: list = field(default_factory=lambda: [(pdu.DELIVERED, 0.2)])


class Modem:
    """Runs in a thread; ``sent`` holds every part that was given to the air."""

    def __init__(self, home: Path):
        self.master, slave = pty.openpty()
        for end in (self.master, slave):
            tty.setraw(end)
        self.device = home / DEVICE
        self.device.unlink(missing_ok=True)
        self.device.symlink_to(os.ttyname(slave))
        self.slave = slave  # kept open: the daemon comes and goes
        self.sent: list[pdu.Submit] = []
        self.plans: dict[str, Plan] = {}
        self.pending: list[tuple[float, str]] = []
        self.store: dict[int, str] = {}
        self.lock = threading.Lock()
        self.reference = 0
        self.is_silent = self.is_echo = self.is_pdu = False
        self.pace = 0.0
        self.stopped = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.stopped = True
        self.thread.join(PATIENCE)

    # what the journey asks

    def texts(self) -> list[pdu.Text]:
        """What people would read: parts put together, repeats of a part apart."""
        with self.lock:
            return pdu.assemble(list(self.sent))

    def receive(self, *deliveries: str) -> None:
        """Texts from people, as the air brings them."""
        with self.lock:
            self.pending += [(0.0, delivery) for delivery in deliveries]

    # the line

    def _run(self) -> None:
        buffer = b""
        while not self.stopped:
            self._store_due()
            ready, _, _ = select.select([self.master], [], [], 0.05)
            if not ready:
                continue
            buffer += os.read(self.master, 4096)
            buffer = self._eat(buffer)

    def _eat(self, buffer: bytes) -> bytes:
        while True:
            end = b"\x1a" if self.is_pdu else b"\r"
            before, found, after = buffer.partition(end)
            if not found:
                return buffer
            if self.is_echo and not self.is_pdu:
                os.write(self.master, before + end)
            buffer = after
            words = before.decode("latin1").strip("\n\0\x1b ")
            if self.is_pdu:
                self.is_pdu = False
                self._submit(words)
            elif words:
                self._command(words.upper())

    def _store_due(self) -> None:
        now = time.time()
        with self.lock:
            due = [item for item in self.pending if item[0] <= now]
            for item in due:
                if len(self.store) >= SLOTS:
                    return
                self.pending.remove(item)
                free = next(n for n in range(1, SLOTS + 1) if n not in self.store)
                self.store[free] = item[1]

    def _say(self, *lines: str, end: str = "OK") -> None:
        if not self.is_silent:
            words = "".join(f"\r\n{line}\r\n" for line in (*lines, end))
            os.write(self.master, words.encode())

    # commands

    def _command(self, words: str) -> None:
        if words in ("ATE0", "ATE1"):
            self.is_echo = words == "ATE1"
            self._say()
        elif words in FIXED:
            self._say(FIXED[words])
        elif words.startswith("AT+CPMS"):
            count = f"{len(self.store)},{SLOTS}"
            place = '"SM",' if words.endswith("?") else ""
            self._say("+CPMS: " + ",".join([f"{place}{count}"] * 3))
        elif words.startswith("AT+CMGL"):
            self._say(
                *(
                    f"+CMGL: {n},0,,{pdu.length(held)}\r\n{held}"
                    for n, held in sorted(self.store.items())
                )
            )
        elif words.startswith("AT+CMGR="):
            held = self.store.get(int(words[8:]))
            if held:
                self._say(f"+CMGR: 0,,{pdu.length(held)}\r\n{held}")
            else:
                self._say(end="+CMS ERROR: 321")
        elif words.startswith("AT+CMGD="):
            self.store.pop(int(words[8:].split(",")[0]), None)
            self._say()
        elif words.startswith("AT+CMGS="):
            self.is_pdu = True
            os.write(self.master, b"\r\n> ")
        else:
            self._say(end="ERROR" if words.endswith("?") else "OK")

    def _submit(self, words: str) -> None:
        part = pdu.read_submit(words)
        plan = self.plans.get(part.number, Plan())
        time.sleep(self.pace)
        if plan.refused:
            self._say(end=f"+CMS ERROR: {plan.refused}")
            return
        with self.lock:
            self.sent.append(part)
            self.reference = (self.reference + 1) % 256
            if part.wants_receipt:
                self.pending += [
                    (
                        time.time() + wait,
                        pdu.receipt(self.reference, part.number, status),
                    )
                    for status, wait in plan.receipts
                ]
        self.is_silent = plan.is_silent
        self._say(f"+CMGS: {self.reference}")


class Smsd:
    """The daemon, as the journey starts and kills it."""

    def __init__(self, modem: Modem, home: Path, **access):
        program = os.environ.get("HCRM_SMSD")
        assert program, "no gammu-smsd was prepared. Run: make e2e ARGS=modem"
        self.conf = home / "smsdrc"
        self.conf.touch(0o600)
        log = LOG / "smsd.log"
        self.conf.write_text(CONFIG.format(device=modem.device, log=log, **access))
        self.modem, self.program = modem, program
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.modem.is_silent = self.modem.is_pdu = False
        with open(LOG / "smsd.log", "ab") as stream:
            self.process = subprocess.Popen(
                [self.program, "-c", str(self.conf)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def home() -> Path:
    """A folder for this run alone."""
    place = os.environ.get("HCRM_SMSD_HOME")
    assert place, "no gammu-smsd was prepared. Run: make e2e ARGS=modem"
    folder = Path(place)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def schema() -> str:
    """The tables of the spool. Their first statement has been PostgreSQL's own since
    version 9 and fails today."""
    path = Path(os.environ["HCRM_SMSD_SCHEMA"])
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as stream:
        return stream.read().replace("CREATE LANGUAGE plpgsql;", "")
