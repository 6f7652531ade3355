"""The corpus that a suite's runs search: what belongs to it, built once, and the names that a suite may use."""

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import ValidationError

from collegium.evaluation.errors import DataInvalid, DataMissing
from collegium.evaluation.judging import version_of
from collegium.evaluation.lines import Row, read_rows
from collegium.evaluation.runs.objectives import GivenDocument
from collegium.retrieval.corpus import Corpus
from collegium.retrieval.documents import Document
from collegium.retrieval.files import MANIFEST_NAME
from collegium_schemas.base import Contract

NAME: Final = "evaluated"
_READS: Final = ("collegium.retrieval", "collegium.retrieval.parsing", "collegium.language")
_MOST_DOCUMENTS: Final = 100_000


class _Built(Contract):
    """What a corpus was built by, and the files that could not be read."""

    version: str
    skipped: tuple[str, ...] = ()


class _Listed(Row):
    path: str
    doc_id: str | None = None


@dataclass(frozen=True, slots=True)
class EvaluatedCorpus:
    """A corpus that was built for runs, below `data_dir`.

    Attributes:
        data_dir: Where the specialists find it, under the name `NAME`.
        sha256: Changes with any document.
        names: Of each document's id in the corpus, what a suite may call it; the first one is shown.
        source: The folder that was read.
        skipped: Files that could not be read, with the reason.
    """

    data_dir: Path
    sha256: str
    names: dict[str, tuple[str, ...]]
    source: Path
    skipped: tuple[str, ...] = ()

    def shown(self, document_id: str) -> str:
        """What a suite and its report call a document of the corpus."""
        return self.names.get(document_id, (document_id,))[0]

    def resolved(self, name: str) -> str | None:
        """The name shown for a document that a suite names in one of the ways; None when there is none, or several."""
        exact = [names[0] for names in self.names.values() if name in names]
        ending = exact or [names[0] for names in self.names.values() if any(n.endswith(f"/{name}") for n in names)]
        return ending[0] if len(ending) == 1 else None

    def text(self, name: str) -> str:
        """The normalised text of a document by its shown name, or nothing."""
        corpus = Corpus(self.data_dir, NAME)
        for document in corpus.documents():
            if self.shown(document.document_id) == name:
                return corpus.text(document).text
        return ""

    def opened(self) -> tuple[Corpus, dict[str, Document]]:
        """The corpus, and its documents by id."""
        corpus = Corpus(self.data_dir, NAME)
        return corpus, {document.document_id: document for document in corpus.documents()}


def corpus_of_folder(folder: Path, home: Path) -> EvaluatedCorpus:
    """A folder as a corpus: the files that its manifest lists, or every readable file when it has none.

    Args:
        folder: Documents; `manifest.jsonl` in it may list `path`, and `doc_id`, `title`, `version`, `date`.
        home: Where built corpora are kept; one of the same bytes and the same reader is not built again.

    Raises:
        DataMissing: there is no such folder, or a listed file is not there.
        DataInvalid: it is a file, the manifest cannot be used, or nothing in the folder can be read.
    """
    if folder.is_file():
        raise DataInvalid(folder, None, "it is a file: name the folder of documents")
    if not folder.is_dir():
        raise DataMissing(folder, "name a folder of documents")
    manifest = folder / MANIFEST_NAME
    listed = _listed(folder, manifest) if manifest.is_file() else {}
    places = sorted(listed) if listed else sorted(_files(folder))
    digest = _digest(folder, places, manifest)
    data_dir = home / f"corpus-{digest[:16]}"
    source = _staged(folder, places, manifest, data_dir) if listed else folder
    corpus = _built(data_dir, source, digest, listed)
    if not corpus.names:
        reasons = "; ".join(corpus.skipped[:3]) or "no file of a known type"
        raise DataInvalid(folder, None, f"no document of it can be read: {reasons}")
    return corpus


def corpus_of_documents(documents: Sequence[GivenDocument], home: Path) -> EvaluatedCorpus:
    """The documents that a suite brings along, as a corpus; none at all is one, too."""
    digest = sha256(b"\n".join(document.to_json() for document in documents)).hexdigest()
    data_dir = home / f"corpus-{digest[:16]}"
    source = data_dir / "sources" / "given"
    source.mkdir(parents=True, exist_ok=True)
    rows: list[str] = []
    for document in documents:
        path = source / document.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([document.text] * document.times), encoding="utf-8")
        stated = {"title": document.title, "version": document.version, "date": document.date}
        rows.append(json.dumps({"path": document.path} | {k: v for k, v in stated.items() if v is not None}))
    (source / MANIFEST_NAME).write_text("\n".join(rows), encoding="utf-8")
    return _built(data_dir, source, digest, {document.path: document.path for document in documents})


def _listed(folder: Path, manifest: Path) -> dict[str, str]:
    """What a manifest lists: path -> doc_id."""
    found: dict[str, str] = {}
    for line, row in read_rows(manifest, _Listed, _MOST_DOCUMENTS):
        path = PurePosixPath(row.path)
        if path.is_absolute() or ".." in path.parts:
            raise DataInvalid(manifest, line, f"{row.path!r} leads out of the folder")
        if not (folder / path).is_file():
            raise DataInvalid(manifest, line, f"{row.path!r} is not in the folder")
        if not (folder / path).resolve().is_relative_to(folder.resolve()):
            raise DataInvalid(manifest, line, f"{row.path!r} is a link out of the folder: put the file itself there")
        found[path.as_posix()] = row.doc_id or path.as_posix()
    return found


def _files(folder: Path) -> Iterable[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _digest(folder: Path, places: Sequence[str], manifest: Path) -> str:
    """Of all bytes and names."""
    digest = sha256(f"{folder.resolve().name}\n".encode())
    for place in [*places, *([MANIFEST_NAME] if manifest.is_file() else [])]:
        with (folder / place).open("rb") as file:
            content = sha256()
            while block := file.read(1 << 20):
                content.update(block)
        digest.update(f"{place}\0{content.hexdigest()}\n".encode())
    return digest.hexdigest()


def _staged(folder: Path, places: Sequence[str], manifest: Path, data_dir: Path) -> Path:
    """A copy of what the manifest lists: a README beside it describes the corpus, and is no part of it."""
    staging = data_dir / "sources" / folder.resolve().name
    for place in (*places, manifest.relative_to(folder).as_posix()):
        target = staging / place
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / place, target)
    return staging


def _read(data_dir: Path, source: Path) -> tuple[str, ...]:
    """Build the corpus, unless the same sources of ours have built it before; the files that were skipped."""
    built, version = data_dir / "built.json", version_of(*_READS)
    try:
        before = _Built.read(built.read_bytes())
    except (FileNotFoundError, ValidationError):
        before = None
    if before is not None and before.version == version:
        return before.skipped
    built.unlink(missing_ok=True)
    _forget(data_dir / "corpora" / NAME)
    report = Corpus(data_dir, NAME).add([source])
    skipped = tuple(f"{file.path}: {file.reason}"[:500] for file in report.skipped)
    built.write_bytes(_Built(version=version, skipped=skipped).to_json())
    return skipped


def _forget(corpus: Path) -> None:
    """Remove what another version of the reader made; vectors stay, since they are kept by the text of each passage."""
    if corpus.is_dir():
        for entry in corpus.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif not entry.name.startswith("vectors"):
                entry.unlink()


def _built(data_dir: Path, source: Path, digest: str, listed: dict[str, str]) -> EvaluatedCorpus:
    skipped = _read(data_dir, source)
    corpus = Corpus(data_dir, NAME)
    names: dict[str, tuple[str, ...]] = {}
    for document in corpus.documents():
        relative = PurePosixPath(*PurePosixPath(document.document_id).parts[1:]).as_posix()
        named = (listed.get(relative), relative, document.document_id)
        names[document.document_id] = tuple(dict.fromkeys(name for name in named if name))
    return EvaluatedCorpus(data_dir, digest, names, source, skipped)
