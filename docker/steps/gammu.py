"""gammu-smsd, the real daemon of a GSM modem, for the journey of messages.

Only Debian's programs are needed; no service of the machine is started. The journey
runs a daemon of its own on a modem that it plays itself.
"""

import shutil
from pathlib import Path

from . import say, settings, shell

PACKAGE = "gammu-smsd"
NO_BINARIES = (
    "no gammu-smsd is here and you are not root, so it cannot be installed. "
    f"Install it (Debian: apt-get install {PACKAGE}) and run the same command again."
)
NO_SCHEMA = (
    f"the tables of the spool ({PACKAGE}'s pgsql.sql) are missing and could not be "
    "fetched. Check the package sources of this machine and run the same command again."
)
FOLDERS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
SCHEMA = f"usr/share/doc/{PACKAGE}/examples/pgsql.sql"


def prepare(_world):
    """Install the daemon; the variables for a journey."""
    if not shutil.which(PACKAGE, path=FOLDERS):
        shell.apt_install([PACKAGE], NO_BINARIES)
    program = shutil.which(PACKAGE, path=FOLDERS)
    if not program:
        raise say.Stop(NO_BINARIES)
    home = settings.LOCAL / "gammu"
    shutil.rmtree(home / "run", ignore_errors=True)
    (home / "run").mkdir(parents=True, mode=0o700)
    return {
        "HCRM_SMSD": program,
        "HCRM_SMSD_HOME": str(home / "run"),
        "HCRM_SMSD_SCHEMA": str(_schema(home)),
    }


def _schema(home):
    """Return the file of the tables; small images leave out documentation, so it is
    taken from the package where it was not unpacked."""
    for root in (Path("/"), home / "package"):
        for file in (root / SCHEMA, (root / SCHEMA).with_suffix(".sql.gz")):
            if file.exists():
                return file
    for args, folder in (
        (["apt-get", "download", "-q", PACKAGE], home),
        (["sh", "-c", f"dpkg-deb -x {PACKAGE}_*.deb package"], home),
    ):
        shell.run(args, "apt", NO_SCHEMA, cwd=folder)
    return _schema(home)
