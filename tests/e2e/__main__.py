"""Run every journey, or the named ones: ``python -m tests.e2e [NAME ...]``.

A journey is a module ``journey_<name>.py`` with ``run(world)``, whose docstring tells
in its first line what it shows; it raises AssertionError with a sentence when it does
not. ``make e2e`` supplies the world.
"""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

import odoorpc

from .world import World


def main(names: list[str]) -> int:
    known = sorted(path.stem for path in Path(__file__).parent.glob("journey_*.py"))
    wanted = [f"journey_{name}" for name in names] or known
    world = World.from_environment()
    failed = [name for name in wanted if not _passes(name, world)]
    print(f"\n{len(wanted) - len(failed)} passed, {len(failed)} failed, 0 skipped")
    return 1 if failed else 0


def _passes(name: str, world: World) -> bool:
    journey = importlib.import_module(f"{__package__}.{name}")
    print(f"\n== {name.removeprefix('journey_')}: {journey.__doc__.splitlines()[0]}")
    start = time.monotonic()
    try:
        journey.run(world)
    except (AssertionError, odoorpc.error.Error) as error:
        print(f"FAILED: {error}")
        return False
    print(f"passed in {time.monotonic() - start:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
