"""`make shell`: Odoo's shell on the demo database."""

import os
import subprocess

from steps import machine, odoo, postgres, settings


def main(argv):
    """Open the shell at the terminal, or run a script from standard input."""
    machine.prepare()
    server = postgres.start("pg", durable=True)
    conf = odoo.configure("shell", server, settings.PORT)
    options = ["-d", settings.DEMO_DB, "--no-http", *argv]
    return subprocess.run(
        [str(word) for word in odoo.command(conf, *options, sub="shell")],
        env={**os.environ, **odoo.environment(server)},
        check=False,
    ).returncode
