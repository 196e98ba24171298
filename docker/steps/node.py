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
    inputs = [settings.ROOT / "package.json", settings.ROOT / "package-lock.json"]
    value = shell.fingerprint(*inputs)
    if shell.is_stamped("node", value):
        return
    TOOLS.mkdir(exist_ok=True)
    for file in inputs:
        shutil.copy(file, TOOLS)
    npm(
        ["ci", "--no-audit", "--no-fund"],
        "the npm registry did not give prettier. Check the network or npm's settings "
        "and run the same command again.",
        cwd=TOOLS,
    )
    shell.stamp("node", value)


def _from_pypi():
    """Return the folder of a node that pip installed."""
    folder = python_env.create("node-venv", REQUIREMENTS, "Node.js")
    return folder / "bin"
