"""What a suite of whole runs asks, and what may be expected of each run: a YAML file as a contract.

Every expectation is optional: what a suite says nothing about is not scored. Terms are matched as `matching` says.
"""

from itertools import pairwise
from pathlib import PurePosixPath
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from collegium_schemas import limits
from collegium_schemas.base import Contract, Identifier, Name, Params, Role, Text, Uri
from collegium_schemas.objective import Budget, Limit, RunStatus
from collegium_schemas.tasks import FailureKind

MOST_OBJECTIVES = 2_000
_MOST_EXPECTED = 64
_MOST_TERMS = 16
_MOST_CHARS = 32_000_000
"""Of a document, repeated: more than the largest that retrieval reads."""

Term = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Terms = Annotated[tuple[Term, ...], Field(min_length=1, max_length=_MOST_TERMS)]
"""A sentence holds them when it holds each one, wherever."""
Alternatives = Annotated[tuple[Terms, ...], Field(max_length=_MOST_EXPECTED)]
"""A sentence holds them when it holds all terms of one."""
Side = Terms | Alternatives
"""One side of a conflict."""
Kind = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
"""`single_fact`, `comparison`, `how_to`, `synthesis`, `contradiction`, `unanswerable`, or a kind of your own."""


class Fact(Contract):
    """Something that a good report says. Covered when one delivered sentence holds all terms of one alternative."""

    id: Identifier
    any: Alternatives = ()
    document: Uri | None = None
    """Where it stands; a sentence that covers the fact and cites this document counts for `facts_from_document`."""
    quote: Annotated[str, StringConstraints(max_length=limits.MAX_PASSAGE_CHARS)] | None = None
    """Words of that document. Without `any`, a sentence covers the fact that holds them, or most of them."""

    @model_validator(mode="after")
    def _can_be_covered(self) -> Self:
        if not self.any and not self.quote:
            raise ValueError("a fact needs `any` (terms) or `quote`")
        return self


class Fault(Contract):
    """How a specialist misbehaves while the objective runs."""

    fails: FailureKind | None = None
    """The failure that it reports; None when it is only slow or unsure."""
    times: Annotated[int, Field(ge=1, le=limits.MAX_ATTEMPTS)] = 1
    """Its first attempts that do so; a large number means for ever."""
    permanent: bool = False
    delay_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    """How long it waits before it does its work, or fails."""
    confidence: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """What it says of its confidence at most."""


class Behaviour(Contract):
    """How a run is expected to go; what is absent may be as it likes."""

    status: RunStatus | None = None
    limit: Limit | None = None
    """Which bound halted it."""
    replans_at_least: Annotated[int, Field(ge=0)] | None = None
    replans_at_most: Annotated[int, Field(ge=0)] | None = None
    failures: Annotated[tuple[FailureKind, ...], Field(max_length=16)] = ()
    """Kinds of failure that some attempt must have ended with."""
    retries_at_least: Annotated[int, Field(ge=0)] | None = None
    fallback: bool | None = None
    """Whether a step that began with a model was done by the deterministic strategy in the end."""
    escalated: bool | None = None
    """Whether a person was asked."""
    report: bool | None = None
    """Whether a report with at least one fact was delivered."""
    disagreements_at_least: Annotated[int, Field(ge=0)] | None = None
    disagreements_at_most: Annotated[int, Field(ge=0)] | None = None


class Objective(Contract):
    """One run to be made, and what to expect of it."""

    id: Identifier
    kind: Kind = "other"
    goal: Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_GOAL_CHARS, strip_whitespace=True)]
    playbook: Name | None = None
    params: Params = Field(default_factory=dict)
    budget: Budget = Budget()
    facts: Annotated[tuple[Fact, ...], Field(max_length=_MOST_EXPECTED)] = ()
    must_cite: Annotated[tuple[Uri, ...], Field(max_length=_MOST_EXPECTED)] = ()
    must_not_claim: Alternatives = ()
    conflict: Annotated[tuple[Side, ...], Field(max_length=2)] | None = None
    conflicts: Annotated[
        tuple[Annotated[tuple[Side, ...], Field(min_length=2, max_length=2)], ...], Field(max_length=16)
    ] = ()
    """More of them."""
    answerable: bool | None = None
    """False: the corpus does not answer this, and the report must say so. None: not scored."""
    must_not_quote: Text | None = None
    """An instruction that was planted in a source: no delivered sentence may hold a sentence of it."""
    faults: Annotated[dict[Role, Fault], Field(max_length=16)] = Field(default_factory=dict)
    expect: Behaviour = Behaviour()
    note: Text = ""
    """For people."""

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if not any(character.isalnum() for character in self.goal):
            raise ValueError("the goal holds no letter or digit: no run would take it")
        if self.conflict is not None and len(self.conflict) != 2:
            raise ValueError("`conflict` has two sides: two lists of terms")
        return self

    @property
    def disputes(self) -> tuple[tuple[Side, ...], ...]:
        """Every conflict that the report must disclose."""
        return (*(() if self.conflict is None else (self.conflict,)), *self.conflicts)

    @property
    def expected_documents(self) -> tuple[str, ...]:
        """Documents that the suite names for this objective."""
        named = (*self.must_cite, *(fact.document for fact in self.facts if fact.document is not None))
        return tuple(dict.fromkeys(named))


class GivenDocument(Contract):
    """A document that a suite brings along."""

    path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _./-]{0,200}$")]
    text: str
    title: Text | None = None
    version: Identifier | None = None
    date: Identifier | None = None
    times: Annotated[int, Field(ge=1, le=10_000)] = 1
    """The text is repeated so often."""

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if ".." in PurePosixPath(self.path).parts:
            raise ValueError("the path leads out of the corpus")
        if len(self.text) * self.times > _MOST_CHARS:
            raise ValueError(f"{self.path}: the text, repeated, has more than {_MOST_CHARS:,} characters")
        return self


class Planting(Contract):
    """Makes hostile documents: instructions of a file, each planted into an honest document about its own subject."""

    strings: Uri
    """JSON lines with `text`, relative to the suite."""
    templates: Uri | None = None
    """JSON lines with `template`, which has a place `{goal}`."""
    most: Annotated[int, Field(ge=1, le=MOST_OBJECTIVES)] = 60


class RunSuite(Contract):
    """A file of objectives, with documents of its own or for a corpus that is named beside it."""

    name: Name
    playbook: Name | None = None
    note: Text = ""
    documents: Annotated[tuple[GivenDocument, ...], Field(max_length=2_000)] | None = None
    """A small corpus in the suite itself; `--corpus` goes before it."""
    planting: Planting | None = None
    playbooks: Uri | None = None
    """A folder of playbooks, relative to the suite."""
    objectives: Annotated[tuple[Objective, ...], Field(max_length=MOST_OBJECTIVES)] = ()

    @model_validator(mode="after")
    def _places(self) -> Self:
        paths = sorted(PurePosixPath(document.path) for document in self.documents or ())
        for path, following in pairwise(paths):
            if following.is_relative_to(path):
                raise ValueError(f"two documents need the place {path}: {path} and {following}")
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[str] = set()
        for objective in self.objectives:
            if objective.id in seen:
                raise ValueError(f"two objectives have the id {objective.id!r}")
            seen.add(objective.id)
        if not self.objectives and self.planting is None:
            raise ValueError("there is no objective")
        return self
