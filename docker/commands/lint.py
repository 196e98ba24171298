"""`make lint`: every linter and format check; all run, then the verdict."""

import os
import subprocess
from pathlib import Path

from steps import node, python_env, say, settings

# README.md serves both GitHub and Odoo; headers are not ours to repeat.
OCA_OFF = "xml-header-wrong,xml-field-numeric-without-eval,prefer-readme-rst"
# A model is extended once in each room. Said here: .pylintrc cannot take one
# message out of a group that it switches on.
PYLINT_OFF = "consider-merging-classes-inherited"
HOUSE_CHECK = settings.ROOT.parent / "shared" / "tools" / "house-check"


def main(_argv):
    """Run what is known to complain; exit 1 when one did."""
    settings.make_folders()
    bin_folder = python_env.prepare_lint()
    node.prepare()
    failed = [
        name
        for name, command, env in _checks(bin_folder)
        if not _passes(name, command, env)
    ]
    say.line(f"\nLint: {', '.join(failed)} complained." if failed else "\nLint: clean.")
    return 1 if failed else 0


def python_folders():
    """Return the folders whose Python is ours."""
    names = [*settings.addons(), "docker", "tests", "data"]
    return [name for name in names if (settings.ROOT / name).is_dir()]


def prettier(addons, mode):
    """Return the command that checks or writes XML, JavaScript and SCSS."""
    program = node.MODULES / "prettier" / "bin" / "prettier.cjs"
    globs = [f"{addon}/**/*.{{xml,js,scss}}" for addon in addons]
    options = ["--config", "prettier.config.cjs", mode, "--log-level", "warn"]
    # An addon without such files yet is in order, too.
    return ["node", program, *options, "--no-error-on-unmatched-pattern", *globs]


def _checks(bin_folder):
    """Return (name, command, environment) of every check."""
    addons = settings.addons()
    python = python_folders()
    catalogs = [str(path) for path in settings.ROOT.glob("hcrm_*/i18n/*.po*")]
    path = {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
    checks = [
        ("ruff", ["ruff", "check", "--no-cache", *python], path),
        ("ruff format", ["ruff", "format", "--check", "--no-cache", *python], path),
        (
            "pylint-odoo",
            ["pylint", "--rcfile=.pylintrc", f"--disable={PYLINT_OFF}", *addons],
            path,
        ),
        (
            "oca-checks-odoo-module",
            ["oca-checks-odoo-module", f"--disable={OCA_OFF}", *addons],
            path,
        ),
    ]
    if catalogs:
        checks.append(("oca-checks-po", ["oca-checks-po", *catalogs], path))
    checks.append(("prettier", prettier(addons, "--check"), node.environment()))
    if HOUSE_CHECK.exists():
        checks.append(("house-check", [HOUSE_CHECK, "."], {}))
    return checks


def _passes(name, command, env):
    """Run a check; show what it says only when it complains."""
    say.line(f"- {name}")
    result = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **env},
        cwd=Path(settings.ROOT),
        text=True,
        check=False,
    )
    if result.returncode:
        say.line(result.stdout.rstrip())
    return result.returncode == 0
