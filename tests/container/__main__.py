"""Carry out docker/Dockerfile and run what compose.yaml runs: ``make container``.

``python -m tests.container [--rebuild STAGE,...] [--keep]``: the stages become folders
under .local/container, PostgreSQL is started as compose.yaml says, then Odoo with its
workers and nginx, in a network of their own. Needs root, debootstrap and unshare.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import build, checks, services
from .dockerfile import parse

ROOT = Path(__file__).resolve().parents[2]
WORK = Path(os.environ.get("HCRM_LOCAL", ROOT / ".local")).resolve() / "container"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rebuild", default="", help="only these stages, else all")
    parser.add_argument("--keep", action="store_true", help="leave the folders")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    machines = _build(set(filter(None, options.rebuild.split(","))))
    print(f"built in {time.monotonic() - start:.0f} s", flush=True)
    failed = _run(machines)
    if not options.keep:
        for machine in machines.values():
            shutil.rmtree(machine.root, ignore_errors=True)
    print(f"\n{len(checks.ALL) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def _build(only: set[str]) -> dict[str, build.Machine]:
    log = WORK / "build.log"
    base = build.Machine(WORK / "debian")
    build.bootstrap(base.root, os.environ["HCRM_MIRROR"], log)
    made: dict[str, build.Machine] = {}
    for name, stage in parse(ROOT / "docker" / "Dockerfile").items():
        folder = WORK / name
        if only and name not in only and folder.exists():
            made[name] = build.remembered(stage, folder)
        else:
            source = made.get(stage.base, base)
            made[name] = build.build(stage, source, folder, made, ROOT, log)
    return made


def _run(machines: dict[str, build.Machine]) -> int:
    """Start everything, look at it, stop it; how many checks failed."""
    services.own_network()
    failed = 0
    with services.World(machines, WORK) as world:
        for check in checks.ALL:
            title = check.__doc__.splitlines()[0]
            begun = time.monotonic()
            try:
                told = check(world) or ""
                print(f"passed  {title} {told}({time.monotonic() - begun:.1f} s)")
            except (AssertionError, OSError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"FAILED  {title}\n        {error}")
            sys.stdout.flush()
    return failed


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(143))
    try:
        sys.exit(main())
    except build.BuildError as error:
        sys.exit(str(error))
