#!/usr/bin/env python3
"""Screenshots of a running Odoo by headless Chromium.

    shoot.py --url http://localhost:8069 --db hcrm --login admin \
        --page /odoo/hcrm-card/42 --wait .o_hcrm_card_item --out card.png \
        --size 390x844 --do "click:[data-tab=health]" --do "wait:canvas"

Steps of ``--do`` run in order: ``click:SELECTOR``, ``wait:SELECTOR``,
``type:TEXT`` (into the focused field), ``key:Escape``, ``js:EXPRESSION``,
``sleep:SECONDS``. A selector that never appears, an error in the console or an
error dialog ends the script with status 1: a picture of a broken page is none.
Needs ``websocket-client``. As a library: ``with Browser(...) as browser: ...``.
"""

import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import websocket

CHROMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MOBILE_BELOW = 768


class ShotError(Exception):
    """The page did not come to the state asked for."""


def session_id(url, db, login, password):
    """Log in over HTTP and return the session cookie."""
    body = {"params": {"db": db, "login": login, "password": password}}
    request = urllib.request.Request(
        f"{url}/web/session/authenticate",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
            cookie = response.headers.get("Set-Cookie") or ""
    except OSError as error:
        raise ShotError(f"No Odoo answers at {url}: {error}") from error
    if "error" in answer or not answer["result"].get("uid"):
        raise ShotError(f"Login of {login} refused by {url}, database {db}.")
    return re.search(r"session_id=([^;]+)", cookie).group(1)


class Browser:
    """A headless Chromium driven over its DevTools socket, logged in to Odoo."""

    def __init__(self, url, session, size=(1366, 900), tz="Asia/Shanghai", timeout=60):
        self.url, self.session, self.size, self.tz = url, session, size, tz
        self.timeout = timeout
        self.errors = []
        self._id = 0

    def __enter__(self):
        binary = next(filter(None, map(shutil.which, CHROMES)), None)
        if not binary:
            raise ShotError(f"No browser found: install one of {', '.join(CHROMES)}.")
        self.profile = tempfile.mkdtemp(prefix="shoot-")
        self.process = subprocess.Popen(
            [
                binary,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                "--remote-allow-origins=*",
                f"--user-data-dir={self.profile}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.socket = websocket.create_connection(
            self._page_socket(), timeout=self.timeout
        )
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")
        self.send(
            "Network.setCookie", name="session_id", value=self.session, url=self.url
        )
        self.send("Emulation.setTimezoneOverride", timezoneId=self.tz)
        self.resize(*self.size)
        return self

    def __exit__(self, *exc):
        self.socket.close()
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _page_socket(self):
        port_file = os.path.join(self.profile, "DevToolsActivePort")
        end = time.time() + self.timeout
        while time.time() < end:
            try:
                with open(port_file) as lines:
                    port = lines.readline().strip()
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{port}/json/list"
                ) as answer:
                    pages = [
                        page for page in json.load(answer) if page["type"] == "page"
                    ]
                return pages[0]["webSocketDebuggerUrl"]
            except (OSError, IndexError, ValueError):
                time.sleep(0.1)
        raise ShotError("The browser did not start.")

    def send(self, method, **params):
        """Call DevTools and wait for the answer; errors of the page are kept."""
        self._id += 1
        self.socket.send(
            json.dumps({"id": self._id, "method": method, "params": params})
        )
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self._id:
                if "error" in message:
                    raise ShotError(f"{method}: {message['error']['message']}")
                return message["result"]
            self._note(message)

    def _note(self, message):
        params = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            text = details.get("exception", {}).get("description") or details["text"]
            self.errors.append(text)
        elif (
            message.get("method") == "Runtime.consoleAPICalled"
            and params["type"] == "error"
        ):
            args = (
                str(arg.get("value", arg.get("description"))) for arg in params["args"]
            )
            self.errors.append(" ".join(args))

    def resize(self, width, height):
        is_mobile = width < MOBILE_BELOW
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if is_mobile else 1,
            mobile=is_mobile,
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=is_mobile)

    def js(self, expression):
        result = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True
        )
        return result["result"].get("value")

    def open(self, page):
        self.send("Page.navigate", url=self.url + page)

    def wait(self, selector):
        expression = f"!!document.querySelector({json.dumps(selector)})"
        end = time.time() + self.timeout
        while time.time() < end:
            if self.js(expression):
                return
            time.sleep(0.1)
        raise ShotError(f"Not found on the page: {selector}. {self.errors[-1:]}")

    def click(self, selector):
        self.wait(selector)
        self.js(f"document.querySelector({json.dumps(selector)}).click()")

    def do(self, step):
        name, _colon, value = step.partition(":")
        if name == "type":
            self.send("Input.insertText", text=value)
        elif name == "key":
            for kind in ("keyDown", "keyUp"):
                self.send("Input.dispatchKeyEvent", type=kind, key=value)
        elif name == "sleep":
            time.sleep(float(value))
        elif name in ("click", "wait", "js"):
            getattr(self, name)(value)
        else:
            raise ShotError(f"Unknown step: {step}")

    def shoot(self, path, settle=0.8):
        """Write what is in sight; an error on the page is an error here."""
        time.sleep(settle)  # fonts, charts and the rainbow man
        if self.js("!!document.querySelector('.o_error_dialog')"):
            raise ShotError(
                self.js("document.querySelector('.o_error_dialog').innerText")
            )
        if self.errors:
            raise ShotError("\n".join(self.errors))
        shot = self.send("Page.captureScreenshot", format="png")
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(path, "wb") as out:
            out.write(base64.b64decode(shot["data"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://localhost:8069")
    parser.add_argument("--db", required=True)
    parser.add_argument("--login", default="admin")
    parser.add_argument("--password", help="default: the login")
    parser.add_argument("--page", required=True, help="path, e.g. /odoo/hcrm-card/42")
    parser.add_argument("--size", default="1366x900")
    parser.add_argument("--tz", default="Asia/Shanghai", help="of the browser")
    parser.add_argument("--wait", default=".o_action_manager")
    parser.add_argument("--do", action="append", default=[], metavar="STEP")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    size = tuple(int(part) for part in args.size.split("x"))
    try:
        session = session_id(args.url, args.db, args.login, args.password or args.login)
        with Browser(args.url, session, size, args.tz) as browser:
            browser.open(args.page)
            browser.wait(args.wait)
            for step in args.do:
                browser.do(step)
            browser.shoot(args.out)
    except ShotError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
