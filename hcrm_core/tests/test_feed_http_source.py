"""The HTTP client of web sources: it only reads, and names what goes wrong."""

import base64
import json
import os
from http.server import BaseHTTPRequestHandler
from unittest.mock import patch

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from odoo.tests import BaseCase, tagged

from odoo.addons.hcrm_core.feed_adapters import http_auth, http_source
from odoo.addons.hcrm_core.feed_adapters.base import (
    AdapterError,
    SourceBusy,
    SourceConfig,
)
from odoo.addons.hcrm_core.feed_adapters.http_source import HttpSource, HttpStatus

from .fhir_server import LOGIN, SECRET, FhirServer, _handler as handler_of

PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"text": "王芳"}]}


@tagged("post_install", "-at_install")
class TestFeedHttpSource(BaseCase):
    def setUp(self):
        super().setUp()
        http_auth._tokens.clear()

    def _server(self, *quirks):
        server = FhirServer(quirks)
        server.put(*[{**PATIENT, "id": f"p{number}"} for number in range(9)])
        server.__enter__()
        self.addCleanup(server.close)
        return server

    def _client(self, server, **config):
        config = {"url": server.url, "login": LOGIN, "secret": SECRET, **config}
        client = HttpSource(SourceConfig(**config))
        self.addCleanup(client.close)
        return client

    def _fails(self, server, code, kind=AdapterError, **config):
        """Ask for patients; the error that comes, whose values give nothing away."""
        with self.assertRaises(kind) as caught:
            self._client(server, **config).get_json(
                f"{server.url}/Patient", params={"identifier": "110101199003072316"}
            )
        error = caught.exception
        self.assertEqual(error.code, code)
        told = f"{error} {error.values} {error.__cause__}"
        for secret in (SECRET, "110101199003072316", "identifier", "王芳"):
            self.assertNotIn(secret, told)
        return error

    def test_every_log_in(self):
        """F17: none, user and password, token, OAuth2 client credentials."""
        for auth in ("none", "basic", "bearer", "oauth2"):
            with self.subTest(auth=auth):
                server = self._server(*([auth] if auth != "none" else []))
                client = self._client(server, auth=auth, token_url=server.token_url)
                for _again in range(2):
                    answer = client.get_json(f"{server.url}/Patient")
                    self.assertEqual(answer.data["total"], 9)
                self.assertTrue(answer.date)
                self.assertEqual(server.methods(), {"GET"})
                if auth != "none":
                    self._fails(
                        server,
                        "login_refused",
                        auth=auth,
                        secret="wrong",
                        token_url=server.token_url,
                    )

    def test_token_is_asked_for_once_and_renewed_when_refused(self):
        """A new client for every page does not ask for a new token every time."""
        server = self._server("oauth2")
        config = {"auth": "oauth2", "token_url": server.token_url}
        for _page in range(3):
            self._client(server, **config).get_json(f"{server.url}/Patient")
        tokens = [one for one in server.seen if one.path == "/token"]
        self.assertEqual(len(tokens), 1)
        server.quirks.add("short_token")
        self._client(server, **config).get_json(f"{server.url}/Patient")
        tokens = [one for one in server.seen if one.path == "/token"]
        self.assertEqual(len(tokens), 2)
        self._fails(server, "token_url_empty", auth="oauth2", secret="x")

    def test_client_that_signs(self):
        """OpenEMR, SMART backend services: the client names itself by its key."""
        for key, name in (
            (rsa.generate_private_key(65537, 2048), "RS384"),
            (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        ):
            server = self._server("oauth2")
            pem = key.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ).decode()
            secret = pem.replace("\n", " ")  # as an input of a form pastes it
            client = self._client(
                server, auth="oauth2", secret=secret, token_url=server.token_url
            )
            self.assertEqual(client.get_json(f"{server.url}/Patient").data["total"], 9)
            signed, _dot, signature = server.assertions[0].rpartition(".")
            header, claims = (_unpack(part) for part in signed.split("."))
            self.assertEqual(header["alg"], name)
            self.assertEqual((claims["iss"], claims["sub"]), (LOGIN, LOGIN))
            self.assertEqual(claims["aud"], server.token_url)
            signature = _bytes(signature)
            if name == "RS384":
                key.public_key().verify(
                    signature, signed.encode(), padding.PKCS1v15(), hashes.SHA384()
                )
            else:
                half = (
                    int.from_bytes(signature[:48], "big"),
                    int.from_bytes(signature[48:], "big"),
                )
                key.public_key().verify(
                    utils.encode_dss_signature(*half),
                    signed.encode(),
                    ec.ECDSA(hashes.SHA384()),
                )
        broken = "-----BEGIN PRIVATE KEY----- abc -----END PRIVATE KEY-----"
        self._fails(
            server,
            "key_unreadable",
            auth="oauth2",
            secret=broken,
            token_url=server.token_url,
        )

    def test_busy_server_says_when(self):
        """429 with seconds, 503 with a date; the run waits as long as asked."""
        error = self._fails(self._server("429"), "too_many_requests", SourceBusy)
        self.assertEqual(error.retry_after, 3)
        error = self._fails(self._server("503"), "too_many_requests", SourceBusy)
        self.assertTrue(2 <= error.retry_after <= 5)

    def test_answers_that_are_no_data(self):
        """Log-in pages, cut-off bodies, wrong addresses: each with its own name."""
        self._fails(self._server("html_401"), "login_refused")
        self._fails(self._server("html_page"), "web_page")
        self._fails(self._server("truncated"), "truncated_answer", SourceBusy)
        server = self._server()
        with self.assertRaises(HttpStatus) as caught:
            self._client(server).get_json(f"{server.url}/Nothing/here")
        self.assertEqual(caught.exception.status, 404)
        with patch.object(http_source, "ANSWER_BYTES", 500):
            client = HttpSource(SourceConfig(url=server.url), max_bytes=500)
            with self.assertRaises(AdapterError) as caught:
                client.get_json(f"{server.url}/Patient")
            client.close()
        self.assertEqual(caught.exception.code, "answer_too_large")
        server.close()
        error = self._fails(server, "unreachable", SourceBusy)
        self.assertIn("refused", error.values["error"])

    def test_addresses_that_are_not_asked(self):
        """HTTPS, but for this machine; no log-in goes to another machine."""
        for url, code in (
            ("", "url_empty"),
            ("ftp://his.example", "url_wrong"),
            ("his.example/fhir", "url_wrong"),
            ("https://his.example:none/", "url_wrong"),
            ("http://his.example/fhir", "url_insecure"),
            ("http://127.0.0.1.his.example/fhir", "url_insecure"),
            ("https://user:secret@his.example/fhir", "url_with_login"),
        ):
            with self.assertRaises(AdapterError) as caught:
                HttpSource(SourceConfig(url=url))
            self.assertEqual(caught.exception.code, code, url)
            self.assertNotIn("secret", str(caught.exception))
        client = self._client(self._server())
        with self.assertRaises(AdapterError) as caught:
            client.get_json("http://127.0.0.1:9/fhir/Patient")
        self.assertEqual(caught.exception.code, "other_origin")

    def test_redirects_stay_with_the_source(self):
        """A redirect to another machine is told, not followed."""
        target = self._server("basic")
        server = self._server()
        _redirect(server, lambda path: f"{target.url}/Patient?secret=1")
        error = self._fails(server, "redirected", auth="basic")
        self.assertNotIn("secret=1", str(error))
        self.assertFalse(target.seen)
        server = self._server()
        _redirect(server, lambda path: None if "ok" in path else "/fhir/metadata?ok=1")
        answer = self._client(server).get_json(f"{server.url}/Patient")
        self.assertEqual(answer.data["resourceType"], "CapabilityStatement")

    def test_only_reading_leaves_here(self):
        """No request ever writes to the HIS: POST is for tokens and reading methods."""
        server = self._server()
        client = self._client(server)
        base = server.url.removesuffix("/fhir")
        for path in (
            "/json/2/res.partner/write",
            "/json/2/res.partner/create",
            "/json/2/res.partner/search_read/unlink",
            "/fhir/Patient",
        ):
            with self.assertRaises(ValueError):
                client.post_json(f"{base}{path}", {})
        self.assertFalse(server.seen)
        with self.assertRaises(HttpStatus):
            client.post_json(f"{base}/json/2/res.partner/search_read", {})

    def test_netrc_and_proxy_have_no_say_here(self):
        """What stays on this machine does not go round by a proxy."""
        server = self._server()
        with patch.dict(os.environ, {"HTTP_PROXY": "http://127.0.0.1:9"}):
            answer = self._client(server).get_json(f"{server.url}/Patient")
        self.assertEqual(answer.data["total"], 9)


def _bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _unpack(text):
    return json.loads(_bytes(text))


def _redirect(server, target):
    """Have a server answer every GET for which ``target`` names an address with 302."""
    Handler = handler_of(server)

    class Redirecting(Handler):
        def do_GET(self):
            found = target(self.path)
            if found is None:
                return super().do_GET()
            self.send_response(302)
            self.send_header("Location", found)
            self.send_header("Content-Length", "0")
            self.end_headers()

    assert issubclass(Redirecting, BaseHTTPRequestHandler)
    server._http.RequestHandlerClass = Redirecting
