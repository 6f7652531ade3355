"""The objectives that rules are chosen by: readable, and none that is reported."""

from pathlib import Path

from collegium.evaluation.runs.suite_file import read_suite

_EVALUATION = Path(__file__).parents[2] / "evaluation"


def test_the_development_set_asks_nothing_that_the_reported_suite_asks() -> None:
    """Else a rule chosen by it would be chosen by what is reported."""
    development = read_suite(_EVALUATION / "development" / "kafka_docs.yaml").suite.objectives
    reported = read_suite(_EVALUATION / "runs" / "kafka_docs.yaml").suite.objectives
    assert len(development) > 80
    assert not {one.id for one in development} & {one.id for one in reported}
    assert not {one.goal.casefold() for one in development} & {one.goal.casefold() for one in reported}
