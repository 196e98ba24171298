"""FHIR R4 files as a source: NDJSON and bundles; plain, gz, zip; a file or a folder."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any

import orjson

from .base import AdapterError, Report, SourceConfig, register
from .canonical import WRITE_ORDER, Page, Record
from .fhir_record import RAW_LIMIT, problem_record, record_from_line
from .fhir_spool import Spooler, find_files

MANIFEST = "pages.json"
_ORDER = {name: index for index, name in enumerate(WRITE_ORDER)}
SKIM = 1 << 20
SAMPLE_LINES = 2000


@register("fhir_file")
class FhirFiles:
    """Reads files by byte offset, so that a stopped run goes on where it was."""

    def __init__(self, config: SourceConfig):
        self.config = config

    # ------------------------------------------------------------------
    # start and end of a run
    # ------------------------------------------------------------------

    def prepare(self) -> None:
        """List the files in writing order and unpack what cannot be sought in."""
        path = self._checked_path()
        os.makedirs(self.config.spool, exist_ok=True)
        try:
            files = self._expand(path)
        except OSError as error:
            raise AdapterError(
                "unreadable_path", path=path, error=str(error)
            ) from error
        with open(os.path.join(self.config.spool, MANIFEST), "wb") as out:
            out.write(orjson.dumps(files))

    def cleanup(self) -> None:
        """Remove the spool; the source's own files are never touched."""
        shutil.rmtree(self.config.spool, ignore_errors=True)

    def _checked_path(self) -> str:
        """The real path, if it lies in a folder that the server allows."""
        if not self.config.path:
            raise AdapterError("path_empty")
        path = os.path.realpath(self.config.path)
        roots = [os.path.realpath(root) for root in self.config.roots if root]
        if not any(path == root or path.startswith(root + os.sep) for root in roots):
            raise AdapterError(
                "path_forbidden", path=self.config.path, roots=", ".join(roots)
            )
        if not os.path.exists(path):
            raise AdapterError("path_missing", path=self.config.path)
        return path

    def _expand(self, path: str) -> list[dict[str, Any]]:
        found, _ignored = find_files(path)
        if not found:
            raise AdapterError("no_files", path=self.config.path)
        base = path if os.path.isdir(path) else os.path.dirname(path)
        spooler = Spooler(self.config.spool, self.config.max_record_bytes)
        files = []
        for full in found:
            name = os.path.relpath(full, base)
            for plain in spooler.expand(full, name):
                label = name if plain == full else os.path.basename(plain)
                first = _first_type(plain, self.config.max_record_bytes)
                if self._is_passed_over(label, first):
                    continue
                files.append((_ORDER.get(first, len(_ORDER)), label, plain))
        return [
            {"name": label, "path": plain, "size": os.path.getsize(plain)}
            for _order, label, plain in sorted(files)
        ]

    def _is_passed_over(self, label: str, first: str) -> bool:
        """A file named after one type, as bulk exports do, that is not asked for."""
        wanted = self.config.only_types
        named = os.path.basename(label).split(".")[0]
        return bool(wanted) and named == first and first not in wanted

    def _files(self) -> list[dict[str, Any]]:
        manifest = os.path.join(self.config.spool, MANIFEST)
        if not os.path.exists(manifest):  # another node, or the folder was cleared
            self.prepare()
        with open(manifest, "rb") as stream:
            return orjson.loads(stream.read())

    # ------------------------------------------------------------------
    # pages
    # ------------------------------------------------------------------

    def pages(self, cursor: dict | None, limit: int) -> Iterator[Page]:
        """Yield pages of up to ``limit`` records; a page may span files."""
        files = self._files()
        total = sum(item["size"] for item in files)
        index, offset = (cursor["file"], cursor["offset"]) if cursor else (0, 0)
        before = sum(item["size"] for item in files[:index])
        records: list[Record] = []
        while index < len(files):
            item = files[index]
            with self._open(item) as stream:
                stream.seek(offset)
                while len(records) < limit:
                    record = self._read(stream, item["name"])
                    if record is None:
                        break
                    records.append(record)
                    if len(records) == limit:
                        offset = stream.tell()
                        at = {"file": index, "offset": offset}
                        yield Page(records, at, before + offset, total)
                        records = []
            before += item["size"]
            index, offset = index + 1, 0
        yield Page(records, None, total, total)

    def _open(self, item: dict[str, Any]) -> IO[bytes]:
        try:
            return open(item["path"], "rb", buffering=1 << 20)
        except OSError as error:
            raise AdapterError(
                "unreadable_path", path=item["name"], error=error.strerror
            ) from error

    def _read(self, stream: IO[bytes], name: str) -> Record | None:
        """The next record of a file; blank lines are passed over."""
        limit = self.config.max_record_bytes
        while True:
            start = stream.tell()
            line = stream.readline(limit + 1)
            if not line:
                return None
            if len(line) > limit and line[-1:] != b"\n":
                size = len(line) + _skip_line(stream)
                where = f"{name}@{start}"
                return problem_record(
                    "too_large", where, line[:RAW_LIMIT], size=size, limit=limit
                )
            if start == 0:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.isspace():
                continue
            record = record_from_line(line, f"{name}@{start}")
            if not self.config.only_types or record.type in self.config.only_types:
                return record

    def sample(self, limit: int) -> list[Record]:
        """Up to ``limit`` records of each type, from the beginning of every file."""
        found: dict[str, list[Record]] = {}
        for item in self._files():
            with self._open(item) as stream:
                for _line in range(SAMPLE_LINES):
                    record = self._read(stream, item["name"])
                    if record is None:
                        break
                    kept = found.setdefault(record.type, [])
                    if len(kept) < limit:
                        kept.append(record)
        return [record for records in found.values() for record in records]

    def check(self, limit: int) -> Report:
        """Count records by type, up to ``limit`` of them."""
        path = self._checked_path()
        self.prepare()
        report = Report(files=[item["name"] for item in self._files()])
        base = path if os.path.isdir(path) else os.path.dirname(path)
        report.ignored = [os.path.relpath(item, base) for item in find_files(path)[1]]
        counts: Counter[str] = Counter()
        for page in self.pages(None, min(limit, 5000)):
            for record in page.records:
                counts[record.type] += 1
                report.unreadable += record.problem is not None
            if sum(counts.values()) >= limit and page.cursor is not None:
                report.complete = False
                break
        report.counts = dict(counts)
        return report


def _skip_line(stream: IO[bytes]) -> int:
    """Pass over the rest of a line in pieces; return its length."""
    size = 0
    while piece := stream.readline(SKIM):
        size += len(piece)
        if piece[-1:] == b"\n":
            break
    return size


def _first_type(path: str, limit: int) -> str:
    """Type of the first readable resource of a file, for the order of files."""
    with open(path, "rb") as stream:
        for _attempt in range(5):
            line = stream.readline(limit + 1)
            try:
                data = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
            except orjson.JSONDecodeError:
                continue
            if type(data) is dict and type(data.get("resourceType")) is str:
                return data["resourceType"]
    return ""
