"""Files that are offered to a corpus: walked in order, read within bounds, described by a manifest."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from collegium.retrieval.documents import FileReport, FileStatus
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.parsing.formats import format_of
from collegium.retrieval.parsing.metadata import iso_date

MANIFEST_NAME = "manifest.jsonl"
_MOST_MANIFEST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a corpus takes in."""

    max_document_bytes: int = 64 * 1024 * 1024
    max_document_chars: int = 16 * 1024 * 1024
    max_documents: int = 100_000
    max_read_s: float = 30.0
    max_read_memory_bytes: int = 2 * 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StatedMetadata:
    """What a manifest says about a file; absent fields are read from the file itself."""

    title: str | None = None
    version: str | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to add: its absolute path, its path in the corpus, how the user wrote it, what a manifest says."""

    path: Path
    relative: PurePosixPath
    shown: str
    stated: StatedMetadata | None = None


@dataclass(slots=True)
class FoundFiles:
    """What a search for files gave."""

    files: list[FoundFile] = field(default_factory=list[FoundFile])
    problems: list[FileReport] = field(default_factory=list[FileReport])
    ignored: int = 0


def find_files(paths: Iterable[Path]) -> FoundFiles:
    """The files that paths name, each once: a file itself, a directory's files of known types in order.

    Hidden files and directories are left out. Links to directories are not followed, and links to files only inside
    the directory: whoever made it must not choose which other files of this machine are read.
    """
    found = FoundFiles()
    seen: set[Path] = set()
    for path in paths:
        absolute = path.resolve()
        if absolute.is_dir():
            _find_in_directory(path, absolute, found, seen)
        elif not absolute.exists():
            found.problems.append(_problem(path, "it does not exist", "check the path"))
        elif not absolute.is_file():
            found.problems.append(_problem(path, "it is no regular file", "give a file or a directory"))
        elif absolute not in seen:
            seen.add(absolute)
            found.files.append(FoundFile(absolute, PurePosixPath(absolute.parent.name) / absolute.name, str(path)))
    return found


def _problem(path: Path, reason: str, advice: str) -> FileReport:
    return FileReport(str(path), FileStatus.SKIPPED, reason=reason, advice=advice)


def _find_in_directory(shown: Path, root: Path, found: FoundFiles, seen: set[Path]) -> None:
    manifest = _read_manifest(root / MANIFEST_NAME, found)
    for path in _walk(root):
        relative = path.relative_to(root)
        if format_of(path) is None:
            found.ignored += path.name != MANIFEST_NAME
        elif path.is_symlink() and not path.exists():
            reason = "it is a link to a file that does not exist"
            found.problems.append(_problem(shown / relative, reason, "remove the link or bring the file back"))
        elif path.is_symlink() and not path.resolve().is_relative_to(root):
            reason = "it is a link that leads out of the directory"
            found.problems.append(_problem(shown / relative, reason, "add the file that it points to by its own path"))
        elif path not in seen:
            seen.add(path)
            found.files.append(
                FoundFile(
                    path,
                    PurePosixPath(root.name, *relative.parts),
                    str(shown / relative),
                    manifest.get(relative.as_posix()),
                )
            )


def _walk(root: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            path = Path(directory, name)
            if not name.startswith(".") and (path.is_file() or not path.exists()):
                yield path


def _read_manifest(path: Path, found: FoundFiles) -> dict[str, StatedMetadata]:
    """The manifest of a directory; a line that cannot be read is reported once and the others count."""
    if not path.is_file():
        return {}
    stated: dict[str, StatedMetadata] = {}
    try:
        lines = read_bounded(path, _MOST_MANIFEST_BYTES).decode("utf-8-sig").splitlines()
    except (DocumentError, UnicodeDecodeError) as error:
        found.problems.append(_problem(path, f"the manifest cannot be read ({error})", "write it as JSON lines"))
        return {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record: object = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict) or not isinstance(record.get("path"), str):  # pyright: ignore[reportUnknownMemberType] - JSON is untyped
            found.problems.append(
                _problem(path, f"line {number} of the manifest is no JSON object with a path", "correct the line")
            )
            continue
        fields: dict[str, object] = dict(record)  # pyright: ignore[reportUnknownArgumentType] - JSON is untyped
        stated[str(fields["path"])] = StatedMetadata(
            title=_text(fields.get("title")), version=_text(fields.get("version")), date=iso_date(fields.get("date"))
        )
    return stated


def _text(value: object) -> str | None:
    return value.strip()[:300] if isinstance(value, str) and value.strip() else None


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """A file's bytes.

    Raises:
        DocumentError: when it is larger than the bound or cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise DocumentError(f"it cannot be read ({error.strerror or error})", "check its permissions") from error
    if len(data) > max_bytes:
        raise DocumentError(f"it is larger than {max_bytes / 2**20:g} MiB", "split it into several files")
    return data
