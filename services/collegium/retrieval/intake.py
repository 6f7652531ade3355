"""One file at a time into a corpus's documents: read, recognised, described."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from collegium.retrieval.documents import Document, FileReport, FileStatus, ParsedText
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.files import FoundFile, Limits, StatedMetadata, read_bounded
from collegium.retrieval.parsing.formats import Format, format_of
from collegium.retrieval.parsing.metadata import version_of_path, versions_in
from collegium.retrieval.reading import Reader
from collegium.retrieval.store import TEXT_FORMAT, CorpusStore

_LONGEST_DOCUMENT_ID_CHARS = 900
_LONGEST_VERSION_CHARS = 64


class Intake:
    """The documents of a corpus while files are added to them.

    A file with the bytes of last time is not parsed again. Whatever goes wrong with a file leaves the document
    that it was before as it is.
    """

    def __init__(self, store: CorpusStore, reader: Reader, limits: Limits, before: Iterable[Document]) -> None:
        self._store = store
        self._reader = reader
        self._limits = limits
        self._by_source = {document.source: document for document in before}
        self._ids = {document.document_id for document in self._by_source.values()}
        self.changed = False
        """Whether any document is new or different."""

    @property
    def documents(self) -> tuple[Document, ...]:
        """All documents, the old and the new."""
        return tuple(self._by_source.values())

    def add(self, file: FoundFile) -> FileReport:
        """Take in one file and say what became of it."""
        try:
            form = self._admitted(file)
            data = read_bounded(file.path, self._limits.max_document_bytes)
            old = self._by_source.get(str(file.path))
            document, notes = self._read(file, form, data, old)
        except DocumentError as error:
            return FileReport(file.shown, FileStatus.SKIPPED, reason=error.reason, advice=error.advice)
        if document == old:
            return FileReport(file.shown, FileStatus.UNCHANGED, document.document_id)
        self._by_source[document.source] = document
        self._ids.add(document.document_id)
        self.changed = True
        status = FileStatus.UPDATED if old else FileStatus.ADDED
        return FileReport(file.shown, status, document.document_id, notes=notes)

    def _admitted(self, file: FoundFile) -> Format:
        form = format_of(file.path)
        if form is None:
            raise DocumentError(f"files of type {file.path.suffix or '(none)'} cannot be read", "convert it first")
        if str(file.path) not in self._by_source and len(self._by_source) >= self._limits.max_documents:
            raise DocumentError(
                f"the corpus already has {self._limits.max_documents:,} documents", "use another corpus"
            )
        return form

    def _read(
        self, file: FoundFile, form: Format, data: bytes, old: Document | None
    ) -> tuple[Document, tuple[str, ...]]:
        """The document that the bytes make, and notes on reading them."""
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"{sha256[:32]}-{form.media_type.rsplit('/', 1)[-1][:16]}-{TEXT_FORMAT}"
        if old and old.text_key == key and self._store.has_text(key):
            return _stated(old, file.stated), ()
        parsed = self._reader.read(file.path.name, data)
        self._store.write_text(key, parsed)
        title = parsed.title or _title_of(file.path)
        document = Document(
            document_id=old.document_id if old else self._new_id(file),
            source=str(file.path),
            title=title,
            version=_version(parsed, file, title),
            date=parsed.date,
            media_type=form.media_type,
            sha256=sha256,
            size_bytes=len(data),
            text_key=key,
        )
        return _stated(document, file.stated), parsed.notes

    def _new_id(self, file: FoundFile) -> str:
        """The path in the corpus; another source with the same one gets a number."""
        base = file.relative.as_posix()
        if len(base) > _LONGEST_DOCUMENT_ID_CHARS:
            base = f"{hashlib.sha256(base.encode()).hexdigest()[:16]}/{base[-_LONGEST_DOCUMENT_ID_CHARS:]}"
        candidate, number = base, 1
        while candidate in self._ids:
            number += 1
            candidate = f"{base}~{number}"
        return candidate


def _version(parsed: ParsedText, file: FoundFile, title: str) -> str | None:
    """What the file states, else its path, else its title when that names exactly one."""
    named = versions_in(title)
    version = parsed.version or version_of_path(file.relative) or (named[0] if len(named) == 1 else None)
    return version[:_LONGEST_VERSION_CHARS] if version else None


def _stated(document: Document, stated: StatedMetadata | None) -> Document:
    """The document with what a manifest says about it, which goes before what the file says."""
    if stated is None:
        return document
    return replace(
        document,
        title=stated.title or document.title,
        version=stated.version[:_LONGEST_VERSION_CHARS] if stated.version else document.version,
        date=stated.date or document.date,
    )


def _title_of(path: Path) -> str:
    words = re.sub(r"[_\-\s]+", " ", path.stem).strip()
    return (words[:1].upper() + words[1:]) or path.name
