"""Where things are, and what the environment may change."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
INSIDE = DOCKER / "inside"
LOCAL = Path(os.environ.get("HCRM_LOCAL", ROOT / ".local")).resolve()
LOG = LOCAL / "log"
CACHE = LOCAL / "cache"
DATA = LOCAL / "data"
VENV = LOCAL / "venv"
PYTHON = VENV / "bin" / "python"

ODOO_SERIES = "19.0"
LANGUAGES = "en_US,zh_CN"
DEMO_DB = os.environ.get("HCRM_DB", "hcrm")
PORT = int(os.environ.get("HCRM_PORT", "8069"))
INTERFACE = os.environ.get("HCRM_INTERFACE", "127.0.0.1")
ADMIN_PASSWORD = "admin"


def addons():
    """Return the names of the addons of this repository, hcrm_core first."""
    names = {path.parent.name for path in ROOT.glob("hcrm_*/__manifest__.py")}
    return sorted(names, key=lambda name: (name != "hcrm_core", name))


def make_folders():
    """Create the folders every command expects."""
    for folder in (LOG, CACHE, DATA):
        folder.mkdir(parents=True, exist_ok=True)
