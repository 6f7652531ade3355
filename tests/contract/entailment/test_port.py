"""What every judge of pairs must do; the shipped model is judged too."""

from collections.abc import Sequence

import pytest

from collegium.entailment.onnx import OnnxEntailment
from collegium.entailment.package import package_folder
from collegium.entailment.port import Chances, Entailment
from collegium.entailment.remembering import Remembering
from collegium.entailment.table import UNKNOWN, TableEntailment

PAIRS: Sequence[tuple[str, str]] = (
    ("The broker waits five minutes before it stops.", "The broker waits five minutes before it stops."),
    ("The broker does not wait before it stops.", "The broker waits five minutes before it stops."),
    ("A lighthouse warns ships of rocks.", "The broker waits five minutes before it stops."),
)


@pytest.fixture(params=["table", "shipped", "remembering"], scope="module")
def judge(request: pytest.FixtureRequest) -> Entailment:
    """Each implementation."""
    if request.param == "shipped":
        return OnnxEntailment(package_folder())
    if request.param == "remembering":
        return Remembering(OnnxEntailment(package_folder()), most=2)
    return TableEntailment({PAIRS[0]: Chances(0.97, 0.02, 0.01), PAIRS[1]: Chances(0.01, 0.04, 0.95)})


def test_chances_are_probabilities(judge: Entailment) -> None:
    """Three of each pair, between 0 and 1, that sum to 1."""
    for found in judge.judge(PAIRS):
        assert found.entailment + found.neutral + found.contradiction == pytest.approx(1.0)
        assert min(found.entailment, found.neutral, found.contradiction) >= 0.0


def test_nothing_is_judged_as_nothing(judge: Entailment) -> None:
    """No pairs give no chances."""
    assert judge.judge([]) == []


def test_each_pair_keeps_its_place(judge: Entailment) -> None:
    """In whatever order pairs are computed, chances come in the order given, the same in any company."""
    alone = [judge.judge([pair])[0].entailment for pair in PAIRS]
    assert [found.entailment for found in judge.judge(PAIRS)] == pytest.approx(alone, abs=1e-5)
    assert [found.entailment for found in judge.judge(PAIRS[::-1])] == pytest.approx(alone[::-1], abs=1e-5)


def test_a_copy_is_entailed_rather_than_denied(judge: Entailment) -> None:
    """The least that a judge must know."""
    copy, denial, elsewhere = judge.judge(PAIRS)
    assert copy.entailment > max(denial.entailment, elsewhere.entailment)
    assert denial.contradiction > copy.contradiction


def test_its_name_stays(judge: Entailment) -> None:
    """What was judged before is known again by it."""
    assert judge.name
    assert judge.name == judge.name


def test_a_table_leaves_open_what_it_does_not_have() -> None:
    """An unknown pair says nothing."""
    assert TableEntailment({}).judge(PAIRS[:1]) == [UNKNOWN]
