"""What a draft says of itself."""

from collegium.analysis.examine import examine
from collegium.drafting.compose import compose
from collegium.drafting.confidence import Signals, confidence_of, signals_of
from report_worlds import evidence, kafka_passages


def test_findings_that_bear_more_on_the_goal_make_a_draft_surer() -> None:
    """And an answer to more of its questions does not make it less sure."""
    weak, strong = Signals(0.4, 1.0, 0.5), Signals(0.9, 1.0, 0.5)

    assert confidence_of(strong) > confidence_of(weak) >= confidence_of(Signals(0.4, 0.5, 0.5))


def test_silence_is_surer_where_less_of_the_question_was_found() -> None:
    """A draft without findings has a curve of its own."""
    nothing, something = Signals(0.0, 0.0, 0.1), Signals(0.0, 0.0, 0.9)

    assert nothing.curve == "unanswered"
    assert confidence_of(nothing) >= confidence_of(something)


def test_the_question_that_is_answered_worst_decides() -> None:
    """A question without findings lowers the share of answered ones alone: the draft says that it has none."""
    found = [
        evidence("How do producers wait for acknowledgements of replicas?", *kafka_passages()),
        evidence("What is the boiling point of gallium?", question_id="q2"),
    ]
    analysis = examine(found)
    draft = compose("acknowledgements and gallium", found, analysis)

    signals = signals_of(found, analysis.questions, draft.sections)

    assert signals.answered == 0.5
    assert signals.relevance == max(claim.score for claim in analysis.questions[0].claims)
    assert draft.confidence == confidence_of(signals)
