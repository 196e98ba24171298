"""Run an entry under tests/ with a database of its own."""

import os
import subprocess

from . import odoo, say, settings, throwaway


def run(name, argv, serve=False, parts=()):
    """Run `python -m tests.NAME`; with `serve`, against a running server.

    Each of `parts` prepares something real beside it, in the world of the run, and
    returns the variables that tell of it. `{conf}` and `{name}` in the arguments
    stand for the configuration and the name of the database.
    """
    package = settings.ROOT / "tests" / name
    if not (package / "__main__.py").exists():
        raise say.Stop(f"tests/{name}/__main__.py is missing: nothing to run.")
    with throwaway.world(name) as world:
        env = world.environment()
        for part in parts:
            env.update(part(world))
        if serve:
            odoo.start(name, world.conf, world.server, world.name, world.port)
        words = [word.format(conf=world.conf, name=world.name) for word in argv]
        try:
            return subprocess.run(
                [str(settings.PYTHON), "-m", f"tests.{name}", *words],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **env},
                cwd=settings.ROOT,
                check=False,
            ).returncode
        finally:
            if serve:
                odoo.stop(name)
