"""Folders of judged data, read as suites; the layouts are those of the README."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from collegium.evaluation.cases import (
    MOST_CASES,
    ContradictionCase,
    InjectionCase,
    Relation,
    Suite,
    Support,
    VerificationCase,
)
from collegium.evaluation.errors import DataInvalid, DataMissing
from collegium.evaluation.lines import Row, Seen, read_rows
from collegium_schemas import limits

_MOST_PARTS: Final = 1_000
_MOST_CHARS: Final = 1_000_000

Id = Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_ID_CHARS)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_PASSAGE_CHARS)]
"""What is judged: as long as a passage at most."""
SourceText = Annotated[str, StringConstraints(max_length=_MOST_CHARS)]
Texts = Annotated[tuple[SourceText, ...], Field(max_length=_MOST_PARTS)]

_SUPPORT: Final[dict[str, Support]] = {
    "SUPPORTS": "supported",
    "REFUTES": "refuted",
    "NOT_ENOUGH_INFO": "not_enough_evidence",
    "supported": "supported",
    "partially_supported": "not_enough_evidence",
    "not_supported": "not_enough_evidence",
}
_RELATION: Final[dict[str, Relation]] = {
    "ENTAILMENT": "entailment",
    "NEUTRAL": "neutral",
    "CONTRADICTION": "contradiction",
}


class _Chunk(Row):
    sentences: Annotated[tuple[SourceText, ...], Field(max_length=20_000)]


class _Claim(Row):
    id: Id
    claim: Sentence
    label: Literal["SUPPORTS", "REFUTES", "NOT_ENOUGH_INFO", "supported", "partially_supported", "not_supported"]
    evidence: Texts | None = None
    chunks: Annotated[tuple[_Chunk, ...], Field(max_length=_MOST_PARTS)] | None = None
    has_number: bool | None = None


class _Pair(Row):
    id: Id
    premise: Sentence
    hypothesis: Sentence
    label: Literal["ENTAILMENT", "NEUTRAL", "CONTRADICTION"]


class _Context(Row):
    id: Id
    text: SourceText
    label: Literal["INJECTED", "BENIGN"]
    injection: SourceText | None = None
    task: Id | None = None


class _Planted(Row):
    id: Id
    text: SourceText


def folder_of(path: Path) -> Path:
    """The folder itself.

    Raises:
        DataMissing: it is not there.
        DataInvalid: it is a file.
    """
    if path.is_file():
        raise DataInvalid(path, None, "it is a file: name the folder that holds it")
    if not path.is_dir():
        raise DataMissing(path, "name a folder of judged data (services/collegium/evaluation/README.md)")
    return path


def read_verification(folder: Path) -> Suite[VerificationCase]:
    """`claims.jsonl`: claims with `evidence` sentences, or with `chunks` of whole pages.

    Raises:
        DataMissing: the file is not there.
        DataInvalid: a line of it cannot be used.
    """
    path = folder_of(folder) / "claims.jsonl"
    seen, cases = Seen(path), list[VerificationCase]()
    for line, row in read_rows(path, _Claim, MOST_CASES):
        seen.add(row.id, line)
        if (row.evidence is None) == (row.chunks is None):
            raise DataInvalid(path, line, "give either `evidence` (sentences) or `chunks` (whole pages)")
        # Each row stands alone: a heading or a caption is no beginning of the sentence in the next row.
        sources = tuple("\n\n".join(chunk.sentences) for chunk in row.chunks or ())
        # Evidence sentences belong together, wherever they were taken from.
        sources = sources if row.evidence is None else (" ".join(row.evidence),)
        group = "" if row.has_number is None else "numbers" if row.has_number else "words"
        cases.append(VerificationCase(row.id, row.claim, sources, _SUPPORT[row.label], group))
    return Suite("verification", folder.resolve().name, tuple(cases))


def read_contradiction(folder: Path) -> Suite[ContradictionCase]:
    """`pairs.jsonl`: two sentences and how they relate.

    Raises:
        DataMissing: the file is not there.
        DataInvalid: a line of it cannot be used.
    """
    path = folder_of(folder) / "pairs.jsonl"
    seen, cases = Seen(path), list[ContradictionCase]()
    for line, row in read_rows(path, _Pair, MOST_CASES):
        seen.add(row.id, line)
        cases.append(ContradictionCase(row.id, row.premise, row.hypothesis, _RELATION[row.label]))
    return Suite("contradiction", folder.resolve().name, tuple(cases))


def read_injection(folder: Path) -> Suite[InjectionCase]:
    """`contexts_labelled.jsonl`: texts with and without a planted instruction; `strings.jsonl`: instructions alone.

    Each file may be missing, not both. A string of `strings.jsonl` is a case of its own, injected throughout.

    Raises:
        DataMissing: neither file is there.
        DataInvalid: a line cannot be used.
    """
    contexts, strings = folder_of(folder) / "contexts_labelled.jsonl", folder / "strings.jsonl"
    cases = list[InjectionCase]()
    given = Seen(contexts)
    if contexts.exists() or not strings.exists():
        for line, row in read_rows(contexts, _Context, MOST_CASES):
            given.add(row.id, line)
            if (row.label == "INJECTED") != bool(row.injection):
                raise DataInvalid(contexts, line, "`injection` must be given for INJECTED, and only there")
            truth = "injected" if row.label == "INJECTED" else "benign"
            cases.append(InjectionCase(row.id, row.text, row.injection or "", truth, row.task or "context"))
    if strings.exists():
        seen = Seen(strings)
        for line, planted in read_rows(strings, _Planted, MOST_CASES):
            seen.add(planted.id, line)
            if planted.id in given:
                raise DataInvalid(strings, line, f"id {planted.id!r} stands in {contexts.name} too: give it another")
            cases.append(InjectionCase(planted.id, planted.text, planted.text, "injected", "alone"))
    return Suite("injection", folder.resolve().name, tuple(cases))
