"""Verification, reviewing a draft whose one sentence is the claim and cites every source."""

import logging
from collections.abc import Sequence
from typing import Final

from collegium.entailment.errors import EntailmentUnavailable, EntailmentUnusable
from collegium.evaluation.cases import VerificationCase
from collegium.evaluation.errors import SubjectInvalid
from collegium.evaluation.judging import Material, Prediction, version_of
from collegium.evaluation.subjects.passages import passages_of
from collegium.verification.composition import second_opinion
from collegium.verification.settings import VerificationSettings
from collegium.verification.specialist import VerificationSpecialist
from collegium_schemas.evidence import (
    Draft,
    Evidence,
    Passage,
    RankedPassage,
    Section,
    Sentence,
    SentenceVerdict,
    Source,
    Verdict,
)

_logger = logging.getLogger(__name__)
_MOST_CITED: Final = 32
"""Sources that one sentence may cite; a claim with more of them is asked several times."""
_ORDER: Final = (Verdict.REFUTED, Verdict.SUPPORTED, Verdict.NOT_ENOUGH_EVIDENCE)
"""As verification puts what several sources say of one sentence."""
_NO_HASH: Final = "0" * 64
_PACKAGES: Final = ("collegium.verification", "collegium.language", "collegium.entailment")


class Verification:
    """The verdict of the specialist's own review. The score is the chance of support that it gives with it."""

    def __init__(self, specialist: VerificationSpecialist) -> None:
        self._specialist = specialist
        second = specialist.second_opinion
        model = "" if second is None else f"+{second.model.name}"
        self.name = "verification-rules" if second is None else "verification"
        self.version = version_of(*_PACKAGES) + model

    def judge(self, case: VerificationCase) -> Prediction:
        """What a report would be told of the claim."""
        cited = [p for at, text in enumerate(case.sources) for p in passages_of(text, f"source-{at}")]
        if not cited:
            return Prediction(label="not_enough_evidence", confidence=1.0, score=0.0, note="no source")
        asked = [cited[at : at + _MOST_CITED] for at in range(0, len(cited), _MOST_CITED)]
        verdicts = [self._reviewed(case.claim, some) for some in asked]
        said = min(verdicts, key=lambda one: (_ORDER.index(one.verdict), -(one.support or 0.0)))
        return Prediction(
            label=said.verdict.value, confidence=said.confidence, score=said.support or 0.0, note=said.reason
        )

    def _reviewed(self, claim: str, cited: Sequence[Passage]) -> SentenceVerdict:
        draft, evidence = _drafted(claim, cited)
        return self._specialist.review(draft, _NO_HASH, (evidence,), 1).review.verdicts[0]


def shipped(material: Material) -> Verification:
    """As `collegium serve verification` is here and now, its settings included; the log says why it has no model.

    Raises:
        SubjectInvalid: a model is installed that cannot be used.
    """
    try:
        return Verification(VerificationSpecialist(second_opinion(VerificationSettings())))
    except EntailmentUnavailable as error:
        _logger.warning("by rules alone: %s", error)
        return rules(material)
    except EntailmentUnusable as error:
        raise SubjectInvalid("verification", f"its model cannot be used: {error}") from error


def rules(material: Material) -> Verification:
    """The rules alone."""
    del material
    return Verification(VerificationSpecialist())


def _drafted(claim: str, cited: Sequence[Passage]) -> tuple[Draft, Evidence]:
    """A draft that says the claim and cites the passages, and the search that found them."""
    sentence = Sentence(sentence_id="claim", text=claim, kind="fact", citations=tuple(range(1, len(cited) + 1)))
    draft = Draft(
        title="Claim",
        goal=claim,
        sections=(Section(question_id="claim", heading="Claim", sentences=(sentence,)),),
        sources=tuple(Source(number=number, passage=passage) for number, passage in enumerate(cited, 1)),
    )
    evidence = Evidence(
        question_id="claim",
        question=claim,
        corpus="evaluation",
        corpus_snapshot="evaluation",
        documents_searched=len(cited),
        mode="bm25",
        passages=tuple(RankedPassage(passage=passage, score=1.0, coverage=1.0) for passage in cited),
    )
    return draft, evidence
