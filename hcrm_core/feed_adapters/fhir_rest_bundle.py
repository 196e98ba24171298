"""A searchset as servers write it: its entries, its next page, its stamps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import orjson

from .base import AdapterError
from .canonical import Record
from .fhir_record import DELETED_HASH, problem_record, record_from_data
from .fhir_values import parse_instant
from .http_source import Answer, origin, public_url


def entries(answer: Answer) -> list[Any]:
    """The entries of a bundle; anything else is refused with its name."""
    data = answer.data
    kind = data.get("resourceType") if type(data) is dict else type(data).__name__
    if kind != "Bundle":
        raise AdapterError("not_bundle", url=public_url(answer.url), kind=str(kind))
    found = data.get("entry")
    if found is None:
        return []
    if type(found) is not list:
        raise AdapterError("not_bundle", url=public_url(answer.url), kind="entry")
    return found


def total(answer: Answer) -> int | None:
    """How many there are, if the server says so; only a hint, it may be wrong."""
    found = answer.data.get("total")
    return found if type(found) is int and found >= 0 else None


def resources(answer: Answer, res_type: str) -> list[Any]:
    """The matches of a search for ``res_type``, whatever shape they have.

    What the server put beside them (outcomes, included records) is left out: their
    types are read in their own turn.
    """
    found = []
    for entry in entries(answer):
        if type(entry) is dict and "resource" not in entry:
            continue
        data = entry["resource"] if type(entry) is dict else entry
        if type(data) is not dict:
            found.append(data)
            continue
        search = entry.get("search")
        mode = search.get("mode") if type(search) is dict else None
        kind = data.get("resourceType")
        if mode in ("include", "outcome") or kind not in (res_type, None):
            continue
        if "id" not in data and type(entry.get("fullUrl")) is str:
            data["id"] = entry["fullUrl"].rpartition("/")[2].removeprefix("urn:uuid:")
        found.append(data)
    return found


def stamp_of(data: Any) -> str | None:
    """``meta.lastUpdated`` as written."""
    meta = data.get("meta") if type(data) is dict else None
    found = meta.get("lastUpdated") if type(meta) is dict else None
    return found if type(found) is str else None


def instant(stamp: str | None) -> datetime | None:
    """A stamp in naive UTC, with its fraction of a second."""
    found = parse_instant(stamp)[0] if stamp else None
    if found is None or "." not in stamp:
        return found
    digits = stamp.partition(".")[2]
    count = next((n for n, sign in enumerate(digits) if not sign.isdigit()), None)
    fraction = digits[:count][:6].ljust(6, "0")
    return found.replace(microsecond=int(fraction))


def record(data: Any, res_type: str, max_bytes: int | None) -> Record:
    """The canonical record of a match; one that cannot be read says why.

    :param max_bytes: largest record allowed; None where the answer was smaller
    """
    where = f"{res_type}#{_digest([orjson.dumps(data)])}" if not _has_id(data) else ""
    if type(data) is not dict:
        return problem_record("not_object", where, data)
    size = len(orjson.dumps(data)) if max_bytes else 0
    if max_bytes and size > max_bytes:
        where = where or f"{res_type}/{data['id']}"
        return problem_record(
            "too_large", where, "", res_type, size=size, limit=max_bytes
        )
    stamp = instant(stamp_of(data))
    found = record_from_data(data, where)
    if found.updated_at:
        found.updated_at = stamp
    # a search shows what is there now
    found.is_current = True
    return found


def _has_id(data: Any) -> bool:
    return type(data) is dict and data.get("id") is not None


def deletions(answer: Answer, res_type: str) -> list[Record]:
    """The records that a page of a type's history says were deleted.

    A history is told from its newest entry on: what was made again after it was
    deleted is there again.
    """
    seen: set[str] = set()
    found = []
    for entry in entries(answer):
        if type(entry) is not dict:
            continue
        ext_id, is_deletion = _version(entry, res_type)
        if not ext_id or ext_id in seen:
            continue
        seen.add(ext_id)
        response = entry.get("response")
        at = response.get("lastModified") if type(response) is dict else None
        at = instant(at or stamp_of(entry.get("resource")))
        # without a time it could be older than what a search just showed
        if is_deletion and at:
            found.append(
                Record(
                    res_type,
                    ext_id,
                    content_hash=DELETED_HASH,
                    updated_at=at,
                    deleted=True,
                )
            )
    return found


def _version(entry: dict, res_type: str) -> tuple[str, bool]:
    """Whose version an entry of a history is, and whether it is the deletion."""
    request = entry.get("request")
    request = request if type(request) is dict else {}
    data = entry.get("resource")
    ext_id = data.get("id") if type(data) is dict else None
    if not ext_id:
        target = str(request.get("url") or entry.get("fullUrl") or "")
        parts = target.split("?")[0].split("/")
        if res_type in parts[:-1]:
            ext_id = parts[parts.index(res_type) + 1]
    return ext_id or "", str(request.get("method")).upper() == "DELETE"


def next_link(answer: Answer, base: str) -> str | None:
    """Where the next page is, as the server says, at the address we know.

    A server behind a proxy names itself by a host that we cannot or must not ask:
    path and query are its own, the origin is that of the source.
    """
    links = answer.data.get("link")
    target = None
    for link in links if type(links) is list else ():
        if type(link) is dict and link.get("relation") == "next":
            target = link.get("url")
    if type(target) is not str or not target:
        return None
    target = urljoin(answer.url, target)
    if origin(target) == origin(base):
        return target
    return _at_base(target, base)


def _at_base(target: str, base: str) -> str:
    """``target`` of another origin, below the base address of the source."""
    parts, home = urlsplit(target), urlsplit(base)
    root = home.path.rstrip("/")
    path = parts.path
    if path != root and not path.startswith(f"{root}/"):
        # another path before the proxy: keep what follows the server's own root
        last = path.rstrip("/").rpartition("/")[2]
        path = f"{root}/{last}" if last[:1].isupper() else root or "/"
    return urlunsplit((home.scheme, home.netloc, path, parts.query, ""))


def fingerprint(found: Iterable[Any], url: str) -> str:
    """What tells one page from another: the ids in it, else its address."""
    ids = [str(d.get("id")).encode() for d in found if type(d) is dict]
    return _digest(ids or [url.encode()])


def _digest(parts: list[bytes]) -> str:
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()
