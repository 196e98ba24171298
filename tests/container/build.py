"""Carry out a Dockerfile in folders, as an engine would, with chroot.

Each stage becomes a root folder. FROM an image starts from a clean Debian made by
debootstrap; RUN runs in it, COPY copies into it, as the USER and in the WORKDIR of
the stage. Needs root. What it cannot show: layers, the engine's network and limits.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .dockerfile import Instruction, Stage

MOUNTS = ("proc", "sys", "dev")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CA = Path("/etc/ssl/certs/ca-certificates.crt")
LENT_CA = "/etc/host-ca.crt"


class BuildError(Exception):
    """A step failed; the end of its output is the message."""


@dataclass
class Machine:
    """A root folder and the state that the instructions have set."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    folder: str = "/"

    def path(self, inside: str) -> Path:
        """The place outside of a path inside; relative ones start in WORKDIR."""
        return self.root / os.path.join(self.folder, inside).lstrip("/")

    def command(self, words: list[str]) -> list[str]:
        """The command line that runs ``words`` inside, as USER."""
        become = ["--userspec", self.user] if self.user != "root" else []
        where = f'cd {self.folder} && exec "$@"'
        return ["chroot", *become, str(self.root), "sh", "-c", where, "sh", *words]

    def environment(self) -> dict[str, str]:
        return {"PATH": PATH, "HOME": "/root", **lent_environment(), **self.env}


def lent_environment() -> dict[str, str]:
    """How this machine reaches its package registries; an image's base knows it."""
    wanted = re.compile(r"^(PIP_|NPM_CONFIG_)|_proxy$", re.IGNORECASE)
    lent = {name: value for name, value in os.environ.items() if wanted.search(name)}
    if CA.exists():
        for name in ("PIP_CERT", "NODE_EXTRA_CA_CERTS", "npm_config_cafile"):
            lent[name] = LENT_CA
    return lent


def bootstrap(folder: Path, mirror: str, log) -> None:
    """A clean Debian 12, made once."""
    if (folder / "etc" / "debian_version").exists():
        return
    new = folder.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    _call(["debootstrap", "--variant=minbase", "bookworm", new, mirror], log)
    rows = [
        f"deb {mirror} {suite} main\n" for suite in ("bookworm", "bookworm-updates")
    ]
    (new / "etc/apt/sources.list").write_text("".join(rows))
    new.rename(folder)


def build(
    stage: Stage, base: Machine, root: Path, made: dict[str, Machine], context, log
):
    """Carry out one stage on a copy of ``base`` and return its machine."""
    shutil.rmtree(root, ignore_errors=True)
    _call(["cp", "-a", "--reflink=auto", base.root, root], log)
    machine = Machine(root, dict(base.env), base.user, base.folder)
    given: dict[str, str] = {}
    with mounted(machine):
        for item in stage.instructions:
            print(f"  {stage.name}: {item.name} {item.text[:70]}", flush=True)
            _step(machine, item, given, made, context, log)
    return machine


def remembered(stage: Stage, root: Path) -> Machine:
    """The machine of a stage that was built before."""
    machine = Machine(root)
    for item in stage.instructions:
        if item.name in ("ENV", "WORKDIR", "USER"):
            _step(machine, item, {}, {}, root, os.devnull)
    return machine


def _step(machine, item: Instruction, given, made, context, log) -> None:
    if item.name == "ARG":
        name, _equals, default = item.text.partition("=")
        value = os.environ.get(name, default)
        if value:
            given[name] = value
    elif item.name == "ENV":
        machine.env.update(word.split("=", 1) for word in item.words)
    elif item.name == "WORKDIR":
        machine.folder = item.text
        machine.path(".").mkdir(parents=True, exist_ok=True)
    elif item.name == "USER":
        machine.user = item.text
    elif item.name == "COPY":
        _copy(machine, item, made, context, log)
    elif item.name == "RUN":
        _call(
            machine.command(["sh", "-c", item.text]),
            log,
            env={**machine.environment(), **given},
        )
    elif item.name not in ("EXPOSE", "HEALTHCHECK", "CMD", "ENTRYPOINT"):
        raise BuildError(f"{item.name} is not known to this check.")


def _copy(machine: Machine, item: Instruction, made, context: Path, log) -> None:
    """COPY: folders give their contents, as an engine copies them."""
    *sources, target = item.words
    origin = made[item.flags["from"]].root if "from" in item.flags else context
    place = machine.path(target)
    into = target.endswith("/") or len(sources) > 1
    for word in sources:
        source = origin / word.lstrip("/")
        if "from" not in item.flags and _is_ignored(context, word):
            raise BuildError(f".dockerignore hides {word}")
        if source.is_dir():
            place.mkdir(parents=True, exist_ok=True)
            _call(["cp", "-a", "--no-preserve=ownership", f"{source}/.", place], log)
        else:
            (place if into else place.parent).mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, place / source.name if into else place)


def _is_ignored(context: Path, word: str) -> bool:
    """Whether .dockerignore leaves a path out; the last row that fits decides."""
    ignored = False
    for row in (context / ".dockerignore").read_text().split():
        rule = row.lstrip("!")
        parts = word.split("/")
        heads = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        if rule == "**" or any(fnmatch.fnmatch(head, rule) for head in heads):
            ignored = not row.startswith("!")
    return ignored


# ----------------------------------------------------------------------
# what a running container has around it
# ----------------------------------------------------------------------


@contextmanager
def mounted(machine: Machine):
    """Kernel file systems, names and this machine's package settings, lent."""
    lent = [Path(f"/{name}") for name in MOUNTS] + _lent_folders()
    done = []
    try:
        for source in lent:
            target = machine.root / str(source).lstrip("/")
            target.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", "--rbind", source, target], check=True)
            subprocess.run(["mount", "--make-rslave", target], check=True)
            done.append(target)
        for path in (Path("/etc/resolv.conf"), *_settings_files()):
            if path.exists():
                target = machine.root / str(path).lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
        if CA.exists():
            shutil.copy(CA, machine.root / LENT_CA.lstrip("/"))
        apt = machine.root / "etc/apt/apt.conf.d/99lent"
        apt.write_text(_apt_settings())
        yield
    finally:
        for target in reversed(done):
            subprocess.run(["umount", "--recursive", "--lazy", target], check=True)


def _settings_files() -> list[Path]:
    home = Path.home()
    return [
        Path("/etc/pip.conf"),
        home / ".config/pip/pip.conf",
        home / ".npmrc",
        Path("/etc/npmrc"),
    ]


def _apt_settings() -> str:
    """How this machine's apt fetches: proxies, and mirrors that are snapshots."""
    dump = subprocess.run(
        ["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True
    ).stdout
    wanted = re.compile(r"^Acquire::(Check|https?|Retries)[^ ]* \"[^\"]+\";$", re.M)
    return "".join(f"{found[0]}\n" for found in wanted.finditer(dump))


def _lent_folders() -> list[Path]:
    """Local package folders that this machine's settings name."""
    text = " ".join(
        path.read_text() for path in _settings_files() if path.exists()
    ) + " ".join(lent_environment().values())
    found = {Path(word) for word in re.findall(r"(?:file://)?(/[\w./-]+)", text)}
    tops = {Path(*path.parts[:3]) for path in found if path.is_dir()}
    return sorted(top for top in tops if len(top.parts) == 3)


def _call(words, log, **options) -> None:
    with open(log, "ab") as stream:
        start = stream.tell()
        code = subprocess.run(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
            **options,
        ).returncode
    if code:
        with open(log, "rb") as stream:
            stream.seek(start)
            end = stream.read().decode("utf-8", "replace")[-3000:]
        raise BuildError(f"{' '.join(map(str, words))[:300]} ended with {code}:\n{end}")
