"""The feed is killed, cut off and lied to, and ends where an undisturbed run ends.

SIGKILL of the server at twenty random moments and at ten named points, a power cut of
PostgreSQL, a source that is gone for a night and lies; each ends with the state hash, rows and events of an undisturbed run, with
no job left, and without a person's help (DESIGN.md law 4). The table is the failure
scoreboard. HCRM_FAULT_CASES=random_kills,power_cut runs some of the cases.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .faults import TEMPLATE, Cluster, Site
from .world import ROOT, World

PATIENTS = 500
KILLS = 20
POINTS = ("stage", "write", "event", "cursor", "enqueue")
# pages of the kills at random (many, short) and of the others
SMALL, LARGE = 20, 400
SEED = 20


def run(world: World) -> None:
    names = os.environ.get("HCRM_FAULT_CASES", "").split(",")
    wanted = [case for case in CASES if case.__name__.strip("_") in names] or CASES
    board = Board()
    cluster = Cluster(world)
    try:
        _make_template(cluster, _make_hospital(world))
        expected = _undisturbed(cluster)
        print(f"  undisturbed: {expected['hash']}, {expected['rows']}")
        board.expected = expected
        for case in wanted:
            case(cluster, board)
    finally:
        board.show()
        cluster.drop(TEMPLATE)
        cluster.stop()
    assert not board.bad, f"{len(board.bad)} cases ended differently"


class Board:
    """The failure scoreboard: a line per case, and what differs from the expected."""

    def __init__(self):
        self.expected: dict = {}
        self.lines: list[tuple] = []
        self.bad: list[str] = []

    def judge(self, case: str, site: Site, seconds: float, note: str = "") -> None:
        """Compare a site with the undisturbed run."""
        state = site.state()
        wrong = [
            f"{key}: {value} instead of {self.expected[key]}"
            for key, value in state.items()
            if value != self.expected[key]
        ]
        if wrong:
            self.bad.append(case)
        verdict = "; ".join(wrong) or "equal"
        print(f"  {case}: {verdict}, {seconds:.0f} s", flush=True)
        self.lines.append((case, state["hash"], verdict, f"{seconds:.0f} s", note))

    def show(self) -> None:
        print("\n  FAILURE SCOREBOARD")
        print("  | case | state hash | rows, events, jobs | back after | note |")
        print("  |---|---|---|---|---|")
        for line in self.lines:
            print(f"  | {' | '.join(line)} |")
        sys.stdout.flush()


# ----------------------------------------------------------------------
# what is loaded
# ----------------------------------------------------------------------


def _make_hospital(world: World) -> Path:
    folder = world.data_dir / "hcrm_faults"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "data.generate", "--patients", str(PATIENTS)),
            *("--seed", "11", "--until", "2026-11-01", "--facts", "5"),
            *("--out", str(folder)),
        ],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder


def _make_template(cluster: Cluster, folder: Path) -> None:
    """A database with the suite, the traps, and a source that was never read."""
    cluster.copy_base(TEMPLATE)
    site = Site(cluster, TEMPLATE, clone=False)
    site.odoo("-i", "hcrm_core,hcrm_test_faults", "--stop-after-init")
    site.sql(
        "INSERT INTO ir_config_parameter (key, value) VALUES"
        " ('hcrm_core.feed_roots', %s)",
        (str(folder),),
    )
    site.start()
    try:
        source = {"name": "Faults", "kind": "fhir_file", "path": str(folder)}
        site.rpc().env["hcrm.feed.source"].create({**source, "page_size": LARGE})
    finally:
        site.stop()


def _undisturbed(cluster: Cluster) -> dict:
    site = Site(cluster, "undisturbed")
    try:
        site.start()
        site.start_run()
        site.wait_done()
        return site.state()
    finally:
        site.close()


# ----------------------------------------------------------------------
# the cases
# ----------------------------------------------------------------------


def _random_kills(cluster: Cluster, board: Board) -> None:
    """One load, and the server dies twenty times on the way."""
    site = Site(cluster, "random")
    dice = random.Random(SEED)
    start = time.monotonic()
    try:
        site.sql("UPDATE hcrm_feed_source SET page_size = %s", (SMALL,))
        site.start()
        site.start_run()
        kills, places = 0, []
        while kills < KILLS and site.last_run()[1] != "done":
            before = site.last_run()[2]
            site.wait(
                lambda before=before: (
                    site.last_run()[2] > before or site.last_run()[1] == "done"
                ),
                "the run does not go on after a kill",
            )
            time.sleep(dice.uniform(0, 0.4))
            site.kill()
            kills += 1
            places.append(site.last_run()[2])
            site.age_jobs()
            site.start()
        site.wait_done()
        pages = site.last_run()[2]
        note = f"{kills} kills in {pages} pages, at {places}"
        board.judge("SIGKILL at random", site, time.monotonic() - start, note)
        assert kills == KILLS, f"the load was over after {kills} kills: smaller pages"
    finally:
        site.close()


def _named_points(cluster: Cluster, board: Board) -> None:
    """A load each, and the server ends itself at a named point of its third page."""
    for step in POINTS:
        for when in ("before", "after"):
            point = f"{when}_{step}"
            site = Site(cluster, point)
            try:
                site.start(fault=f"{point}:3")
                site.start_run()
                site.wait_death()
                start = time.monotonic()
                pages = site.last_run()[2]
                site.age_jobs()
                site.start()
                site.wait_done()
                seconds = time.monotonic() - start
                board.judge(
                    f"SIGKILL {when} {step}", site, seconds, f"{pages} pages stood"
                )
            finally:
                site.close()


def _power_cut(cluster: Cluster, board: Board) -> None:
    """PostgreSQL goes down in the middle of a page, twice; the server stays up.

    Nothing is shortened here: the times are those of a real installation.
    """
    site = Site(cluster, "power")
    try:
        site.sql("UPDATE hcrm_feed_source SET page_size = %s", (100,))
        site.start()
        site.start_run()
        start = time.monotonic()
        for pages in (5, 25):
            site.wait(
                lambda pages=pages: site.last_run()[2] >= pages,
                "the run does not go on",
            )
            cluster.restart()
        site.wait_done(patience=240)
        board.judge("PostgreSQL restart", site, time.monotonic() - start, "2 restarts")
    finally:
        site.close()


def _gone_for_a_night(cluster: Cluster, board: Board) -> None:
    """A FHIR server that lies about totals and time goes away, and comes back.

    The run gives up after its retries; the schedule goes on with it in the morning.
    The night is shortened; what is asked of the server is written down.
    """
    site = Site(cluster, "night")
    his = _serve_hospital(cluster.world, {"wrong_total", "clock_in_future"})
    start = time.monotonic()
    try:
        site.sql(
            "UPDATE hcrm_feed_source SET kind = 'fhir_rest', url = %s, path = NULL,"
            " page_size = 200, interval_minutes = 1, reconcile_hours = 0",
            (his.url,),
        )
        site.start()
        site.start_run()
        site.wait(lambda: site.last_run()[2] >= 3, "the server is not read")
        port = his._http.server_port
        his.close()
        site.wait(lambda: _pass_night(site), "the run does not give up")
        (message,) = site.sql("SELECT message FROM hcrm_feed_run")[0]
        assert his.url in message, f"the run does not say what is missing: {message}"
        his = _serve_hospital(cluster.world, his.quirks, port)
        site.sql("UPDATE hcrm_feed_run SET write_date = write_date - interval '8 h'")
        site.wait(lambda: site.last_run()[1] == "done", "nobody goes on with it", 240)
        # nothing more is read, so that the states can be compared
        site.sql("UPDATE hcrm_feed_source SET interval_minutes = 0")
        site.wait(lambda: site.last_run()[1] == "done", "a run does not end")
        board.judge(
            "source gone a night, lies", site, time.monotonic() - start, "8 retries"
        )
        assert his.methods() == {"GET"}, f"more than reading was asked: {his.methods()}"
    finally:
        his.close()
        site.close()


def _pass_night(site: Site) -> bool:
    """Let the waiting between two tries pass; True when the run gave up."""
    site.sql("UPDATE queue_job SET eta = NULL WHERE state = 'pending' AND eta > now()")
    return site.last_run()[1] == "failed"


def _serve_hospital(world: World, quirks: set, port: int = 0):
    """The unit tests' FHIR server, which writes down every request."""
    path = ROOT / "hcrm_core" / "tests" / "fhir_server.py"
    spec = importlib.util.spec_from_file_location("fhir_server", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    his = module.FhirServer(quirks, port)
    for file in sorted((world.data_dir / "hcrm_faults").glob("*.ndjson.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            his.put(*map(json.loads, lines))
    his.__enter__()
    return his


CASES = [_random_kills, _named_points, _power_cut, _gone_for_a_night]
