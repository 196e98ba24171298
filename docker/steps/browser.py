"""Chromium, without which Odoo skips every tour in silence."""

import shutil

from . import shell

PROGRAMS = ("google-chrome", "chromium", "chromium-browser")
PACKAGES = ["chromium", "fonts-noto-cjk"]
MISSING = (
    "no Chromium is here, and without one the browser tests would be skipped in "
    "silence. Install it (Debian: apt-get install chromium fonts-noto-cjk) and run "
    "the same command again."
)


def prepare():
    """Have a browser that Odoo's tests find."""
    if not any(map(shutil.which, PROGRAMS)):
        shell.apt_install(PACKAGES, MISSING)
