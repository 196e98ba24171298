"""`python3 docker serve`: what the image runs: the suite with several workers.

Everything is in the image already: nothing is fetched. The database is created or
updated as `make run` does it, then this process becomes Odoo.
"""

import os

from steps import database, odoo, postgres, say, serving, settings, suite


def main(_argv):
    """Read the secrets, bring the database up to date, become the server."""
    settings.make_folders()
    serving.read_secrets()
    server = postgres.start("pg", durable=True)
    databases = database.Databases(server)
    serving.wait_for(databases)
    conf = serving.configure(server)
    name, mark = settings.DEMO_DB, suite.fingerprint()
    suite.bring_up(databases, server, conf, name, mark)
    serving.first_start(databases, server, conf, name)
    say.line("Everything is here; Odoo takes over.")
    program = settings.INSIDE / "odoo_bin.py"
    words = [str(word) for word in (settings.PYTHON, program, "-c", conf, "-d", name)]
    os.chdir(settings.ROOT)
    os.execve(words[0], words, {**os.environ, **odoo.environment(server)})
