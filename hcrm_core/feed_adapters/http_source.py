"""The one HTTP client of all web sources: it only reads, and tells what went wrong.

GET, and no other method, except POST of a token request and of the reading methods
of Odoo's JSON-2 (:data:`READING_METHODS`). HTTPS with verified certificates, plain
HTTP only to this machine. What comes back is JSON; everything else is an
:class:`AdapterError` whose values hold no query, no secret and nothing of a person.
"""

from __future__ import annotations

import ipaddress
import re
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import requests
import urllib3
from requests.auth import AuthBase

from .base import AdapterError, SourceBusy, SourceConfig
from .http_auth import Login, basic

PIECE_SECONDS = 60  # to connect, and between two pieces of an answer
ANSWER_SECONDS = 300  # for the whole of it
ANSWER_BYTES = 64 * 1024 * 1024
REDIRECTS = 3
AGENT = "HCRM feed"
READING_METHODS = ("search_read", "search_count", "fields_get")
_JSON2 = re.compile(r"/json/2/[a-z0-9_.]+/(\w+)$")
_PIECE = 1 << 16


class HttpStatus(AdapterError):
    """An answer with a status that only the caller can judge (400, 404, 410, ...)."""

    def __init__(self, url: str, status: int):
        super().__init__("http_status", url=url, status=status)
        self.status = status


@dataclass(slots=True)
class Answer:
    """What a source answered.

    :ivar data: the JSON
    :ivar url: where it came from, redirects followed
    :ivar date: the server's own clock in naive UTC, None where it did not say
    :ivar size: bytes of it
    """

    data: Any
    url: str
    date: datetime | None
    size: int = 0


class HttpSource:
    """A session with one source; close it when done (it is a context manager).

    :param origin: base address; only its origin ever gets the log-in
    """

    def __init__(self, config: SourceConfig, max_bytes: int = ANSWER_BYTES):
        self.config = config
        self.max_bytes = max_bytes
        self.login = Login(config)
        self.origin = origin(checked_url(config.url))
        self._session: requests.Session | None = None

    def __enter__(self) -> HttpSource:
        return self

    def __exit__(self, *_error) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back; the next request opens another."""
        if self._session is not None:
            self._session.close()
            self._session = None

    # ------------------------------------------------------------------
    # requests
    # ------------------------------------------------------------------

    def get_json(
        self, url: str, params: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """GET ``url`` (of this source's origin) and parse what comes."""
        return self._send("GET", url, params=params, headers=headers)

    def post_json(
        self, url: str, body: Any, headers: dict[str, str] | None = None
    ) -> Answer:
        """Call a reading method of Odoo's JSON-2; no other POST leaves here."""
        match = _JSON2.search(urlsplit(url).path)
        if not match or match.group(1) not in READING_METHODS:
            raise ValueError("a source is only read")
        headers = {"Content-Type": "application/json", **(headers or {})}
        return self._send("POST", url, data=orjson.dumps(body), headers=headers)

    def post_form(self, url: str, form: dict, basic_pair=None) -> Any:
        """Ask a token endpoint; it may stand on another machine than the source."""
        header = basic(*basic_pair) if basic_pair else None
        response = self._exchange(
            "POST", checked_url(url), header, data=form, headers={}
        )
        with response:
            return self._read(response).data

    def _send(self, method: str, url: str, headers=None, **options) -> Answer:
        """One exchange; a token that was refused is renewed once."""
        if origin(checked_url(url)) != self.origin:
            raise AdapterError("other_origin", url=public_url(url))
        header = self.login.header(self)
        response = self._exchange(method, url, header, headers=headers, **options)
        if response.status_code == 401 and self.login.forget():
            response.close()
            header = self.login.header(self)
            response = self._exchange(method, url, header, headers=headers, **options)
        with response:
            return self._read(response)

    def _exchange(self, method: str, url: str, header: str | None, **options):
        """Send, following redirects that stay with the source; the body is unread."""
        options["headers"] = {
            "Accept": "application/fhir+json, application/json",
            "User-Agent": AGENT,
            **(options.get("headers") or {}),
        }
        for _hop in range(REDIRECTS + 1):
            response = self._request(method, url, header, options)
            target = response.headers.get("Location")
            if response.status_code not in (301, 302, 303, 307, 308) or not target:
                return response
            response.close()
            target = urljoin(url, target)
            if method != "GET" or origin(target) != origin(url):
                raise AdapterError(
                    "redirected", url=public_url(url), target=public_url(target)
                )
            url, options["params"] = target, None
        raise AdapterError("redirected", url=public_url(url), target=public_url(url))

    def _request(self, method: str, url: str, header: str | None, options: dict):
        session = self._session or self._open(url)
        try:
            return session.request(
                method,
                url,
                auth=_Header(header),
                timeout=PIECE_SECONDS,
                allow_redirects=False,
                stream=True,
                **options,
            )
        except requests.RequestException as error:
            raise _connection_error(url, error) from None

    def _open(self, url: str) -> requests.Session:
        self._session = requests.Session()
        # proxies and the hospital's own certificates come from the environment; what
        # stays on this machine must not go round by a proxy
        self._session.trust_env = not is_loopback(url)
        return self._session

    # ------------------------------------------------------------------
    # answers
    # ------------------------------------------------------------------

    def _read(self, response: requests.Response) -> Answer:
        url = public_url(response.url)
        date = _http_date(response.headers.get("Date"))
        self._check_status(response, url, date)
        body = self._body(response, url)
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise _unreadable(url, body) from None
        return Answer(data, response.url, date, len(body))

    def _check_status(self, response, url: str, date: datetime | None) -> None:
        status = response.status_code
        if status < 300:
            return
        if status in (401, 403):
            raise AdapterError("login_refused", url=url, status=status)
        if status in (408, 425, 429) or (status >= 500 and status != 501):
            wait = _retry_after(response.headers.get("Retry-After"), date)
            code = "too_many_requests" if status in (429, 503) else "server_error"
            raise SourceBusy(code, retry_after=wait, url=url, status=status)
        raise HttpStatus(url, status)

    def _body(self, response: requests.Response, url: str) -> bytes:
        """The body, refused beyond the limits of size and time."""
        end = time.monotonic() + ANSWER_SECONDS
        pieces, size = [], 0
        try:
            for piece in response.iter_content(_PIECE):
                size += len(piece)
                if size > self.max_bytes:
                    limit = self.max_bytes // (1024 * 1024)
                    raise AdapterError("answer_too_large", url=url, limit=limit)
                if time.monotonic() > end:
                    raise SourceBusy("timeout", url=url)
                pieces.append(piece)
        except requests.exceptions.ChunkedEncodingError:
            raise SourceBusy("truncated_answer", url=url) from None
        except requests.RequestException as error:
            raise _connection_error(url, error) from None
        return b"".join(pieces)


class _Header(AuthBase):
    """Our own header or none: a .netrc of the server's user has no say."""

    def __init__(self, value: str | None):
        self.value = value

    def __call__(self, request):
        if self.value:
            request.headers["Authorization"] = self.value
        return request


# ----------------------------------------------------------------------
# addresses
# ----------------------------------------------------------------------


def checked_url(url: str) -> str:
    """``url``, if it can be asked without giving anything away on its way."""
    if not url:
        raise AdapterError("url_empty")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        raise AdapterError("url_wrong", url=url.split("?")[0]) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AdapterError("url_wrong", url=public_url(url))
    if parts.username or parts.password:
        raise AdapterError("url_with_login", url=public_url(url))
    if parts.scheme == "http" and not is_loopback(url):
        raise AdapterError("url_insecure", url=public_url(url))
    return url


def is_loopback(url: str) -> bool:
    """Whether an address stays on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: who is spoken to."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        return parts.scheme, parts.hostname or "", port
    except ValueError:
        return "", url, 0


def public_url(url: str) -> str:
    """An address for people and logs: without user, query and fragment."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return url.split("?")[0].rpartition("@")[2]
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


# ----------------------------------------------------------------------
# what goes wrong
# ----------------------------------------------------------------------


def _connection_error(url: str, error: Exception) -> AdapterError:
    """Name a failure without its text, which holds the whole address."""
    url = public_url(url)
    if isinstance(error, requests.exceptions.SSLError):
        return AdapterError("bad_certificate", url=url)
    if isinstance(error, requests.Timeout):
        return SourceBusy("timeout", url=url)
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return SourceBusy("truncated_answer", url=url)
    if isinstance(error, (requests.exceptions.InvalidURL, ValueError)):
        return AdapterError("url_wrong", url=url)
    return SourceBusy("unreachable", url=url, error=_cause(error))


def _cause(error: BaseException) -> str:
    """The operating system's words for a failed connection, else its kind."""
    seen: BaseException | None = error
    for _depth in range(8):
        if isinstance(seen, OSError) and seen.errno and seen.strerror:
            return seen.strerror
        if isinstance(seen, urllib3.exceptions.NameResolutionError):
            return "unknown host"
        inner = seen.args[0] if seen.args else None
        reason = getattr(inner, "reason", None) or getattr(seen, "reason", None)
        seen = reason if isinstance(reason, BaseException) else seen.__cause__
        if seen is None and isinstance(inner, BaseException):
            seen = inner
        if seen is None:
            break
    return type(error).__name__


def _unreadable(url: str, body: bytes) -> AdapterError:
    start = body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start[:1] == b"<":
        return AdapterError("web_page", url=url)
    if start[:1] in (b"{", b"[") and body.rstrip()[-1:] not in (b"}", b"]"):
        return SourceBusy("truncated_answer", url=url)
    if not start:
        return SourceBusy("empty_answer", url=url)
    return AdapterError("answer_not_json", url=url)


def _retry_after(value: str | None, now: datetime | None) -> float | None:
    """Seconds to wait: told as such, or as a date by the server's own clock."""
    if not value:
        return None
    value = value.strip()
    if value.isdigit():
        return float(value[:9])
    then = _http_date(value)
    if then is None:
        return None
    now = now or datetime.now(timezone.utc).replace(tzinfo=None)
    return max(0.0, (then - now).total_seconds())


def _http_date(value: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(value or "")
    except (TypeError, ValueError, IndexError):
        return None
    if found.tzinfo is None:
        return found
    return found.astimezone(timezone.utc).replace(tzinfo=None)
