"""The report that is delivered: what a review left of a draft. The last guard before a sentence is shown as fact."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from collegium_schemas import limits
from collegium_schemas.base import Contract, Identifier, RunId, Share, Text
from collegium_schemas.evidence import LAYOUT, Draft, LaidOut, Review, Section, Sentence, Source, Verdict

NOTHING_FOUND = "The corpus holds no evidence that answers this."


class Disagreement(Contract):
    """A lead and the sentences of the sources that differ."""

    lead: Text
    sides: Annotated[tuple[Sentence, ...], Field(min_length=2, max_length=limits.MAX_SENTENCES)]


class Report(Contract):
    """The content of `report.json`, and what the other files are rendered from."""

    run_id: RunId
    title: Text
    goal: str
    summary: tuple[Sentence, ...]
    sections: tuple[Section, ...]
    disagreements: tuple[Disagreement, ...]
    limitations: tuple[Text, ...]
    sources: tuple[Source, ...]
    sentences: int
    """Facts delivered, each supported by what it cites; a sentence that is repeated in the summary counts twice."""
    withheld: int
    """Facts of the draft that the review does not support."""
    questions_without_evidence: int
    draft_sha256: Identifier
    confidence: Share | None = None
    """The chance that it answers the goal; of a report without facts, that the corpus does not."""
    layout: Annotated[tuple[LaidOut, ...], Field(min_length=1, max_length=3)] = LAYOUT
    """Its parts in reading order; limits and sources follow."""

    @property
    def answered(self) -> bool:
        """False when the report holds no fact at all."""
        return self.sentences > 0


def guarded_report(run_id: str, draft: Draft, draft_sha256: str, review: Review) -> Report:
    """Keep only what the review found supported; renumber the sources that are left.

    A sentence without a verdict, with two that differ, or that shares its id with another is not delivered. A
    disagreement of which one side is left is none.
    """
    allowed = _allowed(draft, review)
    summary = _kept(draft.summary, allowed)
    sections = tuple(
        section.model_copy(update={"sentences": _kept(section.sentences, allowed)}) for section in draft.sections
    )
    disagreements = _disagreements(draft.disagreements, allowed)
    delivered = (
        *summary,
        *(sentence for section in sections for sentence in section.sentences),
        *(sentence for disagreement in disagreements for sentence in disagreement.sides),
    )
    numbers = _numbers(draft, delivered)
    withheld = sum(s.kind == "fact" and s.sentence_id not in allowed for s in draft.sentences())
    return Report(
        run_id=run_id,
        title=draft.title,
        goal=draft.goal,
        summary=_renumbered(summary, numbers),
        sections=tuple(s.model_copy(update={"sentences": _renumbered(s.sentences, numbers)}) for s in sections),
        disagreements=tuple(d.model_copy(update={"sides": _renumbered(d.sides, numbers)}) for d in disagreements),
        limitations=_limitations(draft, sections, withheld),
        sources=tuple(s.model_copy(update={"number": numbers[s.number]}) for s in draft.sources if s.number in numbers),
        sentences=len(delivered),
        withheld=withheld,
        questions_without_evidence=sum(not section.sentences for section in sections),
        draft_sha256=draft_sha256,
        confidence=_confidence(draft, silent=not delivered),
        layout=draft.layout,
    )


def _confidence(draft: Draft, *, silent: bool) -> float | None:
    """The draft's; where the review left nothing of what it says, the chance that it would not have answered."""
    lost = silent and any(sentence.kind == "fact" for sentence in draft.sentences())
    return 1 - draft.confidence if lost and draft.confidence is not None else draft.confidence


def _allowed(draft: Draft, review: Review) -> frozenset[str]:
    """Ids of the sentences that may be delivered: supported facts, and leads that the review did not object to."""
    count = Counter(sentence.sentence_id for sentence in draft.sentences())
    verdicts: dict[str, set[Verdict]] = {}
    for verdict in review.verdicts:
        verdicts.setdefault(verdict.sentence_id, set()).add(verdict.verdict)
    numbers = {source.number for source in draft.sources}
    return frozenset(
        s.sentence_id
        for s in draft.sentences()
        if count[s.sentence_id] == 1
        and (
            verdicts.get(s.sentence_id) == {Verdict.SUPPORTED} and bool(s.citations) and set(s.citations) <= numbers
            if s.kind == "fact"
            else s.sentence_id not in verdicts
        )
    )


def _kept(sentences: Sequence[Sentence], allowed: frozenset[str]) -> tuple[Sentence, ...]:
    """The facts that may be delivered; leads outside disagreements say nothing that a heading does not."""
    return tuple(s for s in sentences if s.kind == "fact" and s.sentence_id in allowed)


def _disagreements(sentences: Sequence[Sentence], allowed: frozenset[str]) -> tuple[Disagreement, ...]:
    groups: list[tuple[Sentence, list[Sentence]]] = []
    for sentence in sentences:
        if sentence.kind == "frame":
            groups.append((sentence, []))
        elif groups:
            groups[-1][1].append(sentence)
    return tuple(
        Disagreement(lead=lead.text[: limits.MAX_TEXT_CHARS], sides=tuple(sides))
        for lead, sides in groups
        if lead.sentence_id in allowed and len(sides) > 1 and all(side.sentence_id in allowed for side in sides)
    )


def _numbers(draft: Draft, delivered: Sequence[Sentence]) -> dict[int, int]:
    """New numbers, without gaps, for the sources that are still cited, in the draft's order."""
    cited = {number for sentence in delivered for number in sentence.citations}
    kept = dict.fromkeys(source.number for source in draft.sources if source.number in cited)
    return {old: new for new, old in enumerate(kept, 1)}


def _renumbered(sentences: Sequence[Sentence], numbers: dict[int, int]) -> tuple[Sentence, ...]:
    return tuple(
        sentence.model_copy(update={"citations": tuple(numbers[number] for number in sentence.citations)})
        for sentence in sentences
    )


def _limitations(draft: Draft, sections: Sequence[Section], withheld: int) -> tuple[str, ...]:
    """The draft's limits, completed by what the review cost."""
    found = list(draft.limitations)
    for section in sections:
        asked = f" for: {section.heading[:400]}"
        if not section.sentences and not any(one.endswith(asked) for one in draft.limitations):
            found.append(f"No evidence found{asked}")
    if withheld:
        noun = "sentence was" if withheld == 1 else "sentences were"
        found.append(f"{withheld} {noun} withheld because the cited evidence does not support what they say.")
    return tuple(found)
