"""People written in sets equal those of the ORM, whatever is installed beside.

The first module set, the suite alone, runs with the tests of the addons. Here are
the others: each is installed on a clone of the test database, and the tests tagged
``hcrm_people_equality`` run there again.
"""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

ADDONS = Path(__file__).resolve().parents[1] / "addons"
TOTALS = re.compile(r" (\d+) failed, (\d+) error\(s\) of (\d+) tests")
TROUBLE = re.compile(
    r"^\d{4}-\d\d-\d\d [\d:,]+ \d+ (?:WARNING|ERROR|CRITICAL) .*", re.M
)

# modules, which tests, how many of them there are at least
SETS = (
    (("crm", "hr", "mass_mailing_sms"), "/hcrm_core:TestFeedPeopleEquality", 4),
    (("hcrm_test_compute",), "/hcrm_test_compute", 2),
    (("hcrm_test_his",), "/hcrm_test_his", 33),
    (("hcrm_test_stock",), "/hcrm_test_stock", 4),
)


def _conf():
    if "HCRM_CONF" not in os.environ:
        pytest.skip("needs the test database of `make test`")
    parser = configparser.RawConfigParser()
    parser.read(os.environ["HCRM_CONF"])
    return parser["options"]


@pytest.fixture
def clone():
    """Yield a clone of the test database, with its files."""
    files = Path(_conf()["data_dir"]) / "filestore"
    origin = os.environ["HCRM_DB"]
    name = f"{origin}_module_set"
    _postgres(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}" '
              f'TEMPLATE "{origin}"')  # fmt: skip
    shutil.rmtree(files / name, ignore_errors=True)
    if (files / origin).is_dir():
        shutil.copytree(files / origin, files / name)
    yield name
    shutil.rmtree(files / name, ignore_errors=True)
    _postgres(f'DROP DATABASE "{name}"')


def _postgres(*statements):
    connection = psycopg2.connect(dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("modules", "tags", "count"),
    SETS,
    ids=["crm_hr_sms", "unknown_compute", "his_addons", "mass_texts"],
)
def test_module_set(clone, modules, tags, count):
    command = [
        sys.executable,
        "-m",
        "odoo",
        "-c",
        os.environ["HCRM_CONF"],
        f"--addons-path={_conf()['addons_path']},{ADDONS}",
        "-d",
        clone,
        "-i",
        ",".join(modules),
        # only the tests of addons that are loaded anew are run
        "-u",
        "hcrm_core",
        f"--test-tags={tags}",
        "--stop-after-init",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    log = done.stdout + done.stderr
    totals = TOTALS.findall(log)
    assert totals, log[-3000:]
    failed, errors, ran = map(int, totals[-1])
    assert (failed, errors) == (0, 0), log[-6000:]
    assert ran >= count, f"only {ran} tests ran"
    assert not TROUBLE.findall(log), "\n".join(TROUBLE.findall(log))
