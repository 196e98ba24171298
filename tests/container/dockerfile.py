"""Read a Dockerfile: its stages and their instructions. Only what ours uses."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Instruction:
    """One instruction; ``flags`` are its ``--name=value``, ``words`` the rest."""

    name: str
    text: str
    flags: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """The arguments of the JSON form, or split as a shell does."""
        if self.text.startswith("["):
            return json.loads(self.text)
        return shlex.split(self.text)


@dataclass
class Stage:
    """``base`` is an image, or the name of an earlier stage."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, name: str) -> list[Instruction]:
        return [item for item in self.instructions if item.name == name]


def parse(path: Path) -> dict[str, Stage]:
    """The stages of a Dockerfile by name, ARGs before the first one filled in."""
    stages: dict[str, Stage] = {}
    given: dict[str, str] = {}
    stage = None
    for line in _lines(path.read_text(encoding="utf-8")):
        name, _space, rest = line.partition(" ")
        name, rest = name.upper(), rest.strip()
        if name == "FROM":
            base, _as, title = rest.partition(" AS ")
            base = re.sub(r"\$\{(\w+)\}", lambda found: given[found[1]], base.strip())
            stage = stages[title.strip()] = Stage(title.strip(), base)
        elif stage is None:
            assert name == "ARG", f"{name} before the first FROM"
            key, _equals, value = rest.partition("=")
            given[key] = value
        else:
            stage.instructions.append(_instruction(name, rest))
    return stages


def _lines(text: str) -> list[str]:
    """Instructions, each on one line; comments are left out."""
    rows = [row for row in text.splitlines() if not row.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(rows))
    return [row.strip() for row in joined.splitlines() if row.strip()]


def _instruction(name: str, rest: str) -> Instruction:
    flags = {}
    while found := re.match(r"--([\w-]+)=(\S+)\s+", rest):
        flags[found[1]] = found[2]
        rest = rest[found.end() :]
    return Instruction(name, rest, flags)
