"""How sure an analysis is that its claims answer the goal."""

from collegium.analysis.confidence import Signals, confidence_of, signals_of
from collegium.analysis.examine import examine
from collegium_schemas.evidence import Analysis
from report_worlds import evidence, kafka_passages


def test_an_answer_without_rivals_is_surer() -> None:
    """The fewer claims bear on the question, and the fewer of them nearly as much as the best."""
    clear, crowded = Signals(0.9, 1.0, 0.9, 1.0, 0.5, 1.0), Signals(0.9, 0.2, 0.1, 1.0, 0.5, 1.0)
    assert confidence_of(clear) > confidence_of(crowded)


def test_an_answer_is_always_surer_than_none() -> None:
    """So that a threshold between the two tells them apart, whatever was found."""
    worst = confidence_of(Signals(0.4, 0.02, 0.0, 0.1, 0.1, 1.0))
    assert worst > confidence_of(Signals(0.0, 0.0, 0.0, 0.0, 1.0, 1.0))


def test_where_nothing_is_answered_it_is_the_chance_of_a_mistake() -> None:
    """Below an even one, and larger where passages hold more of the question: a threshold tells it from an answer."""
    nothing, something = Signals(0.0, 0.0, 0.0, 0.0, 0.1, 0.1), Signals(0.0, 0.0, 0.0, 0.0, 0.9, 1.0)
    assert confidence_of(nothing) <= confidence_of(something) < 0.5


def test_the_question_that_is_answered_worst_decides() -> None:
    """A question without an answer lowers the share of answered ones alone."""
    found = [
        evidence("How do producers wait for acknowledgements of replicas?", *kafka_passages()),
        evidence("What is the boiling point of gallium?", question_id="q2"),
    ]
    analysis = examine(found)
    signals = signals_of(found, analysis)
    assert signals.answered == 0.5
    scores = [claim.score for claim in analysis.questions[0].claims]
    assert signals.relevance == max(scores)
    assert signals.alone == 1 / sum(score >= 0.9 * max(scores) for score in scores)


def test_an_analysis_of_nothing_has_signals_too() -> None:
    """Without evidence there is no question."""
    assert signals_of([], Analysis(questions=())).curve == "unanswered"
