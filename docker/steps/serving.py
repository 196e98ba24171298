"""Odoo in a container: secrets from files, several workers, behind a web server."""

import os
import time
from pathlib import Path

from . import odoo, say, settings

PORT = 8069
GEVENT_PORT = 8072
SECRETS = ("PGPASSWORD", "HCRM_ADMIN_PASSWORD")
WAIT = 120  # seconds for a database server that is just starting
MARK = "hcrm_core.served"


def read_secrets():
    """Take what NAME_FILE points at for NAME."""
    for name in SECRETS:
        path = os.environ.get(f"{name}_FILE")
        if not path:
            continue
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise say.Stop(
                f"{name}_FILE names {path}, which cannot be read ({error.strerror}). "
                "The file must be there and readable for the user of the container: "
                "keep the folder private (chmod 700) and the file readable (644)."
            ) from error
        if not value:
            raise say.Stop(f"{path} is empty. Write the secret into it.")
        os.environ[name] = value


def wait_for(databases):
    """Wait until the PostgreSQL server answers and can serve HCRM."""
    end = time.monotonic() + WAIT
    while True:
        try:
            return databases.check()
        except say.Stop as stop:
            if "does not answer" not in str(stop) or time.monotonic() > end:
                raise
            time.sleep(2)


def configure(server):
    """Write Odoo's configuration and return its path."""
    workers = _number("HCRM_WORKERS", 4)
    if workers < 1:
        raise say.Stop(
            "HCRM_WORKERS must be 1 or more: without workers Odoo opens no port for "
            "websockets."
        )
    options = {
        "workers": workers,
        "max_cron_threads": _number("HCRM_CRON_THREADS", 2),
        "gevent_port": GEVENT_PORT,
        "proxy_mode": True,
        "db_name": settings.DEMO_DB,
        "dbfilter": f"^{settings.DEMO_DB}$",
        "db_maxconn": 16,
        "db_maxconn_gevent": 32,
        "limit_time_real_cron": 1800,
        # libpq takes it from the environment: it stands in no file
        "db_password": None,
    }
    channels = os.environ.get("HCRM_CHANNELS") or "root:2"
    return odoo.configure("odoo", server, PORT, "0.0.0.0", options, channels)


def first_start(databases, server, conf, name):
    """Give a new database the administrator's password and the feed's folder."""
    query = "SELECT 1 FROM ir_config_parameter WHERE key = %s"
    if databases.sql(name, query, MARK):
        return
    if not os.environ.get("HCRM_ADMIN_PASSWORD"):
        raise say.Stop(
            "the administrator of a new database needs a password: name a file that "
            "holds it in HCRM_ADMIN_PASSWORD_FILE."
        )
    with say.step("setting the administrator's password"):
        why = "Odoo could not set the administrator's password."
        odoo.script(
            conf, server, name, "first_start.py", "install", why, {"HCRM_MARK": MARK}
        )


def _number(name, default):
    value = os.environ.get(name) or str(default)
    if not value.isdigit():
        raise say.Stop(f"{name}={value} is not a number.")
    return int(value)
