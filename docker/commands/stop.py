"""`make stop`: end what `make run` started, and nothing else."""

from steps import odoo, postgres, say, settings


def main(_argv):
    """Stop the demo's server and its private cluster."""
    settings.make_folders()
    stopped = odoo.stop("odoo")
    say.line("The server is stopped." if stopped else "No server of ours is running.")
    if postgres.stop_private("pg"):
        say.line("The private PostgreSQL cluster is stopped.")
    return 0
