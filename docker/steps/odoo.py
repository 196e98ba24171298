"""Run Odoo: its configuration, its command line, its server."""

import configparser
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from . import odoo_source, python_env, say, settings, shell


def environment(server):
    """Return the variables Odoo and our scripts run with."""
    path = [odoo_source.LINK.parent, settings.ROOT]
    return {
        **server.environment,
        "PYTHONPATH": os.pathsep.join(str(folder) for folder in path),
        "PYTHONPYCACHEPREFIX": str(settings.LOCAL / "pycache"),
        "PYTHONUNBUFFERED": "1",
    }


def addons_path():
    """Return every folder that Odoo takes addons from."""
    return [settings.ROOT, *odoo_source.addons_path(), python_env.OCA / "odoo/addons"]


def configure(name, server, port, interface="127.0.0.1", extra=None, channels="root:2"):
    """Write .local/NAME.conf and return its path.

    `extra` options go before ours; one that is None is left out.
    """
    path = settings.LOCAL / f"{name}.conf"
    options = {
        "addons_path": ",".join(str(folder) for folder in addons_path()),
        "data_dir": settings.DATA,
        "db_user": server.environment["PGUSER"],
        "server_wide_modules": "base,rpc,web,queue_job",
        "http_interface": interface,
        "http_port": port,
        "list_db": False,
        "proxy_mode": False,
        "workers": 0,
        # A page of the feed is a job of seconds; a stuck one is still ended.
        "limit_time_real": 600,
        "limit_time_cpu": 600,
        "admin_passwd": _password(path),
    }
    if "PGHOST" in server.environment:
        options["db_host"] = server.environment["PGHOST"]
        options["db_port"] = 5432
    else:
        options.update(_own_server_options())
    options.update(extra or {})
    parser = configparser.RawConfigParser()
    parser["options"] = {
        key: str(value) for key, value in options.items() if value is not None
    }
    parser["queue_job"] = {
        "channels": channels,
        "scheme": "http",
        "host": "localhost" if interface == "0.0.0.0" else interface,
        "port": str(port),
    }
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        parser.write(out)
    return path


def _own_server_options():
    """Return how Odoo reaches the server that the PG* variables name."""
    names = {"PGHOST": "db_host", "PGPORT": "db_port", "PGPASSWORD": "db_password"}
    return {
        option: os.environ[variable]
        for variable, option in names.items()
        if os.environ.get(variable)
    }


def _password(path):
    """Return the password of the database manager: random, made once."""
    parser = configparser.RawConfigParser()
    parser.read(path)
    return parser.get("options", "admin_passwd", fallback=secrets.token_urlsafe(24))


def command(conf, *args, sub="server"):
    """Return the command line of Odoo."""
    return [settings.PYTHON, "-m", "odoo", *sub.split(), "-c", conf, *args]


def run(conf, server, args, log, why, sub="server"):
    """Run Odoo to its end with its output in a log."""
    shell.run(command(conf, *args, sub=sub), log, why, env=environment(server))


def script(conf, server, database, name, log, why, env=None):
    """Run a script of docker/inside/ in Odoo's shell; it keeps what it wrote itself."""
    with open(settings.INSIDE / name) as stream:
        shell.run(
            command(conf, "-d", database, "--no-http", sub="shell"),
            log,
            why,
            env={**environment(server), **(env or {})},
            stdin=stream,
        )


# ----------------------------------------------------------------------
# THE SERVER
# ----------------------------------------------------------------------


def check_port(port, interface="127.0.0.1"):
    """Stop with a sentence when somebody else listens on our port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((interface, port))
        except OSError:
            raise say.Stop(
                f"port {port} is taken by another program. Choose another: "
                f"HCRM_PORT={port + 1} make run"
            ) from None


def free_port():
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(name, conf, server, database, port):
    """Start a server in the background, remember it, wait until it answers."""
    log = settings.LOG / f"{name}.log"
    with open(log, "ab") as stream:
        process = subprocess.Popen(
            [str(arg) for arg in command(conf, "-d", database)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment(server)},
            cwd=settings.ROOT,
            start_new_session=True,
        )
    _pid_file(name).write_text(f"{process.pid} {port}\n")
    with say.step("starting the server", log):
        url = f"http://127.0.0.1:{port}/web/login"
        for _attempt in range(600):
            if process.poll() is not None:
                _pid_file(name).unlink()
                raise say.Stop(f"the server ended at once.\n\n{say.tail(log)}")
            if _answers(url):
                return
            time.sleep(0.3)
    raise say.Stop(f"the server does not answer.\n\n{say.tail(log)}")


def running(name):
    """Return (pid, port) of the server that we started, or None."""
    try:
        pid, port = map(int, _pid_file(name).read_text().split())
        with open(f"/proc/{pid}/cmdline", "rb") as stream:
            words = stream.read().split(b"\0")
    except (OSError, ValueError):
        return None
    # A process number is used again one day: the command line must be ours.
    ours = str(settings.LOCAL / f"{name}.conf").encode()
    return (pid, port) if ours in words else None


def stop(name):
    """Stop the server that we started; tell whether there was one."""
    found = running(name)
    if found:
        os.kill(found[0], signal.SIGTERM)
        for _attempt in range(300):
            if not running(name):
                break
            time.sleep(0.1)
        else:
            os.kill(found[0], signal.SIGKILL)
    _pid_file(name).unlink(missing_ok=True)
    return bool(found)


def _pid_file(name):
    return settings.LOCAL / f"{name}.pid"


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False
