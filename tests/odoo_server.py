"""Odoo's command line as a file: a server with workers starts its second process
from the path it was called by, which ``python -m odoo`` does not give it."""

from odoo.cli.command import main

if __name__ == "__main__":
    main()
