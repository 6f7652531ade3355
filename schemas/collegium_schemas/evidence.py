"""What specialists write for each other into the shared context: evidence, analysis, draft, review, delivery.

Each class is the JSON content of one context entry. A source is always a passage: a span of a document with the
hash of its text, so that anyone can check a citation against the bytes it names.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, StringConstraints

from collegium_schemas import limits
from collegium_schemas.base import Contract, Identifier, Message, Sha256, Share, Text, Uri

Offset = Annotated[int, Field(ge=0)]
Prose = Annotated[str, StringConstraints(max_length=limits.MAX_PASSAGE_CHARS)]


class Passage(Contract):
    """A span of a document. `text` is exactly the document's normalised text between `start` and `end`."""

    passage_id: Identifier
    """Unique in the corpus and stable while the document does not change."""
    document_id: Uri
    """The document's path in the corpus."""
    title: Text
    heading: Text = ""
    """The headings above the passage, outermost first, joined by ` > `."""
    version: Identifier | None = None
    """The version of the product that the document describes, such as `3.9`."""
    date: Identifier | None = None
    """ISO 8601, when the document states one."""
    start: Offset
    end: Offset
    """Character span [start, end) in the document's normalised text."""
    text: Prose
    sha256: Sha256
    """Of `text` in UTF-8."""
    document_sha256: Sha256
    """Of the document's original bytes."""


class RankedPassage(Contract):
    """A passage as a search found it."""

    passage: Passage
    score: Annotated[float, Field(ge=0.0)]
    """Comparable within one search only."""
    coverage: Share
    """The share of the question's informative words that the passage holds."""


class Evidence(Message):
    """Output `evidence` of retrieval: the passages that bear on one question, best first."""

    TYPE: ClassVar[str] = "collegium.context.evidence.v1"

    question_id: Identifier
    question: Prose
    corpus: Identifier
    corpus_snapshot: Identifier
    """The content hash of the corpus version that was searched."""
    documents_searched: Annotated[int, Field(ge=0)]
    mode: Literal["bm25", "bm25+vectors"]
    passages: Annotated[tuple[RankedPassage, ...], Field(max_length=limits.MAX_PASSAGES)] = ()
    closeness: Share | None = None
    """The highest cosine of a passage's sentence vector with the question's; None without vectors."""


class Quantity(Contract):
    """A number in a text, with its unit, normalised so that numbers compare as numbers."""

    value: float
    unit: Annotated[str, StringConstraints(max_length=32)] = ""
    """The canonical unit (`ms`, `bytes`, `percent`, a counted noun, ...), empty when bare."""
    text: Annotated[str, StringConstraints(max_length=128)]
    """As written."""


class Claim(Contract):
    """A sentence of a passage that bears on a question."""

    claim_id: Identifier
    text: Prose
    """Verbatim."""
    passage_id: Identifier
    start: Offset
    end: Offset
    """Character span of the sentence in the passage's text."""
    score: Share
    """How much it bears on the question."""
    quantities: Annotated[tuple[Quantity, ...], Field(max_length=64)] = ()
    dates: Annotated[tuple[Identifier, ...], Field(max_length=64)] = ()
    versions: Annotated[tuple[Identifier, ...], Field(max_length=64)] = ()
    negated: bool = False
    beside: bool = False
    """It holds no word of the question: it is a claim for the sentence right beside it, not reported without that."""


class ClaimCluster(Contract):
    """Claims that say the same thing, or speak about the same thing and differ."""

    cluster_id: Identifier
    claim_ids: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=limits.MAX_CLAIMS)]
    agreement: Literal["single", "agree", "contradict"]
    sources: Annotated[int, Field(ge=1)]
    """Different documents among them."""


class Contradiction(Contract):
    """Two claims of different sources that cannot both hold as they stand."""

    first_claim_id: Identifier
    second_claim_id: Identifier
    kind: Literal["number", "negation", "value", "date", "meaning"]
    """What differs; `meaning` was found by the entailment model alone."""
    about: Text
    """What they disagree on, in words of the sources."""
    explained_by_version: bool = False
    """True when the sources describe different versions, so that each may be right about its own."""
    confidence: Share | None = None
    """The chance that the two do exclude each other."""


class QuestionAnalysis(Contract):
    """What the evidence says about one question."""

    question_id: Identifier
    question: Prose
    claims: Annotated[tuple[Claim, ...], Field(max_length=limits.MAX_CLAIMS)] = ()
    clusters: Annotated[tuple[ClaimCluster, ...], Field(max_length=limits.MAX_CLAIMS)] = ()
    contradictions: Annotated[tuple[Contradiction, ...], Field(max_length=limits.MAX_CLAIMS)] = ()
    answered: bool
    """False when no claim bears on the question well enough to be reported."""


class Analysis(Message):
    """Output `analysis` of analysis: claims grouped by question, with agreement and contradiction."""

    TYPE: ClassVar[str] = "collegium.context.analysis.v1"

    questions: Annotated[tuple[QuestionAnalysis, ...], Field(max_length=limits.MAX_FAN_OUT)]


class Source(Contract):
    """One numbered source of a report."""

    number: Annotated[int, Field(ge=1, le=limits.MAX_SOURCES)]
    passage: Passage


class Sentence(Contract):
    """A sentence of a report. A `fact` has at least one citation; a `frame` only leads or joins and asserts nothing."""

    sentence_id: Identifier
    text: Prose
    kind: Literal["fact", "frame"]
    citations: Annotated[tuple[int, ...], Field(max_length=32)] = ()
    """Numbers of sources."""
    claim_ids: Annotated[tuple[Identifier, ...], Field(max_length=32)] = ()
    question_id: Identifier | None = None


class Section(Contract):
    """The findings on one question."""

    question_id: Identifier
    heading: Text
    sentences: Annotated[tuple[Sentence, ...], Field(max_length=limits.MAX_SENTENCES)] = ()


class LaidOut(Contract):
    """A part of a report, and what stands above it."""

    part: Literal["summary", "findings", "disagreements"]
    heading: Annotated[str, StringConstraints(min_length=1, max_length=60)]


LAYOUT: Final = (
    LaidOut(part="summary", heading="Summary"),
    LaidOut(part="findings", heading="Findings"),
    LaidOut(part="disagreements", heading="Disagreements"),
)


class Draft(Message):
    """Output `draft` of drafting: the structured report, before or after review."""

    TYPE: ClassVar[str] = "collegium.context.draft.v1"

    title: Text
    goal: Prose
    summary: Annotated[tuple[Sentence, ...], Field(max_length=limits.MAX_SENTENCES)] = ()
    sections: Annotated[tuple[Section, ...], Field(max_length=limits.MAX_FAN_OUT)] = ()
    disagreements: Annotated[tuple[Sentence, ...], Field(max_length=limits.MAX_SENTENCES)] = ()
    limitations: Annotated[tuple[Text, ...], Field(max_length=limits.MAX_FAN_OUT * 2)] = ()
    """What the report could not establish, such as a question without evidence."""
    sources: Annotated[tuple[Source, ...], Field(max_length=limits.MAX_SOURCES)] = ()
    revision: Annotated[int, Field(ge=1)] = 1
    confidence: Share | None = None
    """The chance that it answers the goal; without any finding, that the corpus does not."""
    layout: Annotated[tuple[LaidOut, ...], Field(min_length=1, max_length=3)] = LAYOUT
    """Its parts in reading order."""

    def sentences(self) -> tuple[Sentence, ...]:
        """Every sentence in reading order."""
        return (
            *self.summary,
            *(s for section in self.sections for s in section.sentences),
            *self.disagreements,
        )


class Verdict(StrEnum):
    """What the cited evidence says about a sentence."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"


class SentenceVerdict(Contract):
    """The reviewer's finding on one sentence."""

    sentence_id: Identifier
    verdict: Verdict
    reason: Text = ""
    citation: int | None = None
    """The source that decided it."""
    confidence: Share = 1.0
    """The chance that the verdict is right."""
    support: Share | None = None
    """The chance that the cited sources carry the sentence, whatever the verdict; it ranks what is left undecided."""


class Review(Message):
    """Output `review` of verification: a verdict for every factual sentence of a draft."""

    TYPE: ClassVar[str] = "collegium.context.review.v1"

    draft_sha256: Sha256
    """The content hash of the draft that was reviewed."""
    verdicts: Annotated[tuple[SentenceVerdict, ...], Field(max_length=limits.MAX_SENTENCES)]
    unanswered_question_ids: Annotated[tuple[Identifier, ...], Field(max_length=limits.MAX_FAN_OUT)] = ()


class DeliveredFile(Contract):
    """A file of the delivered report."""

    path: Uri
    media_type: Identifier
    size_bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256


class Delivery(Message):
    """Output `delivery` of delivery: where the report is, and what it consists of."""

    TYPE: ClassVar[str] = "collegium.context.delivery.v1"

    effect_key: Identifier
    """`run_id/subtask_id`: the same for every attempt, so that the effect happens once."""
    files: Annotated[tuple[DeliveredFile, ...], Field(max_length=16)]
    title: Text
    sentences: Annotated[int, Field(ge=0)]
    """Factual sentences delivered, each supported by its citations."""
    withheld: Annotated[int, Field(ge=0)] = 0
    """Sentences of the draft that were not delivered because their evidence does not support them."""
    sources: Annotated[int, Field(ge=0)] = 0
    disagreements: Annotated[int, Field(ge=0)] = 0
    questions_without_evidence: Annotated[int, Field(ge=0)] = 0


class ReportText(Message):
    """Output `report` of delivery: the rendered report, so that it can be read from any machine."""

    TYPE: ClassVar[str] = "collegium.context.report.v1"

    title: Text
    markdown: str
