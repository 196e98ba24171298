"""One small hospital, made once, read by all tests of the generator."""

import gzip
import json
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "data"))

from hospital import build  # noqa: E402

UNTIL = date(2026, 11, 23)


def read(folder):
    """Return every record of a folder by type."""
    records = {}
    for path in sorted(folder.glob("*.ndjson.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            records[path.name.split(".")[0]] = [json.loads(line) for line in lines]
    return records


@pytest.fixture(scope="session")
def plan():
    return build.Plan(patients=500, seed=11, until=UNTIL, facts=10)


@pytest.fixture(scope="session")
def hospital(plan, tmp_path_factory):
    """``folder``, ``records`` by type, ``truth``."""
    folder = tmp_path_factory.mktemp("hospital") / "records"
    truth = folder.with_name("truth.json.gz")
    build.build(plan, folder, 1, truth)
    return SimpleNamespace(
        folder=folder,
        records=read(folder),
        truth=json.loads(gzip.decompress(truth.read_bytes())),
        truth_file=truth,
    )
