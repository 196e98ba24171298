"""What the HTTP gateways share: a session per thread pool, errors by kind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from .base import NotSent, Outgoing, Provider, Result

LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
REASON_LIMIT = 200


class HttpProvider(Provider):
    """One request per message, several at a time."""

    def __init__(self, config):
        super().__init__(config)
        parts = urlsplit(config.url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise ValueError("https is required except on this machine")
        self.session = requests.Session()
        adapter = HTTPAdapter(pool_maxsize=config.workers)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)

    def close(self) -> None:
        self.session.close()

    def send(self, batch: list[Outgoing]) -> list[Result]:
        with ThreadPoolExecutor(self.config.workers) as pool:
            results = list(pool.map(self._send_one, batch))
        if results and all(result.failure == "unreached" for result in results):
            raise NotSent(results[0].reason)
        for result in results:
            if result.failure == "unreached":
                result.failure = "server"
        return results

    def _send_one(self, message: Outgoing) -> Result:
        """Send one message; network errors become results.

        Only where no connection came about is it certain that nothing went out.
        After a time-out the gateway may have the message: that is not retried
        blindly, its outcome is unknown.
        """
        try:
            return self.validate(message) or self._request(message)
        except requests.ConnectTimeout as error:
            return self._failed(message, "unreached", error)
        except requests.ConnectionError as error:
            never = "NewConnectionError" in repr(error)
            return self._failed(message, "unreached" if never else "unknown", error)
        except requests.RequestException as error:
            return self._failed(message, "unknown", error)

    def _request(self, message: Outgoing) -> Result:
        raise NotImplementedError

    @staticmethod
    def _failed(message: Outgoing, failure: str, reason) -> Result:
        # the class name says what happened; the text would carry number and words
        if isinstance(reason, Exception):
            reason = type(reason).__name__
        return Result(message.uuid, "failed", failure, str(reason)[:REASON_LIMIT])


def retry_after(response) -> float | None:
    """Seconds of a Retry-After header, where it is a number."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
