"""A gateway on loopback that answers as the test tells it; it counts what it got."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class GatewayServer:
    """Speaks Kannel's sendsms (``/cgi-bin/sendsms``) and a JSON interface (``/json``).

    ``moods``: number -> what happens with it: ``ok``, ``bad``, ``auth``, ``down``,
    ``throttled``, ``dropped`` (taken, and the line went dead before the answer).
    """

    def __init__(self):
        self.received = []
        self.moods = {}
        self.default = "ok"
        self.lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                fields = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
                self._take({name: values[0] for name, values in fields.items()})

            def do_POST(self):
                size = int(self.headers.get("Content-Length", 0))
                self._take(json.loads(self.rfile.read(size) or b"{}"))

            def _take(self, fields):
                status, body = owner.answer(fields)
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "7")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, fields):
        number = fields.get("to") or fields.get("mobile") or ""
        mood = self.moods.get(number.lstrip("+"), self.default)
        if mood in ("ok", "dropped"):
            with self.lock:
                self.received.append(fields)
        if mood == "dropped":
            return None, b""
        return {
            "bad": (400, b"Missing receiver number"),
            "auth": (403, b"Authorization failed"),
            "down": (503, b"temporarily"),
            "throttled": (429, b"slow down"),
        }.get(mood, (202, b'{"code": "0", "id": "ref-1"}'))

    def close(self):
        self.server.shutdown()
        self.server.server_close()
