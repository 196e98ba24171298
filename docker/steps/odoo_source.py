"""Where Odoo 19 comes from: HCRM_ODOO, an installed one, or Debian's package.

Whatever it is, `.local/odoo/odoo` links to it, so that nothing else of its
surroundings comes onto Python's path.
"""

import os
import re
import shutil
import tarfile
from pathlib import Path

from . import debian, node, say, settings, shell

LINK = settings.LOCAL / "odoo" / "odoo"
TREE = settings.LOCAL / "odoo-root"
PACKAGE = "usr/lib/python3/dist-packages/odoo"
SELFIE = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
SELFIE_NPM = "@mediapipe/selfie_segmentation@0.1.1675465747"


def prepare():
    """Find or fetch Odoo 19 and link to it."""
    package = _from_environment() or _installed() or _from_debian()
    if not LINK.is_symlink() or Path(os.readlink(LINK)) != package:
        LINK.parent.mkdir(parents=True, exist_ok=True)
        LINK.unlink(missing_ok=True)
        LINK.symlink_to(package)
    _supply_selfie_segmentation()


def addons_path():
    """Return the folders of Odoo's own addons."""
    package = Path(os.readlink(LINK))
    if (package / "addons" / "web").is_dir():
        return [package / "addons"]
    # A source checkout keeps `base` in odoo/addons and the rest beside odoo/.
    return [package.parent / "addons", package / "addons"]


def _series(package):
    """Return the series of an Odoo package folder, or None."""
    try:
        text = (package / "release.py").read_text()
    except OSError:
        return None
    found = re.search(r"version_info\s*=\s*\((\d+),\s*(\d+)", text)
    return ".".join(found.groups()) if found else None


def _from_environment():
    """Return the Odoo that HCRM_ODOO names."""
    named = os.environ.get("HCRM_ODOO")
    if not named:
        return None
    root = Path(named).expanduser().resolve()
    for package in (root / "odoo", root / PACKAGE, root):
        series = _series(package)
        if series == settings.ODOO_SERIES:
            return package
        if series:
            raise say.Stop(
                f"HCRM_ODOO={named} is Odoo {series}; HCRM needs "
                f"{settings.ODOO_SERIES}. Name another folder or unset it."
            )
    raise say.Stop(
        f"HCRM_ODOO={named} holds no Odoo: name a source checkout (the folder with "
        "odoo-bin) or the folder that holds the `odoo` package, or unset it."
    )


def _installed():
    """Return an installed Odoo of our series."""
    candidates = [Path("/") / PACKAGE]
    script = shutil.which("odoo")
    if script:
        code, out = shell.capture(
            [_interpreter(script), "-c", "import odoo.release as r; print(r.__file__)"]
        )
        if not code:
            candidates.append(Path(out.splitlines()[-1]).parent)
    for package in candidates:
        if _series(package) == settings.ODOO_SERIES:
            return package
    return None


def _interpreter(script):
    """Return the Python that an installed `odoo` script runs with."""
    with open(script, "rb") as stream:
        first = stream.readline().decode("utf-8", "replace").strip()
    words = first[2:].split() if first.startswith("#!") else []
    return words[-1] if words and "python" in words[-1] else "python3"


def _from_debian():
    """Return Debian's odoo-19, fetched and unpacked once under .local/."""
    if not (TREE / PACKAGE).is_dir():
        debian.fetch_odoo(TREE)
    return TREE / PACKAGE


def _supply_selfie_segmentation():
    """Restore a script that Debian strips, without which bundles log an error."""
    target = next(
        (path / SELFIE for path in addons_path() if (path / "mail").is_dir()), None
    )
    if target is None or target.exists():
        return
    nearest = next(folder for folder in target.parents if folder.exists())
    if not os.access(nearest, os.W_OK):
        say.warn(
            f"this Odoo lacks {SELFIE} and its folder is not writable: the browser "
            "console shows an error, and `make test` needs the file (npm package "
            f"{SELFIE_NPM})."
        )
        return
    with say.step("restoring a script that Debian's Odoo lacks"):
        folder = settings.CACHE / "selfie"
        folder.mkdir(exist_ok=True)
        node.npm(
            ["pack", "--silent", "--pack-destination", folder, SELFIE_NPM],
            "the npm registry did not give a script that Odoo's web client needs. "
            "Check the network or npm's settings and run the same command again.",
        )
        archive = next(folder.glob("*.tgz"))
        with tarfile.open(archive) as tar:
            content = tar.extractfile("package/selfie_segmentation.js").read()
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".part")
        partial.write_bytes(content)
        partial.rename(target)
