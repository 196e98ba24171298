"""Read Odoo's log: a warning nobody knows fails the run."""

import re

from . import settings

WHITELIST = settings.DOCKER / "log-whitelist.txt"
LEVEL = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ \d+ (WARNING|ERROR|CRITICAL) ")


def complaints(log):
    """Return the lines of level WARNING and above that are not known."""
    known = _known()
    with open(log, encoding="utf-8", errors="replace") as stream:
        return [
            line.rstrip()
            for line in stream
            if LEVEL.match(line) and not any(rule.search(line) for rule in known)
        ]


def _known():
    """Return the patterns of the whitelist; each stands under its reason."""
    rows = WHITELIST.read_text(encoding="utf-8").splitlines()
    return [re.compile(row) for row in rows if row and not row.startswith("#")]
