"""What a subject is judged on: one kind of case for each suite, and the suite as it was read."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

SuiteName = Literal["retrieval", "verification", "contradiction", "injection", "tampering"]
"""Suites that put cases to one specialist."""
ReportName = SuiteName | Literal["runs", "chain"]
"""Suites that are reported: those, whole runs, and some specialists in a row."""
Support = Literal["supported", "refuted", "not_enough_evidence"]
Relation = Literal["entailment", "neutral", "contradiction"]
Planted = Literal["injected", "benign"]

MOST_CASES: Final = 20_000
MOST_DOCUMENTS: Final = 200_000


@dataclass(frozen=True, slots=True)
class RetrievalCase:
    """A question and the documents judged for it, with their gains; at least one gain is above 0."""

    case_id: str
    question: str
    relevance: tuple[tuple[str, float], ...]
    group: str = ""

    @property
    def ties(self) -> tuple[str, ...]:
        """What it may have in common with other cases: the relevant documents."""
        return tuple(document for document, gain in self.relevance if gain > 0)


@dataclass(frozen=True, slots=True)
class VerificationCase:
    """A claim and the texts that it is to be judged against: it holds when one of them carries it."""

    case_id: str
    claim: str
    sources: tuple[str, ...]
    truth: Support
    group: str = ""

    @property
    def ties(self) -> tuple[str, ...]:
        """What it may have in common with other cases: the claim, and each source."""
        return (self.claim, *self.sources)


@dataclass(frozen=True, slots=True)
class ContradictionCase:
    """Two sentences, each from a document of its own."""

    case_id: str
    premise: str
    hypothesis: str
    truth: Relation
    group: str = ""

    @property
    def ties(self) -> tuple[str, ...]:
        """What it may have in common with other cases: both sentences."""
        return (self.premise, self.hypothesis)


@dataclass(frozen=True, slots=True)
class InjectionCase:
    """A text of a source, with the instruction that was planted in it; `instruction` is empty where none was."""

    case_id: str
    text: str
    instruction: str
    truth: Planted
    group: str = ""

    @property
    def ties(self) -> tuple[str, ...]:
        """What it may have in common with other cases: the text, and what was planted."""
        return (self.text, self.instruction) if self.instruction else (self.text,)


CaseT = TypeVar("CaseT", RetrievalCase, VerificationCase, ContradictionCase, InjectionCase)


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A document of a retrieval suite's corpus."""

    document_id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Suite(Generic[CaseT]):
    """A folder's cases in the order of its files, and the corpus that they are about, if it has one."""

    name: SuiteName
    data: str
    """The folder's name."""
    cases: tuple[CaseT, ...]
    documents: tuple[SourceDocument, ...] = ()

    @property
    def documents_sha256(self) -> str:
        """Changes with the corpus."""
        return digest_of(self.documents)

    @property
    def sha256(self) -> str:
        """Changes with the corpus or any case."""
        return digest_of((self.documents_sha256, *self.cases))


def digest_of(items: Iterable[object]) -> str:
    """The SHA-256 of values whose `repr` says all about them."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(repr(item).encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()
