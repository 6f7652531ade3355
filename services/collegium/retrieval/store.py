"""The files of one corpus, written so that a reader sees the old snapshot or the new one, never a mixture.

```
<corpus>/CURRENT                   the name of the current snapshot's directory, replaced atomically
<corpus>/snapshots/<n>-<id>/       manifest.json, documents.jsonl and the index; never changed once named
<corpus>/texts/<key>.json          normalised texts by content, shared by snapshots
<corpus>/vectors.sqlite            sentence vectors by passage hash (only with the `vectors` extra)
<corpus>/pins.sqlite               which snapshot recent runs read
<corpus>/lock.sqlite               held by the one process that writes
```
"""

import os
import re
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from collegium.retrieval.documents import Document, ParsedText
from collegium.retrieval.errors import CorpusBusy, CorpusDamaged
from collegium.retrieval.pins import RunPins

TEXT_FORMAT = 2
"""Rises when a parser's output changes meaning; texts of an older format are parsed again when added."""

_DOCUMENT = TypeAdapter(Document)
_TEXT = TypeAdapter(ParsedText)
_SNAPSHOT_NAME = re.compile(r"^(\d{8})-[0-9a-f]{16}$")
_KEPT_SNAPSHOTS = 2
"""The current one, and the one that a reader may just be opening."""
_MOST_PINNED_SNAPSHOTS = 8
"""Of older ones that runs still read."""


class SnapshotManifest(BaseModel):
    """What a snapshot is; written last, so a directory with a manifest is complete."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    index_format: int
    snapshot_id: str
    documents: int
    passages: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that was read: where it lies, what it is, and its documents in order of their ids."""

    directory: Path
    manifest: SnapshotManifest
    documents: tuple[Document, ...]


class CorpusStore:
    """One corpus directory. Reading needs no lock; writing happens inside `writing()`."""

    def __init__(self, directory: Path, *, lock_timeout_s: float = 60.0) -> None:
        self.directory = directory
        self.pins = RunPins(directory / "pins.sqlite")
        self._lock_timeout_s = lock_timeout_s

    @property
    def name(self) -> str:
        """The corpus's name, which is its directory's."""
        return self.directory.name

    @property
    def vectors_path(self) -> Path:
        """Where sentence vectors are cached."""
        return self.directory / "vectors.sqlite"

    def exists(self) -> bool:
        """Whether a snapshot was ever published."""
        return (self.directory / "CURRENT").is_file()

    def revision(self) -> str | None:
        """What `CURRENT` says, unread and unchecked; None before the first snapshot."""
        try:
            return (self.directory / "CURRENT").read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return None

    @contextmanager
    def writing(self) -> Generator[None]:
        """Be the only writer. The lock is SQLite's: it works everywhere and ends with the process.

        Raises:
            CorpusBusy: when another writer did not finish in time.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(self.directory / "lock.sqlite", timeout=self._lock_timeout_s, isolation_level=None)
        try:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise CorpusBusy(self.name, self._lock_timeout_s) from error
            yield
        finally:
            lock.close()

    def current(self) -> Snapshot | None:
        """The current snapshot, or None before the first.

        Raises:
            CorpusDamaged: when its files cannot be read.
        """
        path = self.directory / "CURRENT"
        for _ in range(3):  # a writer may remove the directory between the two reads, twice at most in a row
            name = self.revision()
            if name is None:
                return None
            if not _SNAPSHOT_NAME.match(name):
                raise CorpusDamaged(self.name, path, "it names no snapshot")
            directory = self.directory / "snapshots" / name
            with suppress(FileNotFoundError):
                return self._read(directory)
        raise CorpusDamaged(self.name, path, "the snapshot that it names is gone")

    def snapshot(self, revision: str) -> Snapshot | None:
        """The snapshot of a revision, or None when it is gone.

        Raises:
            CorpusDamaged: when its files cannot be read.
        """
        if not _SNAPSHOT_NAME.match(revision):
            return None
        try:
            return self._read(self.directory / "snapshots" / revision)
        except FileNotFoundError:
            return None

    def _read(self, directory: Path) -> Snapshot:
        manifest_path, documents_path = directory / "manifest.json", directory / "documents.jsonl"
        try:
            manifest = SnapshotManifest.model_validate_json(manifest_path.read_bytes())
            lines = documents_path.read_bytes().splitlines()
            documents = tuple(_DOCUMENT.validate_json(line) for line in lines)
        except ValidationError as error:
            raise CorpusDamaged(self.name, directory, error.errors()[0]["msg"]) from error
        return Snapshot(directory, manifest, documents)

    def has_text(self, key: str) -> bool:
        """Whether the normalised text is stored."""
        return self._text_path(key).is_file()

    def write_text(self, key: str, parsed: ParsedText) -> None:
        """Store a normalised text under its key."""
        _replace(self._text_path(key), _TEXT.dump_json(parsed), durable=False)

    def read_text(self, document: Document) -> ParsedText:
        """The normalised text of a document.

        Raises:
            CorpusDamaged: when it is gone or unreadable.
        """
        path = self._text_path(document.text_key)
        try:
            return _TEXT.validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise CorpusDamaged(self.name, path, type(error).__name__) from error

    def _text_path(self, key: str) -> Path:
        return self.directory / "texts" / f"{key}.json"

    def publish(
        self,
        documents: Sequence[Document],
        snapshot_id: str,
        index_format: int,
        build: Callable[[Path, Sequence[Document]], int],
    ) -> Snapshot:
        """Write a new snapshot beside the old ones and make it current; call inside `writing()`.

        Args:
            documents: all of the corpus, in order of their ids.
            snapshot_id: the content hash that names what was read.
            index_format: the format that `build` writes.
            build: writes the index into a directory and returns the number of passages.
        """
        snapshots = self.directory / "snapshots"
        snapshots.mkdir(exist_ok=True)
        fresh = snapshots / f".new-{secrets.token_hex(8)}"
        fresh.mkdir()
        try:
            passages = build(fresh, documents)
            lines = b"".join(_DOCUMENT.dump_json(document) + b"\n" for document in documents)
            (fresh / "documents.jsonl").write_bytes(lines)
            manifest = SnapshotManifest(
                index_format=index_format,
                snapshot_id=snapshot_id,
                documents=len(documents),
                passages=passages,
            )
            (fresh / "manifest.json").write_text(manifest.model_dump_json(), encoding="utf-8")
            name = f"{self._last_number() + 1:08d}-{snapshot_id[:16]}"
            directory = snapshots / name
            fresh.rename(directory)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        _replace(self.directory / "CURRENT", f"{name}\n".encode("ascii"), durable=True)
        self._collect_garbage()
        return Snapshot(directory, manifest, tuple(documents))

    def _numbered(self) -> list[tuple[int, Path]]:
        found = [
            (int(match.group(1)), path)
            for path in (self.directory / "snapshots").iterdir()
            if (match := _SNAPSHOT_NAME.match(path.name))
        ]
        return sorted(found)

    def _last_number(self) -> int:
        numbered = self._numbered()
        return numbered[-1][0] if numbered else 0

    def _collect_garbage(self) -> None:
        """Remove old snapshots, what a killed writer left behind, and texts that no kept snapshot names."""
        numbered = [path for _, path in self._numbered()]
        pinned = self.pins.pinned()[:_MOST_PINNED_SNAPSHOTS]
        kept = {*numbered[-_KEPT_SNAPSHOTS:], *(path for path in numbered if path.name in pinned)}
        for path in (self.directory / "snapshots").iterdir():
            if path not in kept:
                shutil.rmtree(path, ignore_errors=True)
        try:
            named = {document.text_key for path in kept for document in self._read(path).documents}
        except (OSError, CorpusDamaged):
            return  # an older snapshot cannot be read: keep every text rather than guess
        for path in (self.directory / "texts").glob("*.json"):
            if path.stem not in named:
                path.unlink(missing_ok=True)


def _replace(path: Path, content: bytes, *, durable: bool) -> None:
    """Write a file so that a reader, or a crash at any point, sees the old content or the new.

    Only a durable one is forced to disk: that takes milliseconds, a corpus may have 100,000 texts, and a text
    that a power failure took is noticed when it is read and mended by adding its file again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
