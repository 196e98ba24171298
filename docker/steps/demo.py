"""The demo hospital: entities and users, then patients through the feed."""

import json
import time

from . import odoo, say, settings, shell

SETUP = settings.ROOT / "data" / "demo_setup.py"
PREPARE = settings.ROOT / "data" / "prepare.py"
# Below the feed's own upload folder, from which it may read.
HOSPITAL = settings.DATA / "hcrm_feed" / settings.DEMO_DB / "upload" / "demo"
LOGINS = settings.LOCAL / "logins.json"
PARAMETER = "hcrm_demo.setup"
PATIENCE = 1800  # seconds a first load may take before we stop watching it
PROGRESS = (
    "SELECT r.state, r.count_read, r.count_quarantined, r.bytes_done, r.bytes_total,"
    " r.message FROM hcrm_feed_run r ORDER BY r.id DESC LIMIT 1"
)
EXPLAIN = (
    "the demo's users could not be set up. The end of the log says why; "
    "the database itself is kept."
)


def is_set_up(databases, name):
    """Tell whether this version of the set-up script ran in a database."""
    query = "SELECT value FROM ir_config_parameter WHERE key = %s"
    rows = databases.sql(name, query, PARAMETER)
    return rows == [[shell.fingerprint(SETUP)]] and LOGINS.exists()


def set_up(conf, server, name):
    """Create legal entities, campuses and a user per role; remember the logins."""
    env = {
        "HCRM_SETUP": str(SETUP),
        "HCRM_LOGINS": str(LOGINS),
        "HCRM_PARAMETER": PARAMETER,
        "HCRM_FINGERPRINT": shell.fingerprint(SETUP),
        "HCRM_ADMIN_PASSWORD": settings.ADMIN_PASSWORD,
    }
    odoo.script(conf, server, name, "demo_setup.py", "demo", EXPLAIN, env)


def load(databases, server):
    """Load the demo hospital through the feed, in the running server's jobs."""
    name = settings.DEMO_DB
    if not PREPARE.exists() or _state(databases, name) == "done":
        return
    conf = settings.LOCAL / "odoo.conf"
    with say.step("moving the demo hospital's days up to yesterday"):
        shell.run(
            [settings.PYTHON, PREPARE, "--out", HOSPITAL],
            "demo",
            "the demo hospital's files could not be made.",
        )
    with say.step("handing the demo hospital to the feed"):
        env = {"HCRM_HOSPITAL": str(HOSPITAL)}
        why = "the load of the demo hospital could not be started."
        odoo.script(conf, server, name, "demo_feed.py", "demo", why, env)
    _watch(databases, name)
    with say.step("linking the demo's doctors to those of the hospital"):
        set_up(conf, server, name)


def _state(databases, name):
    """Return the state of the last feed run, or None."""
    rows = databases.sql(name, PROGRESS)
    return rows[0][0] if rows else None


def _watch(databases, name):
    """Show the progress of the load until it ends."""
    say.line("- loading the demo hospital through the feed ...")
    start = time.monotonic()
    shown = start
    while time.monotonic() - start < PATIENCE:
        if not odoo.running("odoo"):
            log = say.tail(settings.LOG / "odoo.log")
            raise say.Stop(f"the server ended during the load.\n\n{log}")
        ((state, read, bad, done, total, message),) = databases.sql(name, PROGRESS)
        if state == "done":
            seconds = time.monotonic() - start
            say.line(f"  {read} records read, {bad} set aside, in {seconds:.0f} s")
            return
        if state in ("failed", "stopped"):
            raise say.Stop(
                f"the load of the demo hospital {state}: {message or 'no reason given'}"
                ". The server runs; see HCRM > Feed > Runs, then run this again."
            )
        if time.monotonic() - shown >= say.HEARTBEAT:
            shown = time.monotonic()
            share = f"{100 * float(done) / float(total):.0f} %, " if total else ""
            say.line(f"  {share}{read} records, {shown - start:.0f} s")
        time.sleep(1)
    raise say.Stop(
        "the demo hospital is still loading after half an hour; the server goes on. "
        "See HCRM > Feed > Runs."
    )


def print_logins(databases):
    """Print the address and who may log in, in English and in Chinese."""
    logins = json.loads(LOGINS.read_text()) if LOGINS.exists() else []
    url = f"http://localhost:{settings.PORT}"
    say.line(f"\nHCRM runs at {url}\nHCRM 已启动:{url}\n")
    rows = [("Role / 角色", "Login / 登录名", "Password / 密码", "Language / 语言")]
    rows += [
        (
            " / ".join(filter(None, [row["role"], row.get("role_zh")])),
            row["login"],
            row["password"],
            "中文" if row.get("lang") == "zh_CN" else "English",
        )
        for row in logins
    ]
    widths = [max(_width(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(row)]
        say.line("  " + "   ".join(cells).rstrip())
    say.line(
        "\n`make stop` ends it; `make run` starts it again. Log: .local/log/odoo.log"
    )


def _width(text):
    """Return the columns a text takes: Chinese characters take two."""
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)
