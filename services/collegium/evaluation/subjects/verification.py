"""Verification, judging a claim as a sentence of a report that cites each source in turn."""

import logging
from dataclasses import replace
from typing import Final

from collegium.entailment.errors import EntailmentUnavailable, EntailmentUnusable
from collegium.evaluation.cases import VerificationCase
from collegium.evaluation.errors import SubjectInvalid
from collegium.evaluation.judging import Material, Prediction, version_of
from collegium.evaluation.subjects.passages import passages_of
from collegium.verification.composition import installed
from collegium.verification.judging import Judge, Judged
from collegium.verification.second_opinion import Open, Opinion, SecondOpinion
from collegium.verification.signals import grounds_of, signals
from collegium.verification.weighing import RULES_ALONE
from collegium_schemas.evidence import Passage, Sentence, SentenceVerdict, Verdict

_logger = logging.getLogger(__name__)
_ORDER: Final = (Verdict.SUPPORTED, Verdict.REFUTED, Verdict.NOT_ENOUGH_EVIDENCE)
_RULES: Final = ("collegium.verification", "collegium.language", "collegium.entailment")


class Verification:
    """Supported by one source is supported, else refuted by one is refuted; what is left open gets a second opinion.

    The score is the probability of support: of what the rules decide their confidence, of the rest that of the
    formula (`collegium.verification.weighing`).
    """

    def __init__(self, second_opinion: SecondOpinion | None) -> None:
        self._second = second_opinion
        model = "" if second_opinion is None else f"+{second_opinion.model.name}"
        self.name = "verification-rules" if second_opinion is None else "verification"
        self.version = version_of(*_RULES) + model

    def judge(self, case: VerificationCase) -> Prediction:
        """The verdict of the source that says most."""
        cited = [p for at, text in enumerate(case.sources) for p in passages_of(text, f"source-{at}")]
        judged = [_judged(case.claim, passage) for passage in cited]
        if not judged:
            return Prediction(label="not_enough_evidence", confidence=1.0, score=0.0, note="no source")
        best = min(judged, key=lambda one: _ORDER.index(one.verdict.verdict))
        if best.open is None:
            return _said(best.verdict)
        nearest = max((one.open for one in judged if one.open is not None), key=lambda left: left.share)
        together = replace(nearest, sources=tuple(passage.text for passage in cited))
        if self._second is None:
            return _by_words(best.verdict, together)
        opinion = self._second.of([together])[0]
        return _by_words(best.verdict, together) if opinion is None else _by_both(opinion)


def shipped(material: Material) -> Verification:
    """As the specialist is by default: with the model where it is installed; the log says why it is not.

    Raises:
        SubjectInvalid: a model is installed that cannot be used.
    """
    try:
        return Verification(installed())
    except EntailmentUnavailable as error:
        _logger.warning("by rules alone: %s", error)
        return rules(material)
    except EntailmentUnusable as error:
        raise SubjectInvalid("verification", f"its model cannot be used: {error}") from error


def rules(material: Material) -> Verification:
    """The rules alone."""
    del material
    return Verification(None)


def _judged(claim: str, passage: Passage) -> Judged:
    judge = Judge({1: passage}, {passage.passage_id: passage})
    return judge.judged(Sentence(sentence_id="claim", text=claim, kind="fact", citations=(1,)))


def _said(verdict: SentenceVerdict) -> Prediction:
    supported = verdict.verdict is Verdict.SUPPORTED
    score = verdict.confidence if supported else 1.0 - verdict.confidence
    label = verdict.verdict.value
    if verdict.verdict is Verdict.NOT_ENOUGH_EVIDENCE:  # a fault of the citation
        score = 0.0
    return Prediction(label=label, confidence=verdict.confidence, score=score, note=verdict.reason)


def _by_words(verdict: SentenceVerdict, left: Open) -> Prediction:
    """Undecided; the score orders by the words and values that the nearest window holds, and claims no more."""
    grounds = grounds_of(left.said, left.sources)
    support = RULES_ALONE.support(signals(grounds, None)) if grounds.windows else 0.0
    return Prediction(label=verdict.verdict.value, confidence=verdict.confidence, score=support, note=verdict.reason)


def _by_both(opinion: Opinion) -> Prediction:
    return Prediction(
        label=opinion.verdict.value,
        confidence=opinion.confidence,
        score=opinion.support,
        note=opinion.reason,
    )
