"""One line of FHIR JSON to a canonical record, and its content hash."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import orjson

from .canonical import Problem, Record
from .fhir_values import parse_instant

# Key of lines that the spooler writes itself: deletions and what it could not read.
MARK = "_hcrm"
RAW_LIMIT = 2000
DELETED_HASH = hashlib.blake2b(b"deleted", digest_size=16).digest()


def content_hash(data: dict) -> bytes:
    """16 bytes over the content, blind to the order of keys."""
    try:
        text = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # integers beyond 64 bits, unpaired surrogates
        text = json.dumps(data, sort_keys=True).encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=16).digest()


def record_from_line(line: bytes, where: str) -> Record:
    """Parse one line; what cannot be read comes back with a problem, never raised.

    :param where: file and offset, the external id of what has none
    """
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _unreadable(line, where)
    if type(data) is not dict:
        return problem_record("not_object", where, line)
    if MARK in data:
        return _marked(data, where)
    return record_from_data(data, where)


def record_from_data(data: dict, where: str) -> Record:
    """Make the record of a parsed resource; takes the source's stamps out of it."""
    res_type = data.get("resourceType")
    ext_id = data.get("id")
    if type(res_type) is not str or not res_type:
        return problem_record("no_type", where, data)
    if type(ext_id) is int:
        ext_id = str(ext_id)
    if type(ext_id) is not str or not ext_id or len(ext_id) > 255:
        return problem_record("no_id", where, data, res_type)
    meta = data.get("meta")
    updated_at = None
    if type(meta) is dict:
        updated_at = _stamp(meta.pop("lastUpdated", None))
        meta.pop("versionId", None)
        if not meta:
            del data["meta"]
    return Record(res_type, ext_id, data, content_hash(data), updated_at)


def _stamp(value: Any) -> datetime | None:
    return parse_instant(value)[0] if type(value) is str else None


def _marked(data: dict, where: str) -> Record:
    mark = data[MARK]
    if mark.get("deleted"):
        return Record(
            data.get("resourceType") or "Unknown",
            data.get("id") or where,
            content_hash=DELETED_HASH,
            updated_at=_stamp(mark.get("at")),
            deleted=True,
        )
    return problem_record(
        mark.get("code", "not_json"),
        where,
        mark.get("raw", ""),
        **{key: mark[key] for key in mark if key not in ("code", "raw")},
    )


def _unreadable(line: bytes, where: str) -> Record:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return problem_record("bad_encoding", where, line)
    text = text.strip()
    if text[:1] not in ("{", "["):
        return problem_record("not_json", where, line)
    code = "broken_json" if text.endswith(("}", "]")) else "truncated_json"
    return problem_record(code, where, line)


def problem_record(
    code: str, where: str, raw: Any, res_type="Unreadable", **values
) -> Record:
    if isinstance(raw, bytes):
        text = raw[: RAW_LIMIT * 4].decode("utf-8", "replace")
    elif isinstance(raw, str):
        text = raw
    else:
        text = json.dumps(raw, ensure_ascii=False)
    text = text.replace("\x00", "")[:RAW_LIMIT]
    digest = hashlib.blake2b(
        f"{code}:{text}".encode("utf-8", "replace"), digest_size=16
    )
    return Record(
        res_type,
        where,
        content_hash=digest.digest(),
        problem=Problem(code, values),
        raw=text,
    )
