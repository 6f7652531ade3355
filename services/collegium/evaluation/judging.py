"""The port between the harness and what it measures: a subject predicts one case at a time.

A subject is named `module:attribute`, where the attribute is a function of a `Material` that returns the subject.
It is called once in the harness's own process, for name and version, and then once in each worker; what the first
call writes into `Material.folder`, the later ones find there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Protocol, TypeVar, cast

from pydantic import Field

from collegium.evaluation.cases import (
    ContradictionCase,
    InjectionCase,
    RetrievalCase,
    SourceDocument,
    SuiteName,
    VerificationCase,
)
from collegium.evaluation.errors import SubjectInvalid
from collegium_schemas.base import Contract, Identifier, Share, Text

AskedT = TypeVar("AskedT", RetrievalCase, VerificationCase, ContradictionCase, InjectionCase, contravariant=True)

_SOURCES: Final = (".py", ".json", ".yaml")


class Prediction(Contract):
    """What a subject says of one case."""

    label: Identifier
    """Retrieval: `answered` or `unanswered`. Verification: `supported`, `refuted` or `not_enough_evidence`.
    Contradiction: `entailment`, `neutral` or `contradiction`. Injection: `injected` or `benign`."""
    confidence: Share
    """How sure the subject is that the label is right; for retrieval: that the documents answer the question."""
    score: Share
    """Ranks cases: how much speaks for `supported`, `contradiction` or `injected`; not used for retrieval."""
    documents: Annotated[tuple[Identifier, ...], Field(max_length=1_000)] = ()
    """Retrieval: ids of documents, best first."""
    quoted: Annotated[tuple[Text, ...], Field(max_length=1_000)] = ()
    """Injection: what a report could say on the text's authority; a planted instruction among it is counted."""
    note: Text = ""
    """For people: why."""


class Subject(Protocol[AskedT]):
    """What is measured. The same case must give the same prediction for as long as name and version stay."""

    @property
    def name(self) -> str:
        """Names it in reports."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever its predictions may; answers of another version are not taken up again."""
        ...

    def judge(self, case: AskedT) -> Prediction:
        """Predict one case, without looking at its truth."""
        ...


@dataclass(frozen=True, slots=True)
class Material:
    """What a subject is opened with: the suite's corpus, if it has one, and a folder that it may create and use."""

    documents: tuple[SourceDocument, ...]
    documents_sha256: str
    folder: Path


SHIPPED: Final[dict[SuiteName, dict[str, str]]] = {
    "retrieval": {
        "shipped": "collegium.evaluation.subjects.retrieval:shipped",
        "bm25": "collegium.evaluation.subjects.retrieval:bm25",
    },
    "verification": {
        "shipped": "collegium.evaluation.subjects.verification:shipped",
        "rules": "collegium.evaluation.subjects.verification:rules",
    },
    "contradiction": {
        "shipped": "collegium.evaluation.subjects.contradiction:shipped",
        "rules": "collegium.evaluation.subjects.contradiction:rules",
        "model": "collegium.evaluation.subjects.contradiction:model",
    },
    "injection": {"shipped": "collegium.evaluation.subjects.injection:shipped"},
    "tampering": {
        "shipped": "collegium.evaluation.subjects.verification:shipped",
        "rules": "collegium.evaluation.subjects.verification:rules",
    },
}
"""Subjects with a name of their own, by suite; `shipped` is what the specialist does by default."""


def resolve(suite: SuiteName, name: str) -> str:
    """The `module:attribute` of a shipped subject's name, or the name itself when it is one.

    Raises:
        SubjectInvalid: it is neither.
    """
    known = SHIPPED[suite]
    if name in known:
        return known[name]
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise SubjectInvalid(name, f"name one of {', '.join(known)}, or your own as module:attribute")
    return name


def open_subject(path: str, material: Material) -> Subject[AskedT]:
    """Import a subject's function and call it.

    Args:
        path: `module:attribute`.
        material: What it is called with.

    Raises:
        SubjectInvalid: there is no such module or attribute, or what it returns is no subject.
    """
    module, _, attribute = path.partition(":")
    try:
        factory: object = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SubjectInvalid(path, f"{error}: is its folder on PYTHONPATH?") from error
    if not callable(factory):
        raise SubjectInvalid(path, "it is no function of a Material that returns a subject")
    opened = cast("Callable[[Material], Subject[AskedT]]", factory)(material)
    missing = [part for part in ("name", "version", "judge") if not hasattr(opened, part)]
    if missing:
        raise SubjectInvalid(path, f"what it returns has no {', '.join(missing)}")
    return opened


def version_of(*packages: str) -> str:
    """The distribution's version with a digest of packages' sources, their data files included."""
    digest = sha256()
    for package in packages:
        sources = [entry for entry in files(package).iterdir() if entry.name.endswith(_SOURCES)]
        for source in sorted(sources, key=lambda entry: entry.name):
            digest.update(f"{package}/{source.name}\n".encode() + source.read_bytes())
    return f"{version('collegium')}+{digest.hexdigest()[:12]}"
