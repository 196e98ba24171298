"""`make container`: build the images' folders without an engine and run them."""

import os
import subprocess

from steps import debian, machine, postgres, say, settings, shell

NEEDS_ROOT = (
    "the images are carried out with debootstrap and chroot here, which needs root. "
    "Run it as root, or build them with an engine: docker compose -f "
    "docker/compose.yaml build"
)


def main(argv):
    """Hand the arguments on, in namespaces of its own: no port or mount is left."""
    if not shell.is_root():
        raise say.Stop(NEEDS_ROOT)
    machine.prepare()
    shell.apt_install_missing({"debootstrap": "debootstrap", "unshare": "util-linux"})
    env = {
        **os.environ,
        "HCRM_MIRROR": debian.mirror(),
        "HCRM_PG_BIN": str(postgres.binaries()),
        "PYTHONPATH": str(settings.ROOT),
    }
    # with their process namespace everything that was started ends, too
    spaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = ["unshare", *spaces, settings.PYTHON, "-m", "tests.container", *argv]
    return subprocess.run(
        [str(word) for word in command], env=env, cwd=settings.ROOT, check=False
    ).returncode
