"""GNU Health: a real HIS for the journeys, in an environment and a database of its own.

It is another program under another licence: it runs as a process and is never
imported. Its database takes minutes to make and a second to clone.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from . import python_env, say, settings, shell

REQUIREMENTS = settings.DOCKER / "requirements-gnuhealth.txt"
TEMPLATE = f"{settings.DEMO_DB}_tpl_gnuhealth"
PASSWORD = "admin-gnuhealth"
MODULES = [
    "health",
    "health_inpatient",
    "health_services",
    "health_gyneco",
    "health_lab",
    "health_surgery",
    "health_pediatrics",
    "health_icd10",
    "health_nursing",
    "health_insurance",
    "health_socioeconomics",
    "health_lifestyle",
    "health_services_lab",
    "health_who_essential_medicines",
    "health_stock",
]
# Tryton 7.0 is made for these; with the first that is here
PYTHONS = ("python3.11", "python3.12", "python3.13", sys.executable)
NO_PYTHON = (
    "GNU Health needs Python 3.11 to 3.13 with venv, and none is here. Install one "
    "(Debian: apt-get install python3-venv) and run the same command again."
)
HELP = "GNU Health could not make its database. Mend what the log says and run again."


def prepare(world):
    """Install GNU Health, make its template database; the variables for a journey."""
    folder = python_env.create(
        "gnuhealth", REQUIREMENTS, "GNU Health", _python(), ["--no-deps"]
    )
    mark = shell.fingerprint(REQUIREMENTS, *MODULES)
    if world.databases.mark(TEMPLATE) != mark:
        log = settings.LOG / "gnuhealth.log"
        with say.step("making the database of GNU Health", log):
            _make(world, folder, mark)
    return {
        "HCRM_GNUHEALTH_PYTHON": str(folder / "bin" / "python"),
        "HCRM_GNUHEALTH_DB": TEMPLATE,
        **_environment(world),
    }


def _make(world, folder, mark):
    """Make the template under another name: an interrupted one never counts."""
    building = f"{TEMPLATE}_building"
    world.databases.drop(building)
    world.databases.create(building)
    with tempfile.TemporaryDirectory() as place:
        password = Path(place) / "password"
        password.write_text(PASSWORD)
        shell.run(
            [
                *(folder / "bin" / "trytond-admin", "-d", building),
                *("--email", "admin@example.com", "--activate-dependencies", "-vv"),
                *("-u", *MODULES),
            ],
            "gnuhealth",
            HELP,
            env={**_environment(world), "TRYTONPASSFILE": str(password)},
        )
    world.databases.rename(building, TEMPLATE)
    world.databases.set_mark(TEMPLATE, mark)


def _environment(world):
    """How Tryton reaches the server: libpq reads the rest."""
    return {**world.server.environment, "TRYTOND_DATABASE_URI": "postgresql:///"}


def _python():
    """Return a Python that GNU Health runs with."""
    script = "import sys, venv, ensurepip; print(sys.version_info >= (3, 11))"
    for name in PYTHONS:
        program = shutil.which(name)
        if program and shell.capture([program, "-c", script]) == (0, "True"):
            return program
    raise say.Stop(NO_PYTHON)
