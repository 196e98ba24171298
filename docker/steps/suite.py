"""Put the suite into databases, each built once under another name."""

import ast

from . import database, machine, odoo, say, settings, shell

NOT_SHIPPED = {"tests", "__pycache__", "readme", "README.md"}
HELP = "Odoo could not install the addons. See .local/log/ and mend what it says."


def dependencies():
    """Return what our addons depend on, without themselves."""
    ours = settings.addons()
    wanted = set()
    for name in ours:
        manifest = (settings.ROOT / name / "__manifest__.py").read_text()
        wanted.update(ast.literal_eval(manifest).get("depends", []))
    return sorted(wanted - set(ours))


def fingerprint():
    """Return a fingerprint of everything our addons put into a database."""
    parts = []
    for name in settings.addons():
        for path in sorted((settings.ROOT / name).iterdir()):
            if path.name not in NOT_SHIPPED:
                parts.append(path)
    return shell.fingerprint(machine.state(), *dependencies(), *parts)


def build(databases, server, conf, name, mark, log, modules, template=None):
    """Make a database with modules; an interrupted one never carries the name."""
    building = f"{name}_building"
    if template:
        databases.clone(template, building)
    else:
        databases.drop(building)
        databases.create(building)
    args = ["-d", building, "-i", ",".join(modules), "--stop-after-init", "--no-http"]
    args += ["--load-language", settings.LANGUAGES]
    odoo.run(conf, server, args, log, HELP)
    databases.rename(building, name)
    databases.set_mark(name, mark)


def bring_up(databases, server, conf, name, mark):
    """Install the suite into a new database, or update one of older code."""
    log = settings.LOG / "install.log"
    modules = settings.addons()
    if not databases.exists(name):
        with say.step("creating the database and installing the suite", log):
            build(databases, server, conf, name, mark, "install", modules)
    elif databases.mark(name) != mark:
        with say.step("updating the suite to the code of this clone", log):
            names = ",".join(modules)
            args = ["-d", name, "-i", names, "-u", names, "--stop-after-init"]
            odoo.run(conf, server, [*args, "--no-http"], "install", HELP)
            databases.set_mark(name, mark)


def filestore_exists(name):
    """Tell whether a database's files are still there."""
    return database.filestore(name).is_dir()
