"""How sure a review is of what it lets through."""

import pytest

from collegium.verification.confidence import Signals, confidence_of, signals_of
from collegium_schemas.evidence import Draft
from collegium_schemas.tasks import ReviewSummary
from report_worlds import evidence, kafka_passages


def test_a_draft_that_holds_and_is_sure_of_itself_makes_it_surer() -> None:
    """Each by itself."""
    most = confidence_of(Signals(10, 1.0, 0.9, 0.5))
    assert most > confidence_of(Signals(10, 0.5, 0.9, 0.5))
    assert most > confidence_of(Signals(10, 1.0, 0.5, 0.5))


def test_a_draft_of_which_nothing_is_left_is_hardly_right() -> None:
    """Other than one that said nothing: that may be so."""
    assert confidence_of(Signals(10, 0.0, 0.9, 0.5)) < 0.1 < 0.5 < confidence_of(Signals(0, 0.0, 0.9, 0.5))


@pytest.mark.parametrize(("confidence", "taken"), [(0.8, 0.8), (None, 0.5)])
def test_signals_are_of_the_draft_and_the_verdicts(confidence: float | None, taken: float) -> None:
    """A draft that does not say how sure it is counts as an even chance."""
    draft = Draft(title="t", goal="g", confidence=confidence)
    summary = ReviewSummary(supported=3, refuted=1, not_enough_evidence=2, passed=False)
    found = [evidence("q", *kafka_passages()[:5]), evidence("p", question_id="q2")]
    assert signals_of(draft, found, summary) == Signals(6, 0.5, taken, 0.25)
