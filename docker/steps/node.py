"""Node.js: the machine's own, or the one PyPI carries when there is none."""

import os
import shutil

from . import python_env, settings, shell

TOOLS = settings.LOCAL / "node"
MODULES = TOOLS / "node_modules"
REQUIREMENTS = settings.DOCKER / "requirements-node.txt"


def environment():
    """Return the variables with which node finds itself and our packages."""
    path = os.environ["PATH"]
    if not shutil.which("npm"):
        path = f"{_from_pypi()}{os.pathsep}{path}"
    return {
        "PATH": path,
        "NODE_PATH": str(MODULES),
        "npm_config_cache": str(settings.CACHE / "npm"),
        "npm_config_update_notifier": "false",
    }


def npm(args, why, **options):
    """Run npm."""
    env = environment()
    program = shutil.which("npm", path=env["PATH"])
    shell.run([program, *args], "node", why, env=env, **options)


def prepare():
    """Install the formatters that package-lock.json pins."""
    install(
        "node", [settings.ROOT / "package.json", settings.ROOT / "package-lock.json"]
    )


def install(name, files):
    """Install what the lock file among `files` pins, with these files beside it.

    Returns the folder below .local/.
    """
    folder = settings.LOCAL / name
    value = shell.fingerprint(*files)
    if shell.is_stamped(name, value):
        return folder
    folder.mkdir(exist_ok=True)
    for file in files:
        shutil.copy(file, folder)
    npm(
        ["ci", "--no-audit", "--no-fund"],
        "the npm registry did not give what is pinned. Check the network or npm's "
        "settings and run the same command again.",
        cwd=folder,
    )
    shell.stamp(name, value)
    return folder


def _from_pypi():
    """Return the folder of a node that pip installed."""
    folder = python_env.create("node-venv", REQUIREMENTS, "Node.js")
    return folder / "bin"
