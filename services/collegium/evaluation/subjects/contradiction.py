"""Analysis' comparison of statements, on two sentences of two documents; with the entailment model where installed."""

import logging
from collections.abc import Sequence

from collegium.analysis.comparing import conflict, say_the_same
from collegium.analysis.second_look import SecondLook
from collegium.analysis.statements import Statement, statements
from collegium.entailment.errors import EntailmentUnavailable, EntailmentUnusable
from collegium.entailment.onnx import OnnxEntailment
from collegium.entailment.package import package_folder
from collegium.entailment.port import Chances
from collegium.evaluation.cases import ContradictionCase
from collegium.evaluation.errors import SubjectInvalid
from collegium.evaluation.judging import Material, Prediction, version_of
from collegium.evaluation.subjects.passages import passage_of

_logger = logging.getLogger(__name__)
_SURE = 0.99
"""How often a conflict that the rules report is one: on the tuning half of `tampering` 962 of 962."""
_AGREED = 0.45
"""How often agreement by the rules entails: on the tuning half of SNLI 2 of 5, whose pairs are no two documents."""
_RULES_SCORE = 0.97
"""Above all but the model's surest: what the rules report they report by an exact difference."""


class Comparison:
    """Contradiction or agreement where analysis reports one, else what the model finds likeliest.

    Without the model the rest is neutral. The score is the model's probability of contradiction, and near 1 where the
    rules report one.
    """

    def __init__(self, second_look: SecondLook | None) -> None:
        self._second = second_look
        model = "" if second_look is None else f"+{second_look.model.name}"
        self.name = "analysis-comparison" if second_look is None else "analysis-comparison-entailment"
        self.version = version_of("collegium.analysis", "collegium.language", "collegium.entailment") + model

    def judge(self, case: ContradictionCase) -> Prediction:
        """What analysis says of the two sentences."""
        one, other = statements(passage_of(case.premise, "first")), statements(passage_of(case.hypothesis, "second"))
        found = _conflict(one, other)
        if found is not None:
            return Prediction(label="contradiction", confidence=_SURE, score=_RULES_SCORE, note=found)
        if self._second is not None:
            return _likeliest(self._second.model.judge([(case.premise, case.hypothesis)])[0])
        if any(say_the_same(a, b) for a in one for b in other):
            return Prediction(label="entailment", confidence=_AGREED, score=0.0, note="most words in common")
        note = "nothing reported" if one and other else "one of them states nothing that analysis would compare"
        return Prediction(label="neutral", confidence=0.5, score=0.25, note=note)


def shipped(material: Material) -> Comparison:
    """With the model where it is installed; the log says why it is not.

    Raises:
        SubjectInvalid: a model is installed that cannot be used.
    """
    try:
        return Comparison(SecondLook(OnnxEntailment(package_folder())))
    except EntailmentUnavailable as error:
        _logger.warning("by rules alone: %s", error)
        return rules(material)
    except EntailmentUnusable as error:
        raise SubjectInvalid("contradiction", f"its model cannot be used: {error}") from error


def rules(material: Material) -> Comparison:
    """The comparison by rules alone."""
    del material
    return Comparison(None)


def _likeliest(found: Chances) -> Prediction:
    chances = {"entailment": found.entailment, "neutral": found.neutral, "contradiction": found.contradiction}
    label = max(chances, key=chances.__getitem__)
    return Prediction(
        label=label,
        confidence=chances[label],
        score=found.contradiction,
        note="by the entailment model",
    )


def _conflict(one: Sequence[Statement], other: Sequence[Statement]) -> str | None:
    for a in one:
        for b in other:
            found = conflict(a, b, frozenset())
            if found is not None:
                return f"{found.kind}: {found.about}"[:1_000]
    return None
