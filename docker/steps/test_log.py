"""What Odoo's log tells of a test run."""

import re

from . import settings

TOTALS = re.compile(r" (\d+) failed, (\d+) error\(s\) of (\d+) tests")
SKIPPED = re.compile(r": skipped ")
FAILED = re.compile(r" (?:ERROR|FAIL): (?:\w+\.)?test\w*| (?:ERROR|FAIL): setUpClass")
DEFINED = re.compile(r"""web_tour\.tours"\)\s*\.add\(\s*["']([\w.-]+)["']""")
STARTED = re.compile(r"""Evaluate test code .*odoo\.startTour\(['"]([\w.-]+)""")
SUCCEEDED = re.compile(r": tour succeeded$")
HOOT = re.compile(r"\[HOOT\] Test suite succeeded$")


def _rows(log, pattern):
    with open(log, encoding="utf-8", errors="replace") as stream:
        return [found for line in stream if (found := pattern.search(line.rstrip()))]


def counts(log):
    """Return (passed, failed, skipped), or None when the run did not end."""
    totals = _rows(log, TOTALS)
    if not totals:
        return None
    failed, errors, count = map(int, totals[-1].groups())
    skipped = len(_rows(log, SKIPPED))
    bad = failed + errors
    return max(0, count - bad - skipped), bad, skipped


def failures(log):
    """Return the names of the tests that failed."""
    return [found.string.split(" ", 5)[-1] for found in _rows(log, FAILED)]


def tour_complaints(log):
    """Return what is wrong with the tours: a skipped tour must not look green."""
    started = [found.group(1) for found in _rows(log, STARTED)]
    succeeded = len(_rows(log, SUCCEEDED))
    never = sorted(_defined_tours() - set(started))
    lines = [f"{name} is defined and was never started" for name in never]
    if succeeded != len(started):
        lines.append(f"{len(started)} started, {succeeded} succeeded")
    return lines


def _defined_tours():
    """Return the names of the tours that our addons register."""
    names = set()
    for path in settings.ROOT.glob("hcrm_*/static/tests/**/*.js"):
        names.update(DEFINED.findall(path.read_text(encoding="utf-8")))
    return names


def hoot_complaints(log, names):
    """Return what is wrong with the JavaScript run: it must have happened."""
    if _rows(log, HOOT):
        return []
    return [f"no suite of {', '.join(names)} reported success"]
