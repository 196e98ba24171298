"""Odoo's command line as a file: with workers Odoo starts itself again by it.

`python -m odoo` cannot be started again that way, and its websocket process dies.
"""

from odoo.cli.command import main

if __name__ == "__main__":
    main()
