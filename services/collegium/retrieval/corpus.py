"""Named corpora below a data directory: add files, remove them, open the result for searching.

`Corpus` blocks on files and is meant for the command line and for threads; searching is in `search`.
"""

import hashlib
import logging
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from collegium.retrieval.building import INDEX_FORMAT, Previous, build_index
from collegium.retrieval.documents import Document, FileReport, FileStatus, ParsedText
from collegium.retrieval.errors import CorpusBusy, CorpusDamaged, CorpusMissing, InvalidCorpusName
from collegium.retrieval.files import Limits, find_files
from collegium.retrieval.index import PassageIndex
from collegium.retrieval.intake import Intake
from collegium.retrieval.reading import IsolatedReader
from collegium.retrieval.store import CorpusStore, Snapshot

_logger = logging.getLogger(__name__)
_MOST_OPENINGS = 5
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


@dataclass(frozen=True, slots=True)
class AddReport:
    """What `add` did: one report per file that was offered, and the corpus after it.

    `ignored` counts files of other types that were met in directories.
    """

    corpus: str
    snapshot_id: str
    documents: int
    passages: int
    files: tuple[FileReport, ...]
    ignored: int

    @property
    def skipped(self) -> tuple[FileReport, ...]:
        """The files that could not be read."""
        return tuple(file for file in self.files if file.status is FileStatus.SKIPPED)


@dataclass(frozen=True, slots=True)
class RemoveReport:
    """Which documents were removed, and the corpus after it."""

    corpus: str
    snapshot_id: str
    documents: int
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenCorpus:
    """A snapshot opened for searching; it stays readable while newer ones are published."""

    name: str
    snapshot_id: str
    documents: tuple[Document, ...]
    index: PassageIndex
    vectors_path: Path


def corpora(data_dir: Path) -> tuple[str, ...]:
    """The names of the corpora in a data directory, in order."""
    root = data_dir / "corpora"
    if not root.is_dir():
        return ()
    return tuple(sorted(path.name for path in root.iterdir() if CorpusStore(path).exists()))


def snapshot_id_of(documents: Iterable[Document]) -> str:
    """The content hash of a set of documents: SHA-256 over sorted (document id, SHA-256 of the original)."""
    digest = hashlib.sha256()
    for document_id, sha256 in sorted((document.document_id, document.sha256) for document in documents):
        digest.update(f"{document_id}\0{sha256}\n".encode())
    return digest.hexdigest()


class Corpus:
    """One corpus by name. Adding and removing publish a new snapshot; readers keep the one that they opened."""

    def __init__(self, data_dir: Path, name: str, *, limits: Limits | None = None) -> None:
        if not _NAME.fullmatch(name):
            raise InvalidCorpusName(name)
        self.name = name
        self._data_dir = data_dir
        self._limits = limits or Limits()
        self._store = CorpusStore(data_dir / "corpora" / name)

    def add(self, paths: Iterable[Path], on_file: Callable[[FileReport], None] | None = None) -> AddReport:
        """Add files and directories; what is unchanged since the last time is not read again.

        A file that cannot be read, or not within the limits of time and memory, is reported and skipped.
        `manifest.jsonl` in an added directory may give `title`, `version` and `date` of its files by `path`.

        Args:
            paths: files, or directories that are searched for files of known types.
            on_file: called with each file's report as soon as it is known.

        Raises:
            CorpusBusy: when another process is writing to the corpus.
        """
        found = find_files(paths)
        reports: list[FileReport] = []

        def report(file: FileReport) -> None:
            reports.append(file)
            if on_file:
                on_file(file)

        for problem in found.problems:
            report(problem)
        # Private from the start: documents are copied into it. One that exists keeps the mode that its owner chose.
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._store.writing():
            snapshot = self._readable()
            before = snapshot.documents if snapshot else ()
            with IsolatedReader(self._limits) as reader:
                intake = Intake(self._store, reader, self._limits, before)
                for file in found.files:
                    report(intake.add(file))
            if snapshot is None or not self._sound(snapshot):
                snapshot = self._publish(intake.documents, None)
            elif intake.changed:
                snapshot = self._publish(intake.documents, snapshot)
        return AddReport(
            corpus=self.name,
            snapshot_id=snapshot.manifest.snapshot_id,
            documents=snapshot.manifest.documents,
            passages=snapshot.manifest.passages,
            files=tuple(reports),
            ignored=found.ignored,
        )

    def remove(self, selectors: Iterable[str]) -> RemoveReport:
        """Remove documents by id, by source path, or by a directory of either.

        Raises:
            CorpusMissing: when there is no such corpus.
        """
        wanted = [selector.rstrip("/") for selector in selectors]
        wanted += [str(Path(selector).resolve()) for selector in wanted]
        with self._store.writing():
            snapshot = self._require()
            gone = [document for document in snapshot.documents if _selected(document, wanted)]
            if gone:
                removed = {document.source for document in gone}
                snapshot = self._publish((d for d in snapshot.documents if d.source not in removed), snapshot)
        return RemoveReport(
            corpus=self.name,
            snapshot_id=snapshot.manifest.snapshot_id,
            documents=snapshot.manifest.documents,
            removed=tuple(document.document_id for document in gone),
        )

    def documents(self) -> tuple[Document, ...]:
        """The documents of the current snapshot, in order of their ids.

        Raises:
            CorpusMissing: when there is no such corpus.
        """
        return self._require().documents

    def text(self, document: Document) -> ParsedText:
        """The normalised text of a document, in which passages are spans.

        Raises:
            CorpusDamaged: when it is gone.
        """
        return self._store.read_text(document)

    def revision(self) -> str | None:
        """Changes whenever a snapshot is published; None without a corpus. Cheap enough to ask before each search."""
        return self._store.revision()

    def revision_for(self, run_id: str) -> str | None:
        """The revision that a run reads: what was current when this was first asked for it; None without a corpus."""
        revision = self.revision()
        if revision is None:
            return None
        try:
            return self._store.pins.pin(run_id, revision)
        except sqlite3.Error as error:
            _logger.warning("corpus %s: run %s reads what is current: %s", self.name, run_id, error)
            return revision

    def open(self, revision: str | None = None) -> OpenCorpus:
        """Open a snapshot; an index that an older version wrote is rebuilt first, and logged.

        Args:
            revision: of an earlier `revision` or `revision_for`; the current one when it is gone, which is logged.

        Raises:
            CorpusMissing: when there is no such corpus.
            CorpusDamaged: when its files cannot be read.
            CorpusBusy: when snapshots are published faster than one can be opened.
        """
        if revision is not None and revision != self.revision():
            earlier = self._earlier(revision)
            if earlier is not None:
                return earlier
        for _ in range(_MOST_OPENINGS):
            revision = self.revision()
            snapshot = self._require()
            if snapshot.manifest.index_format != INDEX_FORMAT:
                snapshot = self._rebuild()
            try:
                return self._opened(snapshot, PassageIndex(snapshot.directory))
            except (OSError, ValueError, KeyError) as error:
                if self.revision() == revision:
                    raise CorpusDamaged(self.name, snapshot.directory, f"{type(error).__name__}: {error}") from error
        raise CorpusBusy(self.name, 0.0)  # newer snapshots replaced the one that we were opening, each time

    def _earlier(self, revision: str) -> OpenCorpus | None:
        """An older snapshot, if it is still there and of this version's format."""
        try:
            snapshot = self._store.snapshot(revision)
            if snapshot is not None and snapshot.manifest.index_format == INDEX_FORMAT:
                return self._opened(snapshot, PassageIndex(snapshot.directory))
        except (OSError, ValueError, KeyError, CorpusDamaged) as error:
            _logger.warning("corpus %s: snapshot %s cannot be read: %s", self.name, revision, error)
        _logger.warning("corpus %s: snapshot %s is gone, reading the current one", self.name, revision)
        return None

    def _opened(self, snapshot: Snapshot, index: PassageIndex) -> OpenCorpus:
        return OpenCorpus(
            name=self.name,
            snapshot_id=snapshot.manifest.snapshot_id,
            documents=snapshot.documents,
            index=index,
            vectors_path=self._store.vectors_path,
        )

    def _rebuild(self) -> Snapshot:
        with self._store.writing():
            snapshot = self._require()
            found = snapshot.manifest.index_format
            if found == INDEX_FORMAT:  # another process was faster
                return snapshot
            _logger.warning(
                "the index of corpus %s has format %d, this version writes %d: rebuilding it",
                self.name,
                found,
                INDEX_FORMAT,
            )
            return self._publish(snapshot.documents, None)

    def _readable(self) -> Snapshot | None:
        """The current snapshot; a damaged one counts as none, since adding its documents again repairs it."""
        try:
            return self._store.current()
        except CorpusDamaged as error:
            _logger.warning("%s; starting it anew", error)
            return None

    def _sound(self, snapshot: Snapshot) -> bool:
        """Whether the snapshot's index is of this version and can be opened."""
        if snapshot.manifest.index_format != INDEX_FORMAT:
            return False
        try:
            PassageIndex(snapshot.directory)
        except (OSError, ValueError, KeyError) as error:
            _logger.warning("the index of corpus %s is damaged, rebuilding it: %s", self.name, error)
            return False
        return True

    def _require(self) -> Snapshot:
        snapshot = self._store.current()
        if snapshot is None:
            raise CorpusMissing(self.name, corpora(self._data_dir))
        return snapshot

    def _publish(self, documents: Iterable[Document], before: Snapshot | None) -> Snapshot:
        """Publish these documents; what the snapshot before has of them too is taken over from its index."""
        ordered = sorted(documents, key=lambda document: document.document_id)
        fits = before is not None and before.manifest.index_format == INDEX_FORMAT
        previous = Previous(before.directory, before.documents) if before and fits else None

        def build(directory: Path, all_documents: Sequence[Document]) -> int:
            return build_index(directory, all_documents, self._store.read_text, previous)

        return self._store.publish(ordered, snapshot_id_of(ordered), INDEX_FORMAT, build)


def _selected(document: Document, wanted: list[str]) -> bool:
    return any(
        name == selector or name.startswith(f"{selector}/")
        for name in (document.document_id, document.source)
        for selector in wanted
    )
