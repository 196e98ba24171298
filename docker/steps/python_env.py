"""Python packages: pinned, in virtual environments under .local/."""

import shutil
import sys

from . import say, settings, shell

OCA = settings.LOCAL / "oca"
RUNTIME = settings.DOCKER / "requirements.txt"
LINT = settings.DOCKER / "requirements-lint.txt"
OCA_PINS = settings.DOCKER / "requirements-oca.txt"
VERSION = "import sys; print(sys.version)"
HELP = (
    "the Python packages could not be fetched from the package registry of this "
    "machine. Check the network or pip's settings and run the same command again; "
    "what was fetched is kept."
)


def prepare():
    """Create the environment Odoo runs in, and the folder of OCA addons."""
    create("venv", RUNTIME, "Python packages")
    _oca_addons()


def prepare_lint():
    """Create the environment of the linters and return its bin folder."""
    return create("lint", LINT, "linters") / "bin"


def create(name, requirements, title, python=sys.executable, options=()):
    """Return a virtual environment that holds what `requirements` pins."""
    folder = settings.LOCAL / name
    _code, version = shell.capture([python, "-c", VERSION])
    value = shell.fingerprint(version, requirements)
    if shell.is_stamped(name, value) and (folder / "bin" / "python").exists():
        return folder
    with say.step(f"installing {title}", settings.LOG / f"{name}.log"):
        if not _works(folder, version):
            shutil.rmtree(folder, ignore_errors=True)
            _new(folder, name, python)
        pip(folder, name, ["install", *options, "-r", requirements])
    shell.stamp(name, value)
    return folder


def pip(folder, log, args):
    """Run pip of an environment, with a download cache that survives."""
    env = {
        "PIP_CACHE_DIR": str(settings.CACHE / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    program = [folder / "bin" / "python", "-m", "pip"]
    shell.run([*program, *args], log, HELP, env=env)


def _works(folder, version):
    """Tell whether an environment is of a Python and was made to the end."""
    python = folder / "bin" / "python"
    if not python.exists():
        return False
    code, out = shell.capture([python, "-c", f"import pip; {VERSION}"])
    return code == 0 and out == version


def _new(folder, log, python):
    """Create an empty virtual environment."""
    code, _out = shell.capture([python, "-c", "import venv, ensurepip"])
    if code:
        shell.apt_install(
            ["python3-venv"],
            "this Python cannot make virtual environments. Install it (Debian: "
            "apt-get install python3-venv) and run the same command again.",
        )
    shell.run([python, "-m", "venv", folder], log, HELP)


def _oca_addons():
    """Install all OCA addons at once: a second call would replace the folder."""
    value = shell.fingerprint(OCA_PINS)
    if shell.is_stamped("oca", value) and OCA.is_dir():
        return
    new = OCA.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    with say.step("installing OCA addons", settings.LOG / "oca.log"):
        args = ["install", "--no-deps", "--target", new, "-r", OCA_PINS]
        pip(settings.VENV, "oca", args)
        shell.replace(new, OCA)
    shell.stamp("oca", value)
