"""A FHIR server that can be as bad as real ones: for the tests of the feed.

It holds its records in memory, serves them on this machine in a thread of its own and
writes down every request, so that a test can show that nothing but reading was asked.
What it does badly is switched by name in :attr:`FhirServer.quirks`, also while it runs.

It imports nothing of Odoo: ``python fhir_server.py PORT QUIRK ...`` serves an empty one.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
import uuid
from contextlib import suppress
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

QUIRKS = {
    "429",  # the next ``busy`` requests are answered with 429, Retry-After in seconds
    "503",  # the same with 503, Retry-After as a date
    "basic",  # asks for LOGIN and SECRET
    "bearer",  # asks for SECRET as a token
    "clock_in_future",  # stamps lie ten years ahead
    "deleted",  # tells deletions in the history of a type
    "expiring_page_410",  # next links are gone, ``expiries`` times (None: always)
    "hapi_paging",  # snapshot pages by _getpages, under a host behind the proxy
    "html_401",  # a log-in page with status 401
    "html_page",  # a log-in page with status 200
    "ignore_last_updated",
    "no_sort",  # ignores _sort
    "no_stamps",
    "no_system_telecom",
    "no_total",
    "oauth2",  # asks for a token of /token
    "openemr_lastupdated_now",
    "openmrs_encounter_unknown",
    "outcome_entry",  # every page holds an OperationOutcome
    "partial_date",  # birth dates are years
    "relative_next",
    "same_page_forever",
    "short_token",  # tokens of OAuth2 are refused once
    "truncated",  # the next ``busy`` bodies are cut off
    "unknown_parameter_empty",  # finds nothing where it does not know a parameter
    "wrong_total",
}
LOGIN, SECRET = "feed", "s3cret"
INTERNAL = "http://his-app-01.internal:8080/openmrs/fhir"
RETRY_AFTER = {"429": 3, "503": 4}  # seconds


class Seen(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    query: dict
    status: int


class FhirServer:
    """``with FhirServer({"no_total"}) as his: his.put(patient); his.url``."""

    def __init__(self, quirks=(), port: int = 0):
        unknown = set(quirks) - QUIRKS
        if unknown:
            raise ValueError(f"no such quirk: {', '.join(sorted(unknown))}")
        self.quirks = set(quirks)
        self.seen: list[Seen] = []
        self.busy = 2
        self.expiries: int | None = 1
        self.default_count = 20
        self.max_count = 500
        self.on_page = None  # called with the number of searches so far
        self._lock = threading.RLock()
        self._now = datetime(2026, 3, 1, tzinfo=timezone.utc)
        self._store: dict[str, dict[str, list]] = {}
        self._snapshots: dict[str, list[dict]] = {}
        self._tokens: set[str] = set()
        self.assertions: list[str] = []  # JWTs that clients named themselves with
        self._refused = False
        self._http = _Http(("127.0.0.1", port), _handler(self))

    def __enter__(self) -> FhirServer:
        thread = threading.Thread(
            target=self._http.serve_forever, args=(0.02,), daemon=True
        )
        thread.start()
        return self

    def __exit__(self, *_error) -> None:
        self.close()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/fhir"

    @property
    def token_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/token"

    # ------------------------------------------------------------------
    # what the hospital does
    # ------------------------------------------------------------------

    def put(self, *resources: dict) -> None:
        """Store or change records, one second after another by the server's clock."""
        with self._lock:
            for data in resources:
                self._version(data["resourceType"], data["id"], deepcopy(data))

    def delete(self, res_type: str, ext_id: str) -> None:
        with self._lock:
            self._version(res_type, ext_id, None)

    def live(self, res_type: str) -> dict[str, dict]:
        """The records of a type that exist now, by id."""
        with self._lock:
            found = self._store.get(res_type, {})
            return {key: v[-1][1] for key, v in found.items() if v[-1][1] is not None}

    def clock(self, seconds: int = 0) -> str:
        """The server's clock, ``seconds`` ahead, as HTTP writes it."""
        at = self._now + timedelta(seconds=seconds)
        return at.strftime("%a, %d %b %Y %H:%M:%S GMT")

    def _version(self, res_type: str, ext_id: str, data: dict | None) -> None:
        self._now += timedelta(seconds=1)
        versions = self._store.setdefault(res_type, {}).setdefault(ext_id, [])
        versions.append((self._now, data))

    # ------------------------------------------------------------------
    # what it answers
    # ------------------------------------------------------------------

    def methods(self) -> set[str]:
        """The methods that were asked with, but for those of the token."""
        return {one.method for one in self.seen if one.path != "/token"}

    def searches(self, res_type: str) -> list[Seen]:
        return [one for one in self.seen if one.path == f"/fhir/{res_type}"]

    def answer(self, path: str, query: dict) -> tuple[int, dict | str]:
        """Status and body of a GET below the base address."""
        parts = path.removeprefix("/fhir").strip("/").split("/")
        if parts == ["metadata"]:
            return 200, self._metadata()
        if parts == [""] and "_getpages" in query:
            return self._snapshot(query)
        if len(parts) == 1 and parts[0][:1].isupper():
            return self._search(parts[0], query)
        if len(parts) == 2 and parts[1] == "_history" and "deleted" in self.quirks:
            return 200, self._history(parts[0], query)
        if len(parts) == 2 and parts[0] in self._store:
            versions = self._store[parts[0]].get(parts[1])
            if versions and versions[-1][1] is None:
                return 410, self._outcome("deleted")
            if versions:
                return 200, self._shown(versions[-1])
        return 404, self._outcome("not-found")

    def _metadata(self) -> dict:
        codes = ["read", "search-type"]
        codes += ["history-type"] if "deleted" in self.quirks else []
        resources = [
            {"type": name, "interaction": [{"code": code} for code in codes]}
            for name in sorted(self._store)
        ]
        return {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "fhirVersion": "4.0.1",
            "software": {"name": "Quirk", "version": "1"},
            "rest": [{"mode": "server", "resource": resources}],
        }

    def _search(self, res_type: str, query: dict) -> tuple[int, dict]:
        known = {"_count", "_lastUpdated", "_sort", "_id", "_offset", "_summary"}
        if "unknown_parameter_empty" in self.quirks and set(query) - known:
            return 200, self._bundle([], 0, None)
        found = [
            versions[-1]
            for versions in self._store.get(res_type, {}).values()
            if versions[-1][1] is not None and self._matches(versions[-1], query)
        ]
        order = query.get("_sort", "") if "no_sort" not in self.quirks else ""
        if order.lstrip("-") == "_lastUpdated":
            found.sort(key=lambda one: one[0], reverse=order.startswith("-"))
        shown = [self._shown(one) for one in found]
        if query.get("_summary") == "count":
            return 200, self._bundle([], len(shown), None)
        count = min(int(query.get("_count", self.default_count)), self.max_count)
        offset = int(query.get("_offset", 0))
        if "same_page_forever" in self.quirks:
            offset = 0
        elif offset and self._expired():
            return 410, self._outcome("deleted")
        page = shown[offset : offset + count]
        more = len(shown) > offset + count or "same_page_forever" in self.quirks
        link = None
        if more and "hapi_paging" in self.quirks:
            link = self._keep(shown, count)
        elif more:
            rest = {**query, "_count": str(count), "_offset": str(offset + count)}
            start = "" if "relative_next" in self.quirks else f"{self.url}/"
            link = f"{start}{res_type}?{urlencode(rest)}"
        return 200, self._bundle(page, len(shown), link)

    def _matches(self, version: tuple, query: dict) -> bool:
        stamp, data = version
        if "_id" in query and data["id"] not in query["_id"].split(","):
            return False
        wanted = query.get("_lastUpdated")
        if not wanted or "ignore_last_updated" in self.quirks:
            return True
        if "openemr_lastupdated_now" in self.quirks:
            return True
        operator, text = wanted[:2], wanted[2:].replace("Z", "+00:00")
        limit = datetime.fromisoformat(text)
        limit = limit if limit.tzinfo else limit.replace(tzinfo=timezone.utc)
        stamp = self._stamp(stamp)
        return {
            "ge": stamp >= limit,
            "gt": stamp > limit,
            "le": stamp <= limit,
            "lt": stamp < limit,
        }[operator]

    def _stamp(self, stamp: datetime) -> datetime:
        if "openemr_lastupdated_now" in self.quirks:
            return datetime.now(timezone.utc)
        if "clock_in_future" in self.quirks:
            return stamp + timedelta(days=3650)
        return stamp

    def _shown(self, version: tuple) -> dict:
        """A record as this server words it."""
        stamp, data = version
        data = deepcopy(data)
        if "no_stamps" not in self.quirks:
            text = self._stamp(stamp).isoformat(timespec="milliseconds")
            data.setdefault("meta", {}).update(lastUpdated=text, versionId="1")
        if "openmrs_encounter_unknown" in self.quirks and "period" in data:
            data["status"] = "unknown"
        if "partial_date" in self.quirks and "birthDate" in data:
            data["birthDate"] = data["birthDate"][:4]
        if "no_system_telecom" in self.quirks:
            for number, telecom in enumerate(data.get("telecom", [])):
                data["telecom"][number] = {"id": "x", "value": telecom["value"]}
        return data

    def _bundle(self, page: list[dict], total: int, link: str | None) -> dict:
        entries = [
            {
                "fullUrl": f"{self.url}/{data['resourceType']}/{data['id']}",
                "resource": data,
                "search": {"mode": "match"},
            }
            for data in page
        ]
        if "outcome_entry" in self.quirks:
            outcome = self._outcome("informational")
            entries.append({"resource": outcome, "search": {"mode": "outcome"}})
        bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        if "wrong_total" in self.quirks:
            bundle["total"] = total * 3 + 1
        elif "no_total" not in self.quirks:
            bundle["total"] = total
        links = [{"relation": "self", "url": self.url}]
        if link:
            links.append({"relation": "next", "url": link})
        return {**bundle, "link": links}

    def _keep(self, shown: list[dict], count: int) -> str:
        key = str(uuid.uuid4())
        self._snapshots[key] = shown
        return (
            f"{INTERNAL}?_getpages={key}&_getpagesoffset={count}&_count={count}"
            "&_bundletype=searchset"
        )

    def _snapshot(self, query: dict) -> tuple[int, dict]:
        shown = self._snapshots.get(query["_getpages"])
        if shown is None or self._expired():
            self._snapshots.clear()
            return 410, self._outcome("not-found")
        offset, count = int(query["_getpagesoffset"]), int(query["_count"])
        link = None
        if len(shown) > offset + count:
            rest = {**query, "_getpagesoffset": offset + count}
            link = f"{INTERNAL}?{urlencode(rest)}"
        return 200, self._bundle(shown[offset : offset + count], len(shown), link)

    def _expired(self) -> bool:
        if "expiring_page_410" not in self.quirks or self.expiries == 0:
            return False
        if self.expiries is not None:
            self.expiries -= 1
        return True

    def _history(self, res_type: str, query: dict) -> dict:
        since = datetime.fromisoformat(query["_since"].replace("Z", "+00:00"))
        found = []
        for ext_id, versions in self._store.get(res_type, {}).items():
            for stamp, data in versions:
                at = self._stamp(stamp)
                if at < since:
                    continue
                entry = {
                    "request": {
                        "method": "PUT" if data else "DELETE",
                        "url": f"{res_type}/{ext_id}",
                    },
                    "response": {"status": "200", "lastModified": at.isoformat()},
                }
                if data:
                    entry["resource"] = self._shown((stamp, data))
                found.append((at, entry))
        found.sort(key=lambda one: one[0], reverse=True)
        entries = [entry for _at, entry in found]
        return {"resourceType": "Bundle", "type": "history", "entry": entries}

    def _outcome(self, code: str) -> dict:
        issue = {"severity": "information", "code": code, "diagnostics": "王芳 is ill"}
        return {"resourceType": "OperationOutcome", "issue": [issue]}

    # ------------------------------------------------------------------
    # log-in and bad days
    # ------------------------------------------------------------------

    def is_welcome(self, header: str) -> bool:
        if "basic" in self.quirks:
            pair = base64.b64encode(f"{LOGIN}:{SECRET}".encode()).decode()
            return header == f"Basic {pair}"
        if "bearer" in self.quirks:
            return header == f"Bearer {SECRET}"
        if "oauth2" in self.quirks:
            if "short_token" in self.quirks and not self._refused:
                self._refused = True
                self._tokens.clear()
            return header.removeprefix("Bearer ") in self._tokens
        return True

    def token(self, header: str, form: dict) -> tuple[int, dict]:
        pair = base64.b64encode(f"{LOGIN}:{SECRET}".encode()).decode()
        if "client_assertion" in form:
            return self._token_of_assertion(form)
        in_form = (form.get("client_id"), form.get("client_secret")) == (LOGIN, SECRET)
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        if header != f"Basic {pair}" and not in_form:
            return 401, {"error": "invalid_client"}
        token = str(uuid.uuid4())
        self._tokens.add(token)
        return 200, {"access_token": token, "token_type": "bearer", "expires_in": 3600}

    def _token_of_assertion(self, form: dict) -> tuple[int, dict]:
        """Keep the assertion for the test, which holds the key to verify it."""
        self.assertions.append(form["client_assertion"])
        token = str(uuid.uuid4())
        self._tokens.add(token)
        return 200, {"access_token": token, "token_type": "bearer", "expires_in": 300}

    def bad_day(self, path: str) -> tuple[int, dict] | None:
        """Status and headers where the server is not in the mood."""
        if path.endswith("/metadata") or not self.busy:
            return None
        if "429" in self.quirks:
            self.busy -= 1
            return 429, {"Retry-After": str(RETRY_AFTER["429"])}
        if "503" in self.quirks:
            self.busy -= 1
            return 503, {"Retry-After": self.clock(RETRY_AFTER["503"])}
        return None


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients may hang up; anything else must be seen."""
        if isinstance(sys.exc_info()[1], ConnectionError):
            return None
        return super().handle_error(request, client_address)


def _handler(server: FhirServer):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else every answer waits 40 ms

        def date_time_string(self, timestamp=None):
            return server.clock()

        def do_GET(self):
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            status, headers, body = self._reply(parts.path, query)
            server.seen.append(Seen("GET", parts.path, query, status))
            self._send(status, headers, body)
            if server.on_page and parts.path != "/fhir/metadata":
                server.on_page(len(server.seen))

        def _reply(self, path, query):
            html = "<html><body>Please log in</body></html>"
            if "html_401" in server.quirks:
                return 401, {}, html
            if "html_page" in server.quirks:
                return 200, {}, html
            if not server.is_welcome(self.headers.get("Authorization", "")):
                return 401, {"WWW-Authenticate": "Basic"}, html
            bad = server.bad_day(path)
            if bad:
                return bad[0], bad[1], "busy"
            with server._lock:
                status, body = server.answer(path, query)
            return status, {}, body

        def do_POST(self):
            size = int(self.headers.get("Content-Length") or 0)
            form = dict(parse_qsl(self.rfile.read(size).decode()))
            if self.path == "/token":
                header = self.headers.get("Authorization", "")
                status, body = server.token(header, form)
            else:
                status, body = 405, {}
            server.seen.append(Seen("POST", self.path, {}, status))
            self._send(status, {}, body)

        def do_PUT(self):
            server.seen.append(Seen(self.command, self.path, {}, 405))
            self._send(405, {}, {})

        do_DELETE = do_PATCH = do_PUT

        def _send(self, status, headers, body):
            text = body if isinstance(body, str) else json.dumps(body)
            data = text.encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if "truncated" in server.quirks and server.busy and len(data) > 400:
                server.busy -= 1
                data = data[: len(data) // 2]
                self.close_connection = True
            with suppress(ConnectionError):
                self.wfile.write(data)

        def log_message(self, *_args):
            pass

    return Handler


if __name__ == "__main__":
    with FhirServer(sys.argv[2:], int(sys.argv[1])) as running:
        sys.stdout.write(f"{running.url}\n")
        sys.stdout.flush()
        threading.Event().wait()
