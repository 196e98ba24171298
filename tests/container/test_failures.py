"""What a person is told when the machine has no room, no registry, no PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DOCKER = Path(__file__).resolve().parents[2] / "docker"
sys.path.append(str(DOCKER))

from steps import postgres, python_env, say, settings, shell  # noqa: E402


@pytest.fixture
def log(tmp_path, monkeypatch):
    """A folder for the logs of a step, apart from those of `make test`."""
    monkeypatch.setattr(settings, "LOG", tmp_path)
    monkeypatch.setattr(settings, "CACHE", tmp_path / "cache")
    return tmp_path


def test_a_full_disk_is_told_by_the_program_that_met_it(log):
    """The kernel's own full device stands for a disk without room."""
    with pytest.raises(say.Stop, match="the disk is full. Make room"):
        shell.run(["cp", __file__, "/dev/full"], "copy", "the registry did not answer")


def test_a_full_disk_is_told_when_its_log_has_no_room_either(log, monkeypatch):
    """The log is empty then: the room itself is looked at."""
    usage = shell.shutil._ntuple_diskusage(4_000_000_000, 3_999_000_000, 1_000_000)
    monkeypatch.setattr(shell.shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(say.Stop, match="the disk is full. Make room"):
        shell.run(["false"], "copy", "the registry did not answer")


def test_a_full_disk_is_told_by_our_own_writing():
    with pytest.raises(OSError) as caught:
        with open("/dev/full", "w") as stream:
            stream.write("x")
    assert "the disk is full. Make room" in say.explain_os_error(caught.value)


def test_too_little_room_is_told_before_anything_is_fetched(monkeypatch):
    usage = shell.shutil._ntuple_diskusage(4_000_000_000, 3_900_000_000, 100_000_000)
    monkeypatch.setattr(shell.shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(say.Stop, match="the disk has 0.1 GB free and this needs"):
        shell.check_disk()


def test_no_package_registry(log, monkeypatch):
    """pip asks an address where nobody listens."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    words = ["install", "--no-deps", "--target", log / "t", "hcrm-is-no-package==1"]
    with pytest.raises(say.Stop) as caught:
        python_env.pip(Path(sys.prefix), "pip", words)
    assert "could not be fetched from the package registry" in str(caught.value)
    assert "run the same command again" in str(caught.value)


def test_no_postgresql_and_no_root(monkeypatch, tmp_path):
    """Told before anything is fetched, with both ways out."""
    for name in postgres.OWN_SERVER:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(shell.os, "geteuid", lambda: 1000)
    with pytest.raises(say.Stop, match="you are not root") as caught:
        postgres.check()
    assert "apt-get install postgresql" in str(caught.value)
    assert "PGHOST=" in str(caught.value)


def test_commands_end_in_one_sentence(tmp_path):
    """From the outside: no traceback, exit code 1."""
    program = [sys.executable, str(DOCKER), "run"]
    env = {**os.environ, "HCRM_LOCAL": str(tmp_path), "HCRM_ODOO": str(tmp_path)}
    env.update(PGHOST="127.0.0.1", PGUSER="odoo", HCRM_PORT="8347")
    done = subprocess.run(program, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Stopped: HCRM_ODOO=" in done.stdout and "Traceback" not in done.stderr
