"""Verification's rules, judging a claim as a sentence of a report that cites the source."""

from typing import Final

from collegium.evaluation.cases import VerificationCase
from collegium.evaluation.judging import Material, Prediction, version_of
from collegium.evaluation.subjects.passages import passages_of
from collegium.language.attribution import read_attribution
from collegium.verification.judging import Judge, carries
from collegium_schemas.evidence import Passage, Sentence, SentenceVerdict, Verdict

_ORDER: Final = (Verdict.SUPPORTED, Verdict.REFUTED, Verdict.NOT_ENOUGH_EVIDENCE)
_UNDECIDED: Final = (0.2, 0.6)
"""Scores of claims that the rules leave undecided: above the refuted, below the supported, in order of shared words."""


class Rules:
    """Each source is cited alone; supported by one is supported, else refuted by one is refuted.

    The score is the confidence of a supported claim, the doubt of a refuted one; among the undecided it rises with
    the share of the claim's words that the nearest sentence of a source holds, which orders them and claims no more.
    """

    name = "verification-rules"
    version = version_of("collegium.verification", "collegium.language")

    def judge(self, case: VerificationCase) -> Prediction:
        """The verdict of the source that says most."""
        cited = [p for at, text in enumerate(case.sources) for p in passages_of(text, f"source-{at}")]
        verdicts = [_verdict(case.claim, passage) for passage in cited]
        if not verdicts:
            return Prediction(label="not_enough_evidence", confidence=1.0, score=0.0, note="no source")
        best = min(verdicts, key=lambda one: _ORDER.index(one.verdict))
        return Prediction(
            label=best.verdict.value,
            confidence=best.confidence,
            score=_score(best, case.claim, cited),
            note=best.reason,
        )


def shipped(material: Material) -> Rules:
    """The rules as the specialist uses them."""
    del material
    return Rules()


def _verdict(claim: str, passage: Passage) -> SentenceVerdict:
    judge = Judge({1: passage}, {passage.passage_id: passage})
    return judge.fact(Sentence(sentence_id="claim", text=claim, kind="fact", citations=(1,)))


def _score(best: SentenceVerdict, claim: str, cited: list[Passage]) -> float:
    if best.verdict is Verdict.SUPPORTED:
        return best.confidence
    if best.verdict is Verdict.REFUTED:
        return 1.0 - best.confidence
    said = read_attribution(claim).said
    lowest, width = _UNDECIDED
    return lowest + width * max(carries(said, passage).share for passage in cited)
