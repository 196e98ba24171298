"""Kannel, the real gateway, and the carrier behind it, for the journey of messages.

Only Debian's programs are needed; no service of the machine is started. The journey
runs a gateway of its own, by its own configuration, on the loopback.
"""

import shutil

from . import node, say, settings, shell

PACKAGES = ["kannel", "kannel-extras"]
NO_BINARIES = (
    "no Kannel is here and you are not root, so it cannot be installed. "
    f"Install it (Debian: apt-get install {' '.join(PACKAGES)}) and run the same "
    "command again."
)
FOLDERS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
CARRIER = settings.ROOT / "tests" / "e2e" / "carrier"
FILES = ("package.json", "package-lock.json", "carrier.js")


def prepare(_world):
    """Install the gateway and the carrier; the variables for a journey."""
    if not all(_programs()):
        shell.apt_install(PACKAGES, NO_BINARIES)
    bearerbox, smsbox = _programs()
    if not (bearerbox and smsbox):
        raise say.Stop(NO_BINARIES)
    with say.step("preparing the carrier", settings.LOG / "node.log"):
        folder = node.install("carrier", [CARRIER / name for name in FILES])
    home = settings.LOCAL / "kannel"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700)
    return {
        "HCRM_BEARERBOX": bearerbox,
        "HCRM_SMSBOX": smsbox,
        "HCRM_KANNEL_HOME": str(home),
        "HCRM_NODE": shutil.which("node", path=node.environment()["PATH"]),
        "HCRM_CARRIER": str(folder / "carrier.js"),
    }


def _programs():
    """Return the paths of the two programs, None for what is missing."""
    return [shutil.which(name, path=FOLDERS) for name in ("bearerbox", "smsbox")]
