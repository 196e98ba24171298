"""WeChat, WeCom and WhatsApp on loopback, as their documents describe them.

Our own simulator: what passes here is implemented, not verified against the vendor.
"""

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from odoo.addons.hcrm_core.providers import wechat_xml
from odoo.addons.hcrm_core.providers.base import sign

SECRET = "s" * 32
APP_SECRET = "meta-app-secret"
OWNER = "wx-hospital"
TOKEN = sign(SECRET, "token")
KEY = wechat_xml.aes_key(SECRET)
# mood of a receiver -> errcode of WeChat, of WeCom, of WhatsApp with its status
CODES = {
    "bad": (40003, 40003, (131026, 400)),
    "blocked": (43004, 60111, (131050, 400)),
    "refused": (43101, 81013, (131030, 400)),
    "template": (40037, 40058, (132001, 404)),
    "auth": (48001, 60020, (190, 401)),
    "throttled": (45009, 45009, (130429, 429)),
    "down": (-1, -1, (131016, 503)),
    "late": (45015, 45015, (131047, 400)),
}


class VendorServer:
    """``moods``: receiver -> a key of ``CODES``, or ``dropped`` (taken, and the line
    went dead before the answer)."""

    def __init__(self):
        self.received, self.scenes = [], []
        self.moods, self.default = {}, "ok"
        self.tokens, self.token_calls, self.token_error = [], 0, None
        self.lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer({})

            def do_POST(self):
                size = int(self.headers.get("Content-Length", 0))
                self._answer(json.loads(self.rfile.read(size) or b"{}"))

            def _answer(self, payload):
                parts = urlsplit(self.path)
                query = {k: v[0] for k, v in parse_qs(parts.query).items()}
                status, answer = owner.answer(
                    parts.path, query, payload, self.headers.get("Authorization", "")
                )
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def expire_tokens(self):
        """The vendor no longer takes what it gave."""
        self.tokens.clear()

    # ------------------------------------------------------------------
    # what the vendors answer
    # ------------------------------------------------------------------

    def answer(self, path, query, payload, authorization):
        if path in ("/cgi-bin/stable_token", "/cgi-bin/gettoken"):
            return 200, self._give_token()
        if path.startswith("/cgi-bin/"):
            if query.get("access_token") not in self.tokens:
                stale = 42001 if path == "/cgi-bin/message/send" else 40001
                return 200, {"errcode": stale, "errmsg": "invalid credential"}
            if path == "/cgi-bin/qrcode/create":
                scene = payload["action_info"]["scene"]["scene_str"]
                self.scenes.append(scene)
                return 200, {"url": f"http://weixin.example/q/{scene}", "ticket": "t"}
            at = 1 if path == "/cgi-bin/message/send" else 0
            return self._take(payload.get("touser", ""), payload, at)
        if authorization != "Bearer app-secret":
            return 401, {"error": {"code": 190, "message": "bad token"}}
        return self._take(f"+{payload.get('to', '')}", payload, 2)

    def _give_token(self):
        with self.lock:
            self.token_calls += 1
            if self.token_error:
                return {"errcode": self.token_error, "errmsg": "invalid secret"}
            self.tokens.append(f"token-{self.token_calls}")
            return {"access_token": self.tokens[-1], "expires_in": 7200}

    def _take(self, receiver, payload, vendor):
        mood = self.moods.get(receiver, self.default)
        if mood in ("ok", "dropped"):
            with self.lock:
                self.received.append(payload)
                number = len(self.received)
            if mood == "dropped":
                return 200, None
            if vendor == 2:
                return 200, {"messages": [{"id": f"ref-{number}"}]}
            return 200, {"errcode": 0, "errmsg": "ok", "msgid": f"ref-{number}"}
        code = CODES[mood][vendor]
        if vendor == 2:
            return code[1], {"error": {"code": code[0], "message": mood}}
        return 200, {"errcode": code, "errmsg": mood}


# ----------------------------------------------------------------------
# what the vendors call back
# ----------------------------------------------------------------------


def wechat_callback(fields, is_sealed=True, token=TOKEN, owner=OWNER):
    """``(query, body)`` of a callback with these fields."""
    inner = "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in fields.items())
    body = f"<xml>{inner}</xml>".encode()
    query = {"timestamp": str(int(time.time())), "nonce": "n1"}
    words = [token, query["timestamp"], query["nonce"]]
    if not is_sealed:
        return {**query, "signature": wechat_xml.signature(*words)}, body
    sealed = wechat_xml.encrypt(KEY, owner, body, b"0123456789abcdef")
    query["msg_signature"] = wechat_xml.signature(*words, sealed)
    return query, f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()


def whatsapp_callback(statuses=(), messages=(), secret=APP_SECRET):
    """``(headers, body)`` of a callback."""
    value = {
        "metadata": {"display_phone_number": "862100000000"},
        "statuses": list(statuses),
        "messages": list(messages),
    }
    body = json.dumps({"entry": [{"changes": [{"value": value}]}]}).encode()
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}, body
