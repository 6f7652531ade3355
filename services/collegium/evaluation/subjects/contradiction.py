"""Analysis' comparison of statements, on two sentences of two documents."""

from collections.abc import Sequence

from collegium.analysis.comparing import conflict, say_the_same
from collegium.analysis.statements import Statement, statements
from collegium.evaluation.cases import ContradictionCase
from collegium.evaluation.judging import Material, Prediction, version_of
from collegium.evaluation.subjects.passages import passage_of


class Comparison:
    """Contradiction where analysis reports one, entailment where it finds agreement, else neutral.

    Analysis gives no confidence: what it reports stands in the analysis as it is, so it counts as certain. Neutral
    means that it reports nothing.
    """

    name = "analysis-comparison"
    version = version_of("collegium.analysis", "collegium.language")

    def judge(self, case: ContradictionCase) -> Prediction:
        """What analysis says of the two sentences."""
        one, other = statements(passage_of(case.premise, "first")), statements(passage_of(case.hypothesis, "second"))
        found = _conflict(one, other)
        if found is not None:
            return Prediction(label="contradiction", confidence=1.0, score=1.0, note=found)
        if any(say_the_same(a, b) for a in one for b in other):
            return Prediction(label="entailment", confidence=1.0, score=0.0, note="most words in common")
        note = "nothing reported" if one and other else "one of them states nothing that analysis would compare"
        return Prediction(label="neutral", confidence=0.5, score=0.25, note=note)


def shipped(material: Material) -> Comparison:
    """The comparison as the specialist uses it."""
    del material
    return Comparison()


def _conflict(one: Sequence[Statement], other: Sequence[Statement]) -> str | None:
    for a in one:
        for b in other:
            found = conflict(a, b, frozenset())
            if found is not None:
                return f"{found.kind}: {found.about}"[:1_000]
    return None
