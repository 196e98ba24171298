"""PostgreSQL: your own server when PG* variables name one, else private clusters.

A private cluster listens on a socket in a folder only its owner may enter, so it
needs no port and no password. The demo's cluster is durable; the one for tests
trades durability for speed.
"""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import say, settings, shell

OWN_SERVER = ("PGHOST", "PGHOSTADDR", "PGUSER", "PGSERVICE")
ROLE = "odoo"
SYSTEM_USERS = ("hcrm", "odoo", "postgres")
DEBIAN = Path("/usr/lib/postgresql")
MIN_VERSION = 13
SOCKET_LIMIT = 90  # the kernel allows 107 bytes; the socket's name is part of it
NO_BINARIES = (
    "no PostgreSQL programs are here and you are not root, so none can be installed. "
    "Install them (Debian: apt-get install postgresql), or name your own server: "
    "PGHOST=... PGUSER=... make run"
)
FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


@dataclass
class Server:
    """A PostgreSQL server: how libpq reaches it, and how to stop it."""

    environment: dict
    data: Path | None = None
    owner: str | None = None

    def stop(self):
        """Stop a private cluster; leave somebody's own server alone."""
        if self.data:
            pg_ctl = binaries() / "pg_ctl"
            as_owner([pg_ctl, "-D", self.data, "-m", "fast", "stop"], self.owner)


def start(name, durable):
    """Return a running server, made when it is missing."""
    if any(os.environ.get(variable) for variable in OWN_SERVER):
        return _own_server()
    return _private_cluster(name, durable)


def check():
    """Stop with a sentence when there will be no server, before anything is fetched."""
    if not any(os.environ.get(variable) for variable in OWN_SERVER):
        binaries()


def stop_private(name):
    """Stop a private cluster when it is there and runs; tell whether it did."""
    home, owner = _place(name)
    if not (home / "data").exists():
        return False
    args = [binaries() / "pg_ctl", "-D", home / "data", "-m", "fast", "stop"]
    code, _out = as_owner(args, owner)
    return code == 0


def _own_server():
    """Return the server that the PG* variables name; libpq reads the rest."""
    user = os.environ.get("PGUSER") or pwd.getpwuid(os.geteuid()).pw_name
    if user == "postgres":
        raise say.Stop(
            "Odoo refuses the database user postgres. Create another role "
            "(createuser --createdb odoo) and name it: PGUSER=odoo make run"
        )
    return Server({"PGUSER": user})


def _private_cluster(name, durable):
    """Create the cluster when it is missing, start it when it is down."""
    bin_folder = binaries()
    home, owner = make_home(name)
    data = home / "data"
    if not (data / "PG_VERSION").exists():
        _initdb(bin_folder, home, data, owner)
    socket = _socket_folder(home, owner)
    server = Server({"PGHOST": str(socket), "PGUSER": ROLE}, data, owner)
    code, _out = as_owner([bin_folder / "pg_ctl", "-D", data, "status"], owner)
    if code:
        _start(bin_folder, home, data, socket, owner, durable)
    return server


def _initdb(bin_folder, home, data, owner):
    """Make the cluster beside its place, so that an interrupted one never counts."""
    new = home / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    with say.step("creating a private PostgreSQL cluster"):
        args = [bin_folder / "initdb", "-D", new, "-U", ROLE, "--auth=trust"]
        args += ["--encoding=UTF8", "--locale=C.UTF-8"]
        code, out = as_owner(args, owner)
        if code:
            raise say.Stop(
                f"the private PostgreSQL cluster could not be made.\n\n{out}\n\n"
                "A missing locale C.UTF-8 is installed by: apt-get install locales"
            )
        os.rename(new, data)


def _start(bin_folder, home, data, socket, owner, durable):
    """Start the cluster and wait until it answers."""
    settings_ = ["listen_addresses=", f"unix_socket_directories={socket}"]
    settings_ += ["shared_buffers=512MB", "max_wal_size=2GB", "jit=off"]
    settings_ += ["port=5432", "max_connections=64"]
    options = " ".join(
        f"-c '{option}'" for option in settings_ + ([] if durable else FAST)
    )
    args = [bin_folder / "pg_ctl", "-D", data, "-l", home / "log"]
    args += ["-w", "-t", "120", "-o", options, "start"]
    code, out = as_owner(args, owner)
    if code:
        raise say.Stop(
            "the private PostgreSQL cluster does not start.\n\n"
            f"{out}\n{say.tail(home / 'log')}"
        )


def binaries():
    """Return the folder of PostgreSQL's server programs, installed when missing."""
    found = _find_binaries()
    if not found:
        shell.apt_install(["postgresql"], NO_BINARIES)
        found = _find_binaries()
    if not found:
        raise say.Stop(NO_BINARIES)
    return found


def _find_binaries():
    """Return the newest folder with initdb and pg_ctl, or None."""
    folders = sorted(
        DEBIAN.glob("*/bin"),
        key=lambda path: float(path.parent.name),
        reverse=True,
    )
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        if not ((folder / "initdb").exists() and (folder / "pg_ctl").exists()):
            continue
        _code, out = shell.capture([folder / "pg_ctl", "--version"])
        if int(out.split()[-1].split(".")[0].split()[0]) >= MIN_VERSION:
            return folder
    return None


def _place(name):
    """Return where a cluster lives and who owns it (None: we do).

    PostgreSQL refuses to run as root, so root's cluster belongs to another system
    user. That user cannot enter a clone inside a private folder such as root's
    home; the cluster then lives under /var/lib/hcrm.
    """
    home = settings.LOCAL / name
    if not shell.is_root():
        return home, None
    owner = _system_user(home)
    if _can_enter(settings.LOCAL, owner):
        return home, owner
    digest = hashlib.sha256(str(settings.ROOT).encode()).hexdigest()[:12]
    return Path("/var/lib/hcrm") / digest / name, owner


def make_home(name):
    """Create the folder of a cluster for its owner alone."""
    home, owner = _place(name)
    if not home.exists():
        home.mkdir(parents=True)
        if settings.LOCAL not in home.parents:
            say.warn(f"the cluster lives in {home}: {owner} cannot enter this folder.")
    if owner:
        shutil.chown(home, owner)
    home.chmod(0o700)
    return home, owner


def _system_user(home):
    """Return a system user to own root's cluster, created when there is none."""
    if (home / "data").exists():
        return pwd.getpwuid((home / "data").stat().st_uid).pw_name
    known = {entry.pw_name for entry in pwd.getpwall()}
    for user in SYSTEM_USERS:
        if user in known:
            return user
    shell.run(
        ["useradd", "--system", "--no-create-home", SYSTEM_USERS[0]],
        "postgres",
        "PostgreSQL refuses to run as root and no system user could be created for it.",
    )
    return SYSTEM_USERS[0]


def _can_enter(folder, owner):
    """Tell whether a user may enter a folder."""
    code, _out = as_owner(["test", "-x", folder], owner)
    return code == 0


def _socket_folder(home, owner):
    """Return a private folder for the socket, short enough for the kernel."""
    if len(str(home)) <= SOCKET_LIMIT:
        return home
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"hcrm-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    uid = pwd.getpwnam(owner).pw_uid if owner else os.geteuid()
    mode = folder.lstat()
    if stat.S_ISDIR(mode.st_mode) and mode.st_uid in (os.geteuid(), uid):
        os.chown(folder, uid, -1)
        return folder
    raise say.Stop(f"{folder} belongs to somebody else; remove it and run again.")


def as_owner(args, owner):
    """Run a short program as the cluster's owner, in a folder it may enter."""
    options = {"cwd": "/"}
    if owner:
        entry = pwd.getpwnam(owner)
        options.update(user=entry.pw_uid, group=entry.pw_gid, extra_groups=[])
    # pg_ctl hands its output on to the server: it must not be our pipe, or we
    # would wait for the server to end.
    with tempfile.TemporaryFile("w+") as stream:
        code = shell.call(args, stream, **options)
        stream.seek(0)
        return code, stream.read().strip()
