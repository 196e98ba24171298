"""`make run`: from a clone to a hospital's patients in the web client."""

import time

from steps import database, demo, machine, odoo, postgres, say, settings, suite


def main(_argv):
    """Prepare, create or update the database, serve it, load the demo hospital."""
    start = time.monotonic()
    settings.make_folders()
    if not odoo.running("odoo"):
        odoo.check_port(settings.PORT, settings.INTERFACE)
    postgres.check()
    machine.prepare()
    server = postgres.start("pg", durable=True)
    databases = database.Databases(server)
    databases.check()
    _bring_up(databases, server)
    demo.load(databases, server)
    demo.print_logins(databases)
    say.line(f"Ready after {time.monotonic() - start:.0f} s.")
    return 0


def _bring_up(databases, server):
    """Have the server run the code of this clone on an up-to-date database."""
    name, mark = settings.DEMO_DB, suite.fingerprint()
    found = odoo.running("odoo")
    if found and found[1] == settings.PORT and databases.mark(name) == mark:
        return
    if found:
        odoo.stop("odoo")
    odoo.check_port(settings.PORT, settings.INTERFACE)
    conf = odoo.configure("odoo", server, settings.PORT, settings.INTERFACE)
    _update(databases, server, conf, name, mark)
    odoo.start("odoo", conf, server, name, settings.PORT)


def _update(databases, server, conf, name, mark):
    """Install or update the suite, then the demo's entities and users."""
    suite.bring_up(databases, server, conf, name, mark)
    if demo.SETUP.exists() and not demo.is_set_up(databases, name):
        with say.step("setting up the demo's entities and users"):
            demo.set_up(conf, server, name)
