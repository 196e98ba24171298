"""Python inside Odoo, in a database of a journey: ``odoo shell`` with an answer."""

from __future__ import annotations

import json
import subprocess
import sys

from .world import LOG, World

MARK = "ANSWER "
# a run as the job queue does it: a page, a transaction
HELPERS = """
import json


def answer(value):
    print({mark!r} + json.dumps(value, default=str), flush=True)


def pull(source_id, mode="full", max_pages=None):
    with env.registry.cursor() as cr:
        source = env(cr=cr)["hcrm.feed.source"].browse(source_id)
        run_id = source._start_run(enqueue=False, mode=mode).id
    state = "queued"
    while state in ("queued", "running"):
        with env.registry.cursor() as cr:
            run = env(cr=cr)["hcrm.feed.run"].browse(run_id)
            run._run_now(max_pages=1)
            state = run.state
    with env.registry.cursor() as cr:
        run = env(cr=cr)["hcrm.feed.run"].browse(run_id)
        return run.read(
            ["state", "message", "seconds", "page_count"]
            + [name for name in run._fields if name.startswith("count_")]
        )[0]


def make_source(vals):
    with env.registry.cursor() as cr:
        return env(cr=cr)["hcrm.feed.source"].create(vals).id


def state_hash(source_id):
    with env.registry.cursor() as cr:
        return env(cr=cr)["hcrm.feed.source"].browse(source_id)._state_hash()
"""


class Shell:
    """Runs scripts in ``database``; they say ``answer(value)`` with plain values."""

    def __init__(self, world: World, database: str):
        self.world, self.database = world, database
        self.log = LOG / f"shell-{database}.log"

    def start(self, script: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "odoo", "shell", "-c", self.world.conf]
        process = subprocess.Popen(
            [*command, "-d", self.database, "--no-http"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(self.log, "ab"),
            text=True,
        )
        process.stdin.write(HELPERS.format(mark=MARK) + script)
        process.stdin.close()
        return process

    def wait(self, process: subprocess.Popen):
        """What the script answered."""
        output = process.stdout.read()
        code = process.wait()
        lines = [line for line in output.splitlines() if line.startswith(MARK)]
        assert code == 0 and lines, f"a script failed in Odoo, see {self.log}"
        return json.loads(lines[-1].removeprefix(MARK))

    def run(self, script: str):
        return self.wait(self.start(script))
