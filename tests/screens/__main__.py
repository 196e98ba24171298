"""Take the pictures of the documentation from the running demo.

``python -m tests.screens [--url URL] [--db DB] [--out FOLDER] [--only NAME,...]``
shoots every page at 1366 and 390 pixels, in English and Chinese, as the role that
works there. The demo must run (``make run``). Two things are done to it as its users
would: a file with mistakes is uploaded, so that the quarantine has something to show,
and the users' language is switched and set back.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import time
import urllib.request
from pathlib import Path

from .shoot import Browser, ShotError, session_id

PASSWORD = "hcrm-demo"
SIZES = ((1366, 900), (390, 844))
LANGUAGES = {"en": "en_US", "zh": "zh_CN"}
CARD = ".o_hcrm_card_item"
# name: login, page, selector to wait for, further steps
SHOTS = {
    "card": ("doctor", "/odoo/hcrm-card/{patient}", ".o_hcrm_card_tabs", ()),
    "timeline": (
        "doctor",
        "/odoo/hcrm-card/{patient}",
        ".o_hcrm_card_tabs",
        ("click:[data-tab=timeline]", f"wait:{CARD}"),
    ),
    "health": (
        "doctor",
        "/odoo/hcrm-card/{patient}",
        ".o_hcrm_card_tabs",
        ("click:[data-tab=health]", "wait:canvas"),
    ),
    "search": (
        "desk",
        "/odoo/front-desk",
        ".o_hcrm_person_search input, .o_hcrm_desk input",
        ("type:王伟", "sleep:2"),
    ),
    "people": ("manager", "/odoo/people", ".o_data_row, .o_kanban_record", ()),
    "registration": (
        "desk",
        "/odoo/action-hcrm_core.hcrm_registration_action",
        ".modal [name=name] input",
        (
            "js:document.querySelector('.modal [name=name] input').focus()",
            "type:王伟",
            "js:document.activeElement.blur()",
            "sleep:2",
        ),
    ),
    "desk_front": (
        "desk",
        "/odoo/front-desk",
        ".o_action_manager table, .o_hcrm_desk",
        (),
    ),
    "desk_vip": ("vip", "/odoo/vip-centre", ".o_hcrm_desk_vip", ()),
    "feed_run": ("manager", "/odoo/hcrm-feed-runs/{run}", ".o_form_view", ()),
    "quarantine": (
        "manager",
        "/odoo/hcrm-held-back",
        ".o_data_row, .o_kanban_record, .o_group_header, .o_kanban_group",
        (),
    ),
}
MISTAKES = [
    '{"resourceType": "Patient", "id": "late-1", "name": [{"text": "陈晓"}], "birthDate": '
    '"2023-02-30"}',
    '{"resourceType": "Patient", "id": "late-2", "gender": "female"}',
    '{"resourceType": "Encounter", "id": "late-3", "status": "finished", "class": {"code":'
    ' "AMB"}, "period": {"start": "yesterday"}}',
    '{"resourceType": "Observation", "id": "late-4", "status": "fin',
    "not JSON at all",
]


class Client:
    """Calls as one user of the web client."""

    def __init__(self, url: str, db: str, login: str, password: str):
        self.url = url
        self.session = session_id(url, db, login, password)

    def call(self, model: str, method: str, *args, **kwargs):
        body = {
            "params": {"model": model, "method": method, "args": args, "kwargs": kwargs}
        }
        request = urllib.request.Request(
            f"{self.url}/web/dataset/call_kw",
            json.dumps(body).encode(),
            {
                "Content-Type": "application/json",
                "Cookie": f"session_id={self.session}",
            },
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            answer = json.load(response)
        if "error" in answer:
            raise ShotError(answer["error"]["data"]["message"])
        return answer["result"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://localhost:8069")
    parser.add_argument("--db", default="hcrm")
    parser.add_argument("--out", default="hcrm_core/static/description/screens")
    parser.add_argument("--only", default="")
    parser.add_argument("--admin-password", default="admin")
    options = parser.parse_args()
    wanted = [name for name in options.only.split(",") if name] or list(SHOTS)
    admin = Client(options.url, options.db, "admin", options.admin_password)
    places = _places(options)
    logins = sorted({SHOTS[name][0] for name in wanted})
    users = admin.call(
        "res.users", "search_read", [["login", "in", logins]], ["login", "lang"]
    )
    try:
        for short, lang in LANGUAGES.items():
            admin.call("res.users", "write", [u["id"] for u in users], {"lang": lang})
            for name in wanted:
                _shoot(options, name, short, places)
    finally:
        for user in users:
            admin.call("res.users", "write", [user["id"]], {"lang": user["lang"]})
    return 0


def _places(options) -> dict[str, int]:
    """The records that the pages show: a patient with much to tell, the first run."""
    doctor = Client(options.url, options.db, "doctor", PASSWORD)
    groups = doctor.call(
        "hcrm.observation",
        "formatted_read_group",
        [],
        ["partner_id"],
        ["__count"],
        order="__count desc",
        limit=1,
    )
    manager = Client(options.url, options.db, "manager", PASSWORD)
    if not manager.call("hcrm.feed.inbox", "search_count", []):
        _upload_mistakes(manager)
    runs = manager.call("hcrm.feed.run", "search", [], order="id", limit=1)
    return {"patient": groups[0]["partner_id"][0], "run": runs[0]}


def _upload_mistakes(manager: Client) -> None:
    content = base64.b64encode("\n".join(MISTAKES).encode()).decode()
    values = {"name": "Late night export", "file": content, "filename": "late.ndjson"}
    upload = manager.call("hcrm.feed.upload", "create", [values])
    manager.call("hcrm.feed.upload", "action_upload", upload)
    for _second in range(60):
        if manager.call("hcrm.feed.inbox", "search_count", []):
            return
        time.sleep(1)
    raise ShotError("The uploaded file was not read within a minute.")


def _shoot(options, name: str, short: str, places: dict[str, int]) -> None:
    login, page, selector, steps = SHOTS[name]
    session = session_id(options.url, options.db, login, PASSWORD)
    for size in SIZES:
        path = Path(options.out) / f"{name}_{short}_{size[0]}.png"
        with Browser(options.url, session, size) as browser:
            browser.open(page.format(**places))
            browser.wait(selector)
            for step in steps:
                browser.do(step)
            browser.shoot(str(path), settle=1.5)
        print(path, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ShotError as error:
        sys.exit(str(error))
