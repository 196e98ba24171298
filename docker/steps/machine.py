"""Everything a machine needs, in order; what is there already costs nothing."""

from . import odoo_source, python_env, settings, shell


def prepare():
    """Prepare Odoo, its Python packages and the OCA addons."""
    settings.make_folders()
    with shell.only_one("prepare", "preparing this clone"):
        shell.check_disk()
        odoo_source.prepare()
        python_env.prepare()


def state():
    """Return a fingerprint of what the databases' foundations were made from."""
    package = str(odoo_source.LINK.resolve())
    return shell.fingerprint(package, python_env.RUNTIME, python_env.OCA_PINS)
