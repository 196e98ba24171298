"""Log-ins of web sources: none, user and password, token, OAuth2 client credentials."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any, Protocol

from .base import AdapterError, SourceConfig

# a token is given up a little before its end, so that none ends on its way
TOKEN_MARGIN = 30
TOKEN_LIFE = 300  # of a token that does not say how long it lives

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
