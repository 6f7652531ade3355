"""Which question an answer is for: never another one than a person can have seen."""

import pytest

from collegium.cli.errors import Refused
from collegium.cli.questions import Answered, Question, question_meant
from collegium.ledger.views import RunView
from collegium_schemas.objective import RunStatus
from orchestrator_worlds import RUN

X1, X2, Y1 = Question("x", 1), Question("x", 2), Question("y", 1)


def view(*waiting: str) -> RunView:
    """A run in which these subtasks wait."""
    parts = [
        {
            **{"subtask_id": name, "step": name, "role": "r", "instruction": "i", "plan_version": 1},
            "status": "waiting" if name in waiting else "running",
        }
        for name in ("x", "y")
    ]
    return RunView.model_validate(
        {
            **{"run_id": RUN, "version": 3, "status": RunStatus.WAITING_APPROVAL, "subtasks": parts},
            **{"accepted_at_ms": 1, "updated_at_ms": 2},
        }
    )


def test_the_only_question_that_was_ever_asked_needs_no_name() -> None:
    """The usual case: one effect in doubt."""
    assert question_meant(view("x"), [X1], Answered()) == X1


def test_an_unqualified_answer_does_not_reach_the_next_question() -> None:
    """Two people saw `x` wait; one has answered, and `y` waits now: the other's word is not about `y`."""
    with pytest.raises(Refused, match="--subtask y --attempt 1"):
        question_meant(view("y"), [X1, Y1], Answered())
    assert question_meant(view("y"), [X1, Y1], Answered("y")) == Y1


def test_an_answer_sent_again_does_not_reach_the_next_attempt() -> None:
    """The first was given up on, and has been taken; the same subtask asks again."""
    with pytest.raises(Refused, match="--subtask x --attempt 2"):
        question_meant(view("x"), [X1, X2], Answered("x"))
    with pytest.raises(Refused, match="does not wait for a word on that: say what is meant, --subtask x --attempt 2"):
        question_meant(view("x"), [X1, X2], Answered("x", 1))
    assert question_meant(view("x"), [X1, X2], Answered("x", 2)) == X2


def test_where_several_wait_the_answer_says_which() -> None:
    """Each is named with what to say."""
    with pytest.raises(Refused, match="--subtask x --attempt 1 or --subtask y --attempt 1"):
        question_meant(view("x", "y"), [X1, Y1], Answered())
    assert question_meant(view("x", "y"), [X1, Y1], Answered("x")) == X1


def test_a_run_that_waits_for_nothing_is_not_answered() -> None:
    """Also when it has asked before: that question has been answered."""
    for asked in ([], [X1]):
        with pytest.raises(Refused, match="waits for no word"):
            question_meant(view(), asked, Answered())
