"""The review of a whole draft: verdicts, unanswered questions, and what to do about them. Pure and deterministic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collegium.language.terms import TermKind, terms
from collegium.language.tokens import stem
from collegium.verification.follow_ups import follow_ups
from collegium.verification.judging import Judge, Judged, seconded
from collegium.verification.second_opinion import SecondOpinion
from collegium.verification.sources import retrieved_passages
from collegium_schemas import limits
from collegium_schemas.evidence import Draft, Evidence, Review, Sentence, SentenceVerdict, Verdict
from collegium_schemas.tasks import ReviewSummary

_LEADING_WORDS: Final = frozenset(stem(w) for w in "version source document documentation default type value".split())


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review in full, for the context, and its summary, for the orchestrator."""

    review: Review
    summary: ReviewSummary


def review_draft(
    draft: Draft,
    draft_sha256: str,
    evidence: Sequence[Evidence],
    round_number: int,
    second_opinion: SecondOpinion | None = None,
) -> Reviewed:
    """Judge every sentence of a draft.

    Args:
        draft: the report to check.
        draft_sha256: the hash of the draft's content, which binds the review to it.
        evidence: what the run's searches returned, all rounds.
        round_number: 1 for the first review; follow-ups end with the rounds.
        second_opinion: asked about what the rules leave undecided.
    """
    judge = Judge({source.number: source.passage for source in draft.sources}, retrieved_passages(evidence))
    verdicts = _decided([one for s in draft.sentences() if (one := _judged(judge, draft, s))], second_opinion)
    supported = {v.sentence_id for v in verdicts if v.verdict is Verdict.SUPPORTED}
    unanswered = unanswered_questions(draft, evidence, supported)
    proposed = follow_ups(draft, verdicts, unanswered, evidence, round_number)
    return Reviewed(
        Review(
            draft_sha256=draft_sha256,
            verdicts=tuple(verdicts[: limits.MAX_SENTENCES]),
            unanswered_question_ids=unanswered[: limits.MAX_FAN_OUT],
        ),
        ReviewSummary(
            supported=_count(verdicts, Verdict.SUPPORTED),
            refuted=_count(verdicts, Verdict.REFUTED),
            not_enough_evidence=_count(verdicts, Verdict.NOT_ENOUGH_EVIDENCE),
            passed=not proposed,
            follow_ups=proposed,
        ),
    )


def unanswered_questions(draft: Draft, evidence: Sequence[Evidence], supported: set[str]) -> tuple[str, ...]:
    """The questions without any supported sentence in their section, in the order in which they were asked."""
    answered = {
        section.question_id
        for section in draft.sections
        for sentence in section.sentences
        if sentence.kind == "fact" and sentence.sentence_id in supported
    }
    asked = dict.fromkeys((*(e.question_id for e in evidence), *(s.question_id for s in draft.sections)))
    return tuple(question_id for question_id in asked if question_id not in answered)


def _judged(judge: Judge, draft: Draft, sentence: Sentence) -> Judged | None:
    """A fact's verdict; a frame gets one only when it is no mere lead."""
    if sentence.kind == "fact":
        return judge.judged(sentence)
    if asserts_nothing(draft, sentence):
        return None
    return Judged(
        SentenceVerdict(
            sentence_id=sentence.sentence_id,
            verdict=Verdict.NOT_ENOUGH_EVIDENCE,
            reason="it is marked as a mere lead but says something of its own; make it a fact with a citation",
            confidence=0.8,
        )
    )


def _decided(judged: Sequence[Judged], second_opinion: SecondOpinion | None) -> list[SentenceVerdict]:
    """The rules' verdicts, and the second opinion on what they leave open: all such sentences are asked at once."""
    left = [one.open for one in judged if one.open is not None]
    opinions = iter([None] * len(left) if second_opinion is None else second_opinion.of(left))
    return [one.verdict if one.open is None else seconded(one, next(opinions)) for one in judged]


def asserts_nothing(draft: Draft, sentence: Sentence) -> bool:
    """Whether a frame only leads: it ends with a colon and its words are those of the report's subject and facts."""
    if not sentence.text.rstrip().endswith(":"):
        return False
    facts = [other.text for other in draft.sentences() if other.kind == "fact"]
    known = _stems("\n".join((draft.goal, *(section.heading for section in draft.sections), *facts)))
    return _stems(sentence.text) <= known | _LEADING_WORDS


def _stems(text: str) -> frozenset[str]:
    return frozenset(term.key for term in terms(text) if term.kind is not TermKind.OPERATOR)


def _count(verdicts: Sequence[SentenceVerdict], verdict: Verdict) -> int:
    return sum(one.verdict is verdict for one in verdicts)
