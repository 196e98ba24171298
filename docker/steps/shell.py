"""Run programs: output to a log, a sentence when one fails."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from . import say, settings

FULL = ("No space left on device", "ENOSPC", "Disk quota exceeded")
FULL_BELOW = 20e6  # bytes free; the log of a full disk cannot tell it any more


def is_root():
    """Tell whether this machine is ours to install on."""
    return os.geteuid() == 0


def run(args, log, why, env=None, **options):
    """Run a program with its output in .local/log/; stop with `why` if it fails."""
    path = settings.LOG / f"{log}.log"
    if log_to(path, args, env, **options):
        raise say.Stop(_failure(path, why))


def log_to(path, args, env=None, **options):
    """Return the exit code of a program whose output is added to a file."""
    with open(path, "ab") as stream:
        return call(args, stream, env={**os.environ, **(env or {})}, **options)


def _failure(path, why):
    """Return why a program failed: a full disk is told before anything else."""
    last = say.tail(path)
    is_full = shutil.disk_usage(settings.LOCAL).free < FULL_BELOW
    if is_full or any(word in last for word in FULL):
        why = (
            "the disk is full. Make room (a first run needs about 4 GB under "
            ".local/) and run the same command again; finished steps are kept."
        )
    return f"{why}\n\nThe end of {path}:\n{last}"


def capture(args, env=None, **options):
    """Return (exit code, output) of a short program, errors included."""
    result = subprocess.run(
        [str(arg) for arg in args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(env or {})},
        check=False,
        text=True,
        **options,
    )
    return result.returncode, result.stdout.strip()


def call(args, stream, **options):
    """Return the exit code of a program that writes into an open file."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [str(arg) for arg in args],
        stdout=stream,
        stderr=subprocess.STDOUT,
        check=False,
        **options,
    ).returncode


def apt_install(packages, why):
    """Install Debian packages when root and apt are here, else stop with `why`."""
    if not (is_root() and shutil.which("apt-get")):
        raise say.Stop(why)
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    names = " ".join(packages)
    with say.step(f"installing {names} with apt", settings.LOG / "apt.log"):
        # A third-party list that cannot be read does not matter here: the
        # install below tells whether the packages were found.
        capture(["apt-get", "update", "-q"], env=env)
        run(
            ["apt-get", "install", "-qy", "--no-install-recommends", *packages],
            "apt",
            f"apt could not install {names}. {why}",
            env=env,
        )


def apt_install_missing(packages):
    """Install the package of every program that is missing."""
    missing = [name for program, name in packages.items() if not shutil.which(program)]
    if missing:
        names = " ".join(missing)
        apt_install(missing, f"{names} is missing. Install it: apt-get install {names}")


def fingerprint(*parts):
    """Return a short hash over texts and the contents of files and folders."""
    digest = hashlib.sha256()
    for part in parts:
        if not isinstance(part, Path):
            digest.update(f"{part}\0".encode())
            continue
        files = sorted(part.rglob("*")) if part.is_dir() else [part]
        for file in files:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(f"{file.relative_to(settings.ROOT)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def is_stamped(name, value):
    """Tell whether a step was finished before with these inputs."""
    stamp = settings.LOCAL / "stamps" / name
    return stamp.exists() and stamp.read_text() == value


def stamp(name, value):
    """Remember that a step is finished."""
    folder = settings.LOCAL / "stamps"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(value)


def replace(new, old):
    """Put a finished folder in place of an older one."""
    shutil.rmtree(old, ignore_errors=True)
    os.rename(new, old)


@contextmanager
def only_one(name, what):
    """Let one command at a time work on a thing of this clone."""
    with open(settings.LOCAL / f"{name}.lock", "w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say.line(f"- another command is {what}; waiting for it ...")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def check_disk():
    """Stop early when the disk has no room for what is missing."""
    need = 0.5 if settings.PYTHON.exists() else 4
    free = shutil.disk_usage(settings.LOCAL).free / 1e9
    if free < need:
        raise say.Stop(
            f"the disk has {free:.1f} GB free and this needs {need} GB. "
            "Make room and run the same command again."
        )
