"""The objectives that rules are chosen by: readable, and none that is reported."""

from pathlib import Path

import pytest

from collegium.evaluation.runs.suite_file import read_suite

_EVALUATION = Path(__file__).parents[2] / "evaluation"


@pytest.mark.parametrize(("name", "fewest"), [("kafka_docs", 80), ("conflicts", 30), ("conflicts_unseen", 30)])
def test_the_development_set_asks_nothing_that_the_reported_suite_asks(name: str, fewest: int) -> None:
    """Else a rule chosen by it would be chosen by what is reported: no id, goal or conflict is in both."""
    development = read_suite(_EVALUATION / "development" / f"{name}.yaml").suite.objectives
    reported = read_suite(_EVALUATION / "runs" / "kafka_docs.yaml").suite.objectives
    assert len(development) > fewest
    assert not {one.id for one in development} & {one.id for one in reported}
    assert not {one.goal.casefold() for one in development} & {one.goal.casefold() for one in reported}
    conflicts = [{repr(one.conflict) for one in suite if one.conflict} for suite in (development, reported)]
    assert not conflicts[0] & conflicts[1]
