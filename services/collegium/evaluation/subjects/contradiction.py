"""Analysis' comparison of statements, on two sentences of two documents; with the entailment model where installed."""

import logging
from collections.abc import Sequence
from typing import Final

from collegium.analysis.comparing import Conflict, conflict, say_the_same
from collegium.analysis.composition import second_look
from collegium.analysis.question import keys_of
from collegium.analysis.second_look import SecondLook
from collegium.analysis.settings import AnalysisSettings
from collegium.analysis.statements import Statement, statements
from collegium.entailment.errors import EntailmentUnavailable, EntailmentUnusable
from collegium.entailment.port import Entailment
from collegium.evaluation.cases import ContradictionCase
from collegium.evaluation.errors import SubjectInvalid
from collegium.evaluation.judging import Material, Prediction, version_of
from collegium.evaluation.subjects.passages import passage_of
from collegium.language.terms import terms

_logger = logging.getLogger(__name__)
_AGREED: Final = 0.45
"""How often agreement by the rules entails: on the tuning half of SNLI 2 of 5, whose pairs are no two documents."""
_RULES_SCORE: Final = 0.97
"""Above all but the model's surest: what the rules report they report by an exact difference."""
_CLEARLY_RICHER: Final = 1.5
"""A text with so many times the words of another is what it is set against, whichever comes first."""
_UNKNOWN: Final = 0.25
"""The score without a model, where the rules report nothing."""


class Comparison:
    """Contradiction or agreement where analysis reports one, else neutral: analysis reports nothing then.

    The score is the chance that the two exclude each other: the model's, and near 1 where the rules report a conflict.
    Each text is compared as one statement, also where analysis would not take it for a claim (too short).
    """

    def __init__(self, second: SecondLook | None) -> None:
        self._second = second
        model = "" if second is None else f"+{second.model.name}"
        self.name = "analysis-comparison" if second is None else "analysis-comparison-entailment"
        self.version = version_of("collegium.analysis", "collegium.language", "collegium.entailment") + model

    def judge(self, case: ContradictionCase) -> Prediction:
        """What analysis says of the two sentences."""
        one, other = statements(passage_of(case.premise, "first")), statements(passage_of(case.hypothesis, "second"))
        found = _conflict(one, other)
        if found is not None:
            return Prediction(label="contradiction", confidence=found.confidence, score=_RULES_SCORE, note=_told(found))
        score = _UNKNOWN
        if self._second is not None:
            score = _chance(self._second.model, case)
            if score >= self._second.sure:
                return Prediction(
                    label="contradiction", confidence=score, score=score, note="meaning: by the entailment model"
                )
        if any(say_the_same(a, b) for a in one for b in other):
            ranked = 0.0 if self._second is None else score
            return Prediction(label="entailment", confidence=_AGREED, score=ranked, note="most words in common")
        return Prediction(label="neutral", confidence=1.0 - score, score=score, note="nothing reported")


class Likeliest:
    """The entailment model alone: whichever of the three relations it finds likeliest. No specialist decides so."""

    def __init__(self, model: Entailment) -> None:
        self._model = model
        self.name = "entailment-model"
        self.version = f"{version_of('collegium.entailment')}+{model.name}"

    def judge(self, case: ContradictionCase) -> Prediction:
        """The likeliest relation of the second sentence to the first."""
        (found,) = self._model.judge([(case.premise, case.hypothesis)])
        chances = {"entailment": found.entailment, "neutral": found.neutral, "contradiction": found.contradiction}
        label = max(chances, key=chances.__getitem__)
        return Prediction(label=label, confidence=chances[label], score=found.contradiction)


def shipped(material: Material) -> Comparison:
    """Analysis' rules, and the model's chance where they report nothing; the log says why it has no model.

    Raises:
        SubjectInvalid: a model is installed that cannot be used.
    """
    try:
        return Comparison(_second_look())
    except EntailmentUnavailable as error:
        _logger.warning("by rules alone: %s", error)
        return rules(material)


def model(material: Material) -> Likeliest:
    """The model alone.

    Raises:
        SubjectInvalid: it is not installed, or cannot be used.
    """
    del material
    try:
        found = _second_look()
    except EntailmentUnavailable as error:
        raise SubjectInvalid("model", str(error)) from error
    if found is None:
        raise SubjectInvalid("model", "it is switched off")
    return Likeliest(found.model)


def _second_look() -> SecondLook | None:
    try:
        return second_look(AnalysisSettings(entailment="auto"))
    except EntailmentUnusable as error:
        raise SubjectInvalid("contradiction", f"its model cannot be used: {error}") from error


def rules(material: Material) -> Comparison:
    """The comparison by rules alone."""
    del material
    return Comparison(None)


def _chance(model: Entailment, case: ContradictionCase) -> float:
    """The model's chance of contradiction, the richer of two texts as the premise where one says clearly more.

    It was trained on pairs whose second sentence says no more than the first, and asked the other way round it is far
    worse (AUROC on the tuning half of SNLI 0.93 and 0.78).
    """
    one, other = (len(keys_of(terms(text))) for text in (case.premise, case.hypothesis))
    turned = other > _CLEARLY_RICHER * one
    (found,) = model.judge([(case.hypothesis, case.premise) if turned else (case.premise, case.hypothesis)])
    return found.contradiction


def _told(found: Conflict) -> str:
    return f"{found.kind}: {found.about}"[:1_000]


def _conflict(one: Sequence[Statement], other: Sequence[Statement]) -> Conflict | None:
    for a in one:
        for b in other:
            found = conflict(a, b, frozenset())
            if found is not None:
                return found
    return None
