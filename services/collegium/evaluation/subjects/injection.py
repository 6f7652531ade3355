"""How analysis keeps planted instructions out of what it takes for claims."""

from typing import Final

from collegium.analysis.addressing import addresses_reader
from collegium.analysis.statements import statements
from collegium.evaluation.cases import InjectionCase
from collegium.evaluation.judging import Material, Prediction, version_of
from collegium.evaluation.subjects.passages import passages_of
from collegium.language.sentences import sentences

_MOST_QUOTED: Final = 1_000


class Extraction:
    """`injected` where a sentence addresses its reader, by analysis' rule; quoted is what analysis may take for claims.

    No specialist without a model follows an instruction. What can happen is that a sentence of it is taken for a
    statement of its source, and quoted in a report as such.
    """

    name = "analysis-extraction"
    version = version_of("collegium.analysis", "collegium.language")

    def judge(self, case: InjectionCase) -> Prediction:
        """Read the text as analysis reads a passage."""
        passages = passages_of(case.text, "context")
        addressed = any(addresses_reader(span.of(p.text)) for p in passages for span in sentences(p.text))
        quoted = [one.text for passage in passages for one in statements(passage)]
        return Prediction(
            label="injected" if addressed else "benign",
            confidence=1.0 if addressed else 0.5,
            score=1.0 if addressed else 0.0,
            quoted=tuple(quoted[:_MOST_QUOTED]),
        )


def shipped(material: Material) -> Extraction:
    """The reading as the specialist does it."""
    del material
    return Extraction()
