"""Bring packed and bundled FHIR files into plain NDJSON a page can seek in.

Plain NDJSON is read where it lies. gz, zip, bundles, arrays and single pretty-
printed resources are written once, at the start of a run, to the spool folder;
what cannot be read becomes a marked line there and the rest goes on.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any

import ijson
import orjson
from ijson.common import ObjectBuilder

from .base import AdapterError
from .fhir_record import MARK, RAW_LIMIT

HEAD = 64 * 1024
SUFFIXES = (".ndjson", ".jsonl", ".json", ".gz", ".zip")
# bulk exports describe themselves in such a file; it holds no resource
MANIFESTS = {"manifest.json"}
_BUNDLE = re.compile(rb'"resourceType"\s*:\s*"Bundle"')
_URN = re.compile(rb'"urn:uuid:([^"]+)"')


def find_files(path: str) -> tuple[list[str], list[str]]:
    """(files to read, files passed over) under a path, in a stable order."""
    if os.path.isfile(path):
        return [path], []
    if not os.path.isdir(path):
        raise AdapterError("path_missing", path=path)
    found, ignored = [], []
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            lower = name.lower()
            full = os.path.join(folder, name)
            if lower in MANIFESTS or name.startswith(".") or os.path.islink(full):
                ignored.append(full)
            elif lower.endswith(SUFFIXES):
                found.append(full)
            else:
                ignored.append(full)
    return found, ignored


def shape(head: bytes, is_whole: bool) -> str:
    """What a file holds, from its first bytes: ndjson, bundle, array, pretty, junk."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        return "empty"
    if head[:1] == b"[":
        return "array"
    if head[:1] != b"{":
        return "junk"
    first, newline, rest = head.partition(b"\n")
    try:
        data = orjson.loads(first)
    except orjson.JSONDecodeError:
        data = None
    if type(data) is dict:
        return "bundle" if data.get("resourceType") == "Bundle" else "ndjson"
    if _BUNDLE.search(head[:4096]) or (not newline and _BUNDLE.search(head)):
        return "bundle"
    # a first line that is cut off, or a resource printed over many lines?
    second = rest.lstrip().partition(b"\n")[0]
    if second.startswith(b"{") or (not newline and not is_whole):
        return "ndjson"
    return "pretty" if newline else "ndjson"


class Spooler:
    """Write what is not plain NDJSON to the spool folder."""

    def __init__(self, folder: str, max_record_bytes: int):
        self.folder = folder
        self.max = max_record_bytes

    def expand(self, path: str, name: str) -> Iterator[str]:
        """Yield the plain NDJSON files that one source file stands for."""
        lower = path.lower()
        if lower.endswith(".zip"):
            yield from self._expand_zip(path, name)
        elif lower.endswith(".gz"):
            try:
                with gzip.open(path, "rb") as stream:
                    yield from self._plain(stream, name.removesuffix(".gz"))
            except (OSError, EOFError, zlib.error) as error:
                yield self._problem_file(name, "damaged_archive", error)
        else:
            with open(path, "rb") as stream:
                head = stream.read(HEAD)
            kind = shape(head, len(head) < HEAD)
            if kind == "ndjson":
                yield path
            elif kind != "empty":
                with open(path, "rb") as stream:
                    yield from self._plain(stream, name)

    def _expand_zip(self, path: str, name: str) -> Iterator[str]:
        try:
            with zipfile.ZipFile(path) as archive:
                for member in sorted(archive.namelist()):
                    if member.endswith("/") or not member.lower().endswith(
                        SUFFIXES[:4]
                    ):
                        continue
                    if os.path.basename(member).lower() in MANIFESTS:
                        continue
                    with archive.open(member) as stream:
                        inner = f"{name}/{member}"
                        if member.lower().endswith(".gz"):
                            with gzip.open(stream, "rb") as unpacked:
                                yield from self._plain(
                                    unpacked, inner.removesuffix(".gz")
                                )
                        else:
                            yield from self._plain(stream, inner)
        except (
            OSError,
            EOFError,
            zlib.error,
            zipfile.BadZipFile,
            RuntimeError,
        ) as error:
            yield self._problem_file(name, "damaged_archive", error)

    def _plain(self, stream: IO[bytes], name: str) -> Iterator[str]:
        """Copy a stream into the spool, one resource a line."""
        target = os.path.join(self.folder, _flat(name))
        damage = None
        with open(target + ".raw", "wb") as out:
            try:
                shutil.copyfileobj(stream, out, 1 << 20)
            except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
                if isinstance(error, OSError) and error.errno:
                    raise AdapterError("disk", path=self.folder) from error
                damage = error
        with open(target + ".raw", "rb") as source:
            head = source.read(HEAD)
        kind = shape(head, len(head) < HEAD)
        if kind in ("ndjson", "empty"):
            os.replace(target + ".raw", target)
            if damage:
                with open(target, "ab") as out:
                    out.write(b"\n" + _mark("damaged_archive", file=name))
        else:
            self._unpack(target + ".raw", target, kind, name)
            os.remove(target + ".raw")
        if kind != "empty" or damage:
            yield target

    def _unpack(self, raw: str, target: str, kind: str, name: str) -> None:
        """Write the resources of a bundle, array or pretty-printed file as lines."""
        with open(target, "wb") as out:
            if kind == "junk":
                with open(raw, "rb") as stream:
                    sample = stream.read(RAW_LIMIT).decode("utf-8", "replace")
                out.write(_mark("not_json", raw=sample, file=name))
            elif kind == "pretty":
                self._unpack_pretty(raw, out, name)
            else:
                self._unpack_stream(raw, out, kind, name)

    def _unpack_pretty(self, raw: str, out: IO[bytes], name: str) -> None:
        if os.path.getsize(raw) > self.max:
            out.write(_mark("too_large", size=os.path.getsize(raw), file=name))
            return
        with open(raw, "rb") as stream:
            content = stream.read().removeprefix(b"\xef\xbb\xbf")
        try:
            out.write(_line(orjson.loads(content)))
        except orjson.JSONDecodeError:
            sample = content[:RAW_LIMIT].decode("utf-8", "replace")
            out.write(_mark("truncated_json", raw=sample, file=name))

    def _unpack_stream(self, raw: str, out: IO[bytes], kind: str, name: str) -> None:
        prefix = "entry.item" if kind == "bundle" else "item"
        renamed = _full_urls(raw) if kind == "bundle" else {}
        try:
            with open(raw, "rb") as stream:
                for position, item in enumerate(_items(stream, prefix, self.max)):
                    line = item if isinstance(item, bytes) else _entry_line(item, kind)
                    if isinstance(item, bytes):
                        line = _mark("too_large", file=name, position=position)
                    if renamed and line:
                        line = _URN.sub(lambda m: _renamed(m, renamed), line)
                    if line:
                        out.write(line)
        except (ijson.JSONError, UnicodeDecodeError):
            out.write(_mark("truncated_json", file=name))

    def _problem_file(self, name: str, code: str, error: Exception) -> str:
        if isinstance(error, OSError) and error.errno:
            raise AdapterError("disk", path=self.folder) from error
        target = os.path.join(self.folder, _flat(name) + ".problem")
        with open(target, "wb") as out:
            out.write(_mark(code, file=name))
        return target


def _flat(name: str) -> str:
    """A file name for the spool folder that cannot leave it."""
    flat = re.sub(r"[^A-Za-z0-9._-]+", "_", name.replace("/", "__")).lstrip(".")
    return flat[-150:] or "file"


def _mark(code: str, **values: Any) -> bytes:
    return orjson.dumps({MARK: {"code": code, **values}}) + b"\n"


def _line(data: Any) -> bytes:
    try:
        return orjson.dumps(data) + b"\n"
    except TypeError:
        return json.dumps(data, default=float).encode("utf-8", "replace") + b"\n"


def _entry_line(entry: Any, kind: str) -> bytes:
    """One bundle entry (or array item) as a line; b'' where it holds no resource."""
    if kind == "array" or type(entry) is not dict:
        return _line(entry)
    resource = entry.get("resource")
    request = entry.get("request")
    if type(request) is dict and request.get("method") == "DELETE":
        res_type, _slash, ext_id = str(request.get("url", "")).partition("/")
        response = entry.get("response")
        at = response.get("lastModified") if type(response) is dict else None
        mark = {"deleted": True, "at": at}
        return _line({"resourceType": res_type, "id": ext_id.split("/")[0], MARK: mark})
    if resource is None:
        return b""
    if type(resource) is dict and "id" not in resource:
        url = entry.get("fullUrl")
        if type(url) is str and url.startswith("urn:uuid:"):
            resource["id"] = url[9:]
    return _line(resource)


def _full_urls(raw: str) -> dict[bytes, bytes]:
    """urn:uuid full URLs of a bundle whose resources carry another id."""
    renamed: dict[bytes, bytes] = {}
    url = res_type = ext_id = None
    try:
        with open(raw, "rb") as stream:
            for prefix, event, value in ijson.parse(stream, use_float=True):
                if prefix == "entry.item" and event == "start_map":
                    url = res_type = ext_id = None
                elif prefix == "entry.item.fullUrl":
                    url = value
                elif prefix == "entry.item.resource.resourceType":
                    res_type = value
                elif prefix == "entry.item.resource.id":
                    ext_id = value
                elif prefix == "entry.item" and event == "end_map":
                    if type(url) is str and url.startswith("urn:uuid:") and res_type:
                        if ext_id and ext_id != url[9:]:
                            renamed[url[9:].encode()] = f"{res_type}/{ext_id}".encode()
    except (ijson.JSONError, UnicodeDecodeError):
        return renamed  # the damage is reported where the entries are read
    return renamed


def _renamed(match: re.Match, renamed: dict[bytes, bytes]) -> bytes:
    target = renamed.get(match.group(1))
    return b'"' + target + b'"' if target else match.group(0)


def _items(stream: IO[bytes], prefix: str, limit: int) -> Iterator[Any]:
    """Items at a prefix; ``b''`` for one larger than ``limit``, which is not kept."""
    builder: ObjectBuilder | None = None
    depth = size = 0
    for path, event, value in ijson.parse(stream, use_float=True):
        if depth == 0 and path != prefix:
            continue
        if depth == 0:
            builder, size = ObjectBuilder(), 0
        if event in ("start_map", "start_array"):
            depth += 1
        elif event in ("end_map", "end_array"):
            depth -= 1
        size += len(value) + 4 if isinstance(value, str) else 8
        if builder is not None:
            if size > limit:
                builder = None
            else:
                builder.event(event, value)
        if depth == 0:
            yield b"" if builder is None else _plain_numbers(builder.value)
            builder = None


def _plain_numbers(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
