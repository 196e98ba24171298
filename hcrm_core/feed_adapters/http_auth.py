"""Log-ins of web sources: none, user and password, token, OAuth2 client credentials.

A client names itself to the token's issuer by its secret, or, where the secret is a
private key (SMART backend services, OpenEMR), by a statement signed with it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
import uuid
from typing import Any, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .base import AdapterError, SourceConfig

# a token is given up a little before its end, so that none ends on its way
TOKEN_MARGIN = 30
TOKEN_LIFE = 300  # of a token that does not say how long it lives
ASSERTION_LIFE = 240  # issuers refuse more than five minutes
_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END", re.S)
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# Tokens by a digest of what they were asked with: a run makes a new reader for
# every page, and must not ask for a new token each time. Per process, never stored.
_tokens: dict[bytes, tuple[str, float]] = {}


class TokenClient(Protocol):
    def post_form(self, url: str, form: dict, basic: tuple[str, str] | None) -> Any: ...


class Login:
    """Makes the Authorization header of a source."""

    def __init__(self, config: SourceConfig):
        self.config = config

    def header(self, client: TokenClient) -> str | None:
        """The header's value, None where the source asks for no log-in."""
        config = self.config
        if config.auth == "basic":
            return basic(config.login, config.secret)
        if config.auth == "bearer":
            return f"Bearer {config.secret}"
        if config.auth == "oauth2":
            return f"Bearer {self._token(client)}"
        return None

    def forget(self) -> bool:
        """Drop a token that was refused; True where a new one can be asked for."""
        return _tokens.pop(self._key(), None) is not None

    def _key(self) -> bytes:
        config = self.config
        parts = (config.token_url, config.login, config.scope, config.secret)
        return hashlib.sha256("\0".join(parts).encode()).digest()

    def _token(self, client: TokenClient) -> str:
        token, end = _tokens.get(self._key(), ("", 0.0))
        if time.monotonic() < end:
            return token
        if not self.config.token_url:
            raise AdapterError("token_url_empty")
        answer = self._ask(client)
        token = answer.get("access_token") if type(answer) is dict else None
        if type(token) is not str or not token or not token.isprintable():
            raise AdapterError("login_refused", url=self.config.token_url)
        life = answer.get("expires_in")
        life = float(life) if type(life) in (int, float) else TOKEN_LIFE
        _tokens[self._key()] = (token, time.monotonic() + life - TOKEN_MARGIN)
        return token

    def _ask(self, client: TokenClient) -> Any:
        """Ask with the header of RFC 6749; servers that want the form get the form."""
        config = self.config
        form = {"grant_type": "client_credentials"}
        if config.scope:
            form["scope"] = config.scope
        if _PEM.search(config.secret):
            form["client_assertion_type"] = _ASSERTION
            form["client_assertion"] = assertion(config)
            return client.post_form(config.token_url, form, None)
        try:
            return client.post_form(
                config.token_url, form, (config.login, config.secret)
            )
        except AdapterError as error:
            if error.code not in ("login_refused", "http_status"):
                raise
        form |= {"client_id": config.login, "client_secret": config.secret}
        try:
            return client.post_form(config.token_url, form, None)
        except AdapterError as error:
            if error.code != "http_status":
                raise
            raise AdapterError("login_refused", **error.values) from None


def basic(login: str, secret: str) -> str:
    """The header of HTTP Basic, in UTF-8 as RFC 7617 lets servers ask for."""
    pair = base64.b64encode(f"{login}:{secret}".encode()).decode()
    return f"Basic {pair}"


def assertion(config: SourceConfig) -> str:
    """A signed statement of who the client is (RFC 7523), good for one token."""
    key = _private_key(config.secret)
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    header = {"alg": "RS384" if is_rsa else "ES384", "typ": "JWT"}
    claims = {
        "iss": config.login,
        "sub": config.login,
        "aud": config.token_url,
        "jti": str(uuid.uuid4()),
        "exp": int(time.time()) + ASSERTION_LIFE,
    }
    signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    if is_rsa:
        signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA384())
    else:
        signature = key.sign(signed.encode(), ec.ECDSA(hashes.SHA384()))
        numbers = utils.decode_dss_signature(signature)
        signature = b"".join(number.to_bytes(48, "big") for number in numbers)
    return f"{signed}.{_base64(signature)}"


def _private_key(secret: str):
    """The key of a PEM text, whose line ends a form may have turned into spaces."""
    kind, body = _PEM.search(secret).groups()
    body = re.sub(r"\s+", "\n", body.strip())
    pem = f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise AdapterError("key_unreadable") from None
    is_curve = isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size == 384
    if not is_curve and not isinstance(key, rsa.RSAPrivateKey):
        raise AdapterError("key_unreadable")
    return key


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
