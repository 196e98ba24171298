"""Vendors that want an access token with every call: one for all workers, renewed
once when the vendor no longer takes it."""

from __future__ import annotations

import requests

from .base import Health, NotSent, Outgoing, Result
from .http_common import HttpProvider

# of a kind of failure that never leaves this file: the token was not taken
STALE = "token"


class TokenRefused(Exception):
    """The vendor gives no token: wrong credentials, or this address is not allowed."""


class TokenProvider(HttpProvider):
    """Base: ``_fetch_token`` asks for a token, ``_kind`` tells failures apart.

    ``token`` is the one of the batch under way: the store is asked here and never in
    the threads that send.
    """

    token = ""

    def send(self, batch: list[Outgoing]) -> list[Result]:
        try:
            self.token = self._token()
            results = super().send(batch)
            stale = [n for n, result in enumerate(results) if result.failure == STALE]
            if stale:
                self.token = self._renew(self.token)
                again = super().send([batch[n] for n in stale])
                for n, result in zip(stale, again, strict=True):
                    results[n] = result
        except TokenRefused as error:
            return [self._failed(message, "auth", str(error)) for message in batch]
        for result in results:
            if result.failure == STALE:
                result.failure = "auth"
        return results

    def call(self, path: str, payload: dict) -> dict:
        """A call outside sending; :class:`NotSent` where nothing answers.

        A token that is no longer taken is renewed once here, too.
        """
        self.token = self._token()
        for _attempt in range(2):
            try:
                answer = self._post(path, payload)
            except requests.RequestException as error:
                raise NotSent(type(error).__name__) from error
            if self._kind(answer) != STALE:
                break
            self.token = self._renew(self.token)
        return answer

    def _token(self) -> str:
        return self.config.tokens.get() or self._renew(None)

    def _renew(self, old: str | None) -> str:
        return self.config.tokens.renew(old, lambda: self._ask_token(old is not None))

    def _ask_token(self, is_stale: bool) -> tuple[str, float]:
        try:
            answer = self._fetch_token(is_stale)
        except requests.RequestException as error:
            raise NotSent(type(error).__name__) from error
        except ValueError as error:
            raise NotSent("no JSON") from error
        token = answer.get("access_token")
        if not token:
            reason = f"{answer.get('errcode')} {answer.get('errmsg') or ''}"
            if self._kind(answer) in ("server", "throttled"):
                raise NotSent(reason)
            raise TokenRefused(reason.strip())
        # a little earlier than the vendor says: calls are under way
        return token, max(float(answer.get("expires_in") or 0) - 300, 60)

    def _fetch_token(self, is_stale: bool) -> dict:
        """What the vendor answers to the credentials.

        :param is_stale: the last one it gave is no longer taken
        """
        raise NotImplementedError

    def _post(self, path: str, payload: dict) -> dict:
        response = self.session.post(
            f"{self.config.url.rstrip('/')}{path}",
            params={"access_token": self.token},
            json=payload,
            timeout=self.config.timeout,
        )
        return self._read_answer(response)

    @staticmethod
    def _read_answer(response) -> dict:
        """The answer; one that is no JSON counts as an outage with its status."""
        if response.status_code == 429:
            return {"errcode": 45009, "errmsg": "HTTP 429"}
        if response.status_code < 400:
            try:
                answer = response.json()
            except ValueError:
                answer = None
            if isinstance(answer, dict):
                return answer
        return {"errcode": -1, "errmsg": f"HTTP {response.status_code}"}

    def _kind(self, answer: dict) -> str:
        """The kind of failure in an answer; empty: it worked."""
        raise NotImplementedError

    def health(self) -> Health:
        """Whether the vendor knows us."""
        try:
            self._token()
        except (NotSent, TokenRefused) as error:
            return Health(False, str(error))
        return Health(True)
