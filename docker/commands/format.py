"""`make format`: let the formatters rewrite what `make lint` would refuse."""

from steps import node, python_env, settings, shell

from . import lint


def main(_argv):
    """Rewrite Python, XML, JavaScript and SCSS in place."""
    settings.make_folders()
    bin_folder = python_env.prepare_lint()
    node.prepare()
    python = lint.python_folders()
    why = "a formatter could not read a file."
    options = {"cwd": settings.ROOT}
    shell.run([bin_folder / "ruff", "format", *python], "format", why, **options)
    command = lint.prettier(settings.addons(), "--write")
    shell.run(command, "format", why, env=node.environment(), **options)
    return 0
