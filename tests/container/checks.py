"""What must be true of the running installation; each check is one function."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import websocket

PATIENT = {
    "resourceType": "Patient",
    "id": "container-1",
    "name": [{"text": "陈晓"}],
    "gender": "female",
}


def _call(world, session: str, model: str, method: str, *args, **kwargs):
    params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
    _status, _headers, body = world.get(
        "/web/dataset/call_kw",
        data=json.dumps({"params": params}).encode(),
        headers={
            "Content-Type": "application/json",
            "Cookie": f"session_id={session}",
        },
    )
    answer = json.loads(body)
    assert "error" not in answer, answer["error"]["data"]["message"]
    return answer["result"]


def _login(world, password: str, told: dict | None = None) -> str | None:
    """The session of the administrator, None where the password is refused.

    :param told: headers that a web server would set
    """
    params = {"db": "hcrm", "login": "admin", "password": password}
    _status, headers, body = world.get(
        "/web/session/authenticate",
        data=json.dumps({"params": params}).encode(),
        headers={"Content-Type": "application/json", **(told or {})},
    )
    if "error" in json.loads(body):
        return None
    return re.search(r"session_id=([^;]+)", headers["Set-Cookie"])[1]


def check_nginx_configuration(world):
    """nginx -t accepts the configuration"""
    told = world.nginx_test
    assert not told.returncode, told.stderr


def check_pages(world):
    """the login page comes through nginx; the database manager does not"""
    status, headers, body = world.get("/web/login")
    assert status == 200 and b"oe_login_form" in body, status
    assert headers["X-Content-Type-Options"] == "nosniff"
    status, _headers, _body = world.get("/web/database/manager")
    assert status == 404, status


def check_proxy_mode(world):
    """Odoo believes the web server about scheme and host"""
    password = world.secrets["admin_password"]
    told = {"Host": "crm.example", "X-Forwarded-Proto": "https"}
    session = _login(world, password, told)
    key = "web.base.url"
    url = _call(world, session, "ir.config_parameter", "get_param", key)
    assert url == "https://crm.example", url


def check_password(world):
    """the administrator has the password of the secret file and not the default"""
    assert _login(world, "admin") is None
    assert _login(world, world.secrets["admin_password"])


def check_workers(world):
    """several workers, cron, gevent and the job runner run as the image's user"""
    parent = world.processes["odoo"].pid
    kinds, owners = [], set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if re.search(rf"^PPid:\t{parent}$", status, re.M):
            kinds.append("gevent" if "gevent" in words else "worker")
            owners.add(re.search(r"^Uid:\t(\d+)", status, re.M)[1])
    assert owners == {"10001"}, owners
    assert kinds.count("gevent") == 1, kinds
    # four for pages, two for scheduled work, one for the queue of jobs
    assert kinds.count("worker") >= 7, kinds
    return f"[{len(kinds)} processes] "


def check_websocket(world):
    """a websocket is upgraded through nginx and told what happens"""
    session = _login(world, world.secrets["admin_password"])
    page = world.get("/odoo", headers={"Cookie": f"session_id={session}"})[2].decode()
    version = re.search(r'"websocket_worker_version": "([^"]+)"', page)[1]
    connection = websocket.create_connection(
        f"ws://127.0.0.1:8080/websocket?version={version}",
        cookie=f"session_id={session}",
        origin="http://127.0.0.1:8080",
        timeout=30,
    )
    assert connection.getstatus() == 101
    subscribe = {"event_name": "subscribe", "data": {"channels": [], "last": 0}}
    connection.send(json.dumps(subscribe))
    time.sleep(2)
    # sent when the cursor closes: the other process hears of it only then
    script = """
with env.registry.cursor() as cr:
    env(cr=cr).ref("base.user_admin")._bus_send("hcrm_container", {"seen": True})
"""
    python = (
        ".local/venv/bin/python -m odoo shell -c .local/odoo.conf -d hcrm --no-http"
    )
    names = "PYTHONPATH=.local/odoo:. PGPASSWORD=$(cat /run/secrets/db_password)"
    done = world.run_inside("odoo", ["sh", "-c", f"{names} {python}"], input=script)
    assert not done.returncode, done.stderr[-1500:]
    end = time.monotonic() + 30
    while time.monotonic() < end:
        told = connection.recv()
        if "hcrm_container" in told:
            connection.close()
            return ""
    raise AssertionError("nothing came over the websocket")


def check_static(world):
    """static files are compressed and cached by nginx"""
    path = "/web/static/src/libs/fontawesome/css/font-awesome.css"
    status, headers, _body = world.get(path, headers={"Accept-Encoding": "gzip"})
    assert status == 200, status
    assert headers["Content-Encoding"] == "gzip"
    assert "max-age=604800" in headers["Cache-Control"]


def check_feed(world):
    """an export in the feed folder is read by the job runner"""
    folder = world.machines["odoo"].root / "srv/feed"
    (folder / "export.ndjson").write_text(json.dumps(PATIENT), encoding="utf-8")
    session = _login(world, world.secrets["admin_password"])
    values = {"name": "Container", "kind": "fhir_file", "path": "/srv/feed"}
    (source,) = _call(world, session, "hcrm.feed.source", "create", [values])
    _call(world, session, "hcrm.feed.source", "action_start", [source])
    end = time.monotonic() + 120
    while time.monotonic() < end:
        (run,) = _call(
            world,
            session,
            "hcrm.feed.run",
            "search_read",
            [["source_id", "=", source]],
            ["state", "count_new", "message"],
        )
        if run["state"] in ("done", "failed"):
            assert (run["state"], run["count_new"]) == ("done", 1), run
            return ""
        time.sleep(1)
    raise AssertionError("the job runner did not take the run up")


def check_code_is_not_writable(world):
    """the image's user may write data and nothing else"""
    script = (
        "for path in hcrm_core docker .local/venv .local/odoo-root; do"
        " test -w $path && echo $path; done; touch .local/data/probe && rm"
        " .local/data/probe && echo data"
    )
    done = world.run_inside("odoo", ["sh", "-c", script])
    assert done.stdout.split() == ["data"], done.stdout + done.stderr


def check_secrets_stand_in_no_file(world):
    """no secret was written into the image's folders"""
    root = world.machines["odoo"].root
    text = (root / "opt/hcrm/.local/odoo.conf").read_text()
    log = (world.work / "odoo.log").read_text(errors="replace")
    for name, value in world.secrets.items():
        assert value not in text and value not in log, name


def check_role(world):
    """Odoo's database role is no superuser"""
    done = world.run_inside(
        "odoo",
        [
            "sh",
            "-c",
            "PGHOST=db PGUSER=odoo PGPASSWORD=$(cat /run/secrets/db_password)"
            " .local/venv/bin/python docker/inside/sql.py hcrm"
            ' "SELECT rolsuper, (SELECT datctype FROM pg_database WHERE datname ='
            " 'hcrm') FROM pg_roles WHERE rolname = current_user\"",
        ],
    )
    assert json.loads(done.stdout) == [[False, "C.UTF-8"]], done.stdout + done.stderr


def check_restart(world):
    """stopped within its grace period, started again without a second installation"""
    seconds = world.stop("odoo")
    assert seconds < 60, f"{seconds:.0f} s"
    begun = time.monotonic()
    world.start("odoo")
    again = time.monotonic() - begun
    assert again < 120, f"{again:.0f} s"
    assert _login(world, world.secrets["admin_password"])
    return f"[stop {seconds:.0f} s, start {again:.0f} s] "


ALL = [value for name, value in list(globals().items()) if name.startswith("check_")]
