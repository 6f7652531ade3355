"""Spans in local files: one JSON object a line, one file per process, bounded in size.

A batch is one write to a file opened for appending, so readers may read at any time; a torn last line is passed
over. Inside a batch parents come before their children, so that a torn batch has no orphan either.
"""

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from collegium.telemetry.spans import SpanRecord, StoredSpan

SUFFIX: Final = ".spans.jsonl"
_LINE: Final = TypeAdapter(dict[str, object])
_STORED: Final = TypeAdapter(StoredSpan)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_MAX_LINE_BYTES: Final = 1 << 20


class FileWriter:
    """Appends batches to this process's file. Used by one thread.

    Args:
        directory: Created when missing.
        service: The name of the process's service, written into every span.
        max_file_bytes: A file that has grown beyond this is left for a new one.
        max_total_bytes: The oldest files of the directory, of any process, are removed beyond this.
    """

    def __init__(
        self,
        directory: Path,
        service: str,
        *,
        max_file_bytes: int = 16 << 20,
        max_total_bytes: int = 256 << 20,
    ) -> None:
        self._directory = directory
        self._service = service
        self._max_file_bytes = max_file_bytes
        self._max_total_bytes = max_total_bytes
        self._file = -1
        self._torn = False

    def write(self, batch: Sequence[SpanRecord]) -> bool:
        """Append the spans; False when the disk does not take them."""
        data = b"".join(_line(record, self._service) for record in batch)
        try:
            file = self._opened()
            # After a write that the disk took in part, the rest of that line is closed first.
            data = b"\n" + data if self._torn else data
            written = os.write(file, data)
        except OSError:
            self.close()
            return False
        self._torn = written < len(data)
        return not self._torn

    def close(self) -> None:
        """Close the file. The next write opens a new one."""
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
            self._file = -1
            self._torn = False

    def _opened(self) -> int:
        if self._file >= 0:
            status = os.fstat(self._file)
            # Another process may have removed it to stay within the total.
            if status.st_nlink and status.st_size < self._max_file_bytes:
                return self._file
            self.close()
        # Its parent is the data directory: private when this is what makes it, as it was left otherwise.
        self._directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory.mkdir(exist_ok=True)
        self._prune()
        name = f"{_UNSAFE.sub('-', self._service)}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        flags = os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC
        self._file = os.open(self._directory / name, flags, 0o600)
        return self._file

    def _prune(self) -> None:
        """Make room for one more full file."""
        files: list[tuple[float, int, Path]] = []
        for path in self._directory.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):
                status = path.stat()
                files.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in files) + self._max_file_bytes
        for _, size, path in sorted(files):
            if total <= self._max_total_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size


class LocalTraceStore:
    """Reads the spans that this machine's processes have written.

    Args:
        directory: Where `FileWriter` writes; it need not exist.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, trace_id: str) -> list[StoredSpan]:
        """The spans of one trace from all processes, by start; spans written twice are returned once."""
        wanted = trace_id.encode()
        found: dict[StoredKey, StoredSpan] = {}
        for line in self._lines():
            if wanted not in line:
                continue
            with suppress(ValidationError):
                span = _STORED.validate_json(line)
                if span.trace_id == trace_id:
                    found.setdefault(_key(span), span)
        return sorted(found.values(), key=lambda span: (span.start_ns, span.parent_id is not None, -span.end_ns))

    def _lines(self) -> Iterator[bytes]:
        for path in sorted(self._directory.glob(f"*{SUFFIX}")):
            with suppress(FileNotFoundError), path.open("rb") as file:
                while line := file.readline(_MAX_LINE_BYTES):
                    yield line


StoredKey = tuple[str, str, str, int, int]


def _key(span: StoredSpan) -> StoredKey:
    return (span.span_id, span.parent_id or "", span.name, span.start_ns, span.end_ns)


def _line(record: SpanRecord, service: str) -> bytes:
    fields: dict[str, object] = {
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "parent_id": record.parent_id or None,
        "name": record.name,
        "kind": record.kind,
        "service": service,
        "start_ns": record.start_ns,
        "end_ns": record.end_ns,
        "attributes": record.attributes,
    }
    if record.links:
        fields["links"] = record.links
    if record.events:
        fields["events"] = record.events
    if record.error:
        fields["error"] = record.error
    return _LINE.dump_json(fields) + b"\n"
