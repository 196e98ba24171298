"""MariaDB: a second real database system, for the journey of the table source.

Only Debian's programs are needed; no service of the machine is started. The journey
runs a server of its own in the folder prepared here, as a user without rights.
"""

import shutil

from . import postgres, say, settings, shell

PACKAGES = ["mariadb-server-core", "mariadb-client-core"]
NO_BINARIES = (
    "no MariaDB programs are here and you are not root, so none can be installed. "
    f"Install them (Debian: apt-get install {' '.join(PACKAGES)}) and run the same "
    "command again."
)
SCRIPTS = ("mariadb-install-db", "mysql_install_db")
FOLDERS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"


def prepare(_world):
    """Install the programs, make an empty data folder; the variables for a journey."""
    if not (_server() and shutil.which("my_print_defaults")):
        shell.apt_install(PACKAGES, NO_BINARIES)
    program = _server()
    if not program:
        raise say.Stop(NO_BINARIES)
    home, owner = postgres.make_home("mariadb")
    data = home / "data"
    shutil.rmtree(data, ignore_errors=True)
    with say.step("making a private MariaDB", settings.LOG / "mariadb.log"):
        install = next(filter(None, (shutil.which(name) for name in SCRIPTS)), None)
        if not install:
            raise say.Stop(NO_BINARIES)
        args = [install, "--no-defaults", f"--datadir={data}", "--skip-test-db"]
        args += ["--auth-root-authentication-method=normal"]
        code, out = postgres.as_owner(args, owner)
        if code:
            raise say.Stop(f"the private MariaDB could not be made.\n\n{out}")
    return {
        "HCRM_MARIADB": program,
        "HCRM_MARIADB_HOME": str(home),
        "HCRM_MARIADB_USER": owner or "",
    }


def _server():
    """Return the path of the server program, or None."""
    return shutil.which("mariadbd", path=FOLDERS) or shutil.which(
        "mysqld", path=FOLDERS
    )
