"""Databases that live for one command: tests, benchmarks, journeys.

Two templates stand behind them. One holds the dependencies; the other the suite on
top, with its asset bundles made. A clone of the second takes a second.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import machine, odoo, postgres, say, settings, shell, suite
from .database import Databases

PREFIX = settings.DEMO_DB
BASE = f"{PREFIX}_tpl_base"
SUITE = f"{PREFIX}_tpl"
# The installation of the suite as the template's: `make test` reads it each time.
INSTALL_LOG = settings.LOG / "template.log"


@dataclass
class World:
    """A throw-away database and how to reach it."""

    name: str
    port: int
    conf: Path
    server: postgres.Server
    databases: Databases

    def environment(self):
        """Return the variables that entries under tests/ read."""
        return {
            **odoo.environment(self.server),
            "PGDATABASE": self.name,
            "HCRM_DB": self.name,
            "HCRM_BASE_DB": BASE,
            "HCRM_DATA_DIR": str(settings.DATA),
            "HCRM_LOG": str(settings.LOG),
            "HCRM_CONF": str(self.conf),
            "HCRM_PORT": str(self.port),
            "HCRM_URL": f"http://127.0.0.1:{self.port}",
        }


@contextmanager
def world(purpose):
    """Yield a clone of the suite in the fast cluster; put all away afterwards."""
    settings.make_folders()
    with shell.only_one("test", "using the test cluster of this clone"):
        postgres.check()
        machine.prepare()
        server = postgres.start("pg-test", durable=False)
        try:
            databases = Databases(server)
            databases.check()
            port = odoo.free_port()
            conf = odoo.configure(purpose, server, port)
            _templates(databases, server, conf)
            name = f"{PREFIX}_{purpose}"
            databases.clone(SUITE, name)
            try:
                yield World(name, port, conf, server, databases)
            finally:
                databases.drop(name)
        finally:
            server.stop()


def _templates(databases, server, conf):
    """Build the templates that are missing or no longer fit the code."""
    dependencies = suite.dependencies()
    mark = shell.fingerprint(machine.state(), *dependencies, settings.LANGUAGES)
    if not _fits(databases, BASE, mark):
        log = settings.LOG / "template-base.log"
        with say.step("building the template database of the dependencies", log):
            log.unlink(missing_ok=True)
            suite.build(
                databases, server, conf, BASE, mark, log.stem, ["base", *dependencies]
            )
    mark = suite.fingerprint()
    if not _fits(databases, SUITE, mark):
        with say.step("building the template database of the suite", INSTALL_LOG):
            INSTALL_LOG.unlink(missing_ok=True)
            _suite_template(databases, server, conf, mark, INSTALL_LOG)


def _suite_template(databases, server, conf, mark, log):
    """Install the suite on the dependencies and make its bundles."""
    names = settings.addons()
    suite.build(databases, server, conf, SUITE, "", log.stem, names, template=BASE)
    why = "Odoo could not make the asset bundles of the suite."
    odoo.script(conf, server, SUITE, "bundles.py", log.stem, why)
    databases.set_mark(SUITE, mark)


def _fits(databases, name, mark):
    """Tell whether a template was made from the present inputs, files included."""
    return databases.mark(name) == mark and suite.filestore_exists(name)
