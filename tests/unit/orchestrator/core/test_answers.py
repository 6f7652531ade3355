"""People's answers on effects that nobody knows of: what is kept of them, and which ones are refused, word for word."""

from collegium.orchestrator.core.model import InterventionArrived
from collegium_schemas import limits
from collegium_schemas.events import ApprovalAnswered, InputRefused, SubtaskFailed
from collegium_schemas.objective import Action, Intervention
from collegium_schemas.tasks import Failure, FailureKind
from orchestrator_worlds import RUN, World, steps


def waiting(*names: str) -> World:
    """A run that waits for a word on each of these subtasks."""
    given: list[dict[str, object]] = [{"id": name, "effects": ["alpha"]} for name in names]
    world = steps(*given)
    for name in names:
        world.fail(name, FailureKind.OUTCOME_UNKNOWN)
    return world


def says(world: World, action: Action, **fields: object) -> None:
    """Ann's answer."""
    given = {"run_id": RUN, "action": action, "requester": "ann", **fields}
    world.take(InterventionArrived(RUN, Intervention.model_validate(given)))


def refused(world: World) -> str:
    """Why the last answer was refused."""
    [event] = world.last.events
    assert isinstance(event, InputRefused)
    return event.reason


def test_an_answer_that_does_not_say_which_is_told_what_waits() -> None:
    """Their names, to choose from."""
    world = waiting("one", "two")
    says(world, Action.APPROVE)
    assert refused(world) == "several subtasks wait: name one of one, two"
    says(world, Action.APPROVE, subtask_id="three")
    assert refused(world) == "subtask three waits for no word: name one of one, two"


def test_an_answer_on_another_attempt_is_told_which_one_waits() -> None:
    """The sender may have answered an older question."""
    world = waiting("one")
    says(world, Action.APPROVE, attempt=3)
    assert refused(world) == "subtask one waits for a word on attempt 1, not 3"


def test_a_refusal_that_names_many_subtasks_is_cut() -> None:
    """To what a record may say."""
    name, goal = "a" * 32, "\n".join(f"q{number} a" for number in range(120))
    step: dict[str, object] = {"id": name, "for_each": "question"}
    world = steps(step, goal=goal, decomposition={"max_questions": 200})
    for subtask_id in world.running():
        world.fail(subtask_id, FailureKind.OUTCOME_UNKNOWN)
    says(world, Action.APPROVE)
    assert len(refused(world)) == limits.MAX_TEXT_CHARS


def test_an_answer_is_kept_with_who_gave_it_and_why() -> None:
    """People read it in the run's history."""
    world = waiting("one")
    says(world, Action.RETRY, reason="asked the bank")
    expected = ApprovalAnswered(subtask_id="one", attempt=1, action="retry", requester="ann", reason="asked the bank")
    assert world.last.events[0] == expected


def denied(**fields: object) -> Failure:
    """How a subtask fails whose effect is denied."""
    world = waiting("one")
    says(world, Action.DENY, **fields)
    failed = world.last.events[1]
    assert isinstance(failed, SubtaskFailed)
    return failed.failure


def test_a_denied_effect_is_a_permanent_failure_that_says_whose_word_it_is() -> None:
    """With the reason, where one is given."""
    message = "ann says that its effect did not happen"
    assert denied() == Failure(kind=FailureKind.OUTCOME_UNKNOWN, message=message, permanent=True)
    assert denied(reason="never booked").message == f"{message}: never booked"


def test_a_denial_with_a_long_reason_is_cut() -> None:
    """To what a record may say."""
    assert len(denied(reason="n" * limits.MAX_TEXT_CHARS).message) == limits.MAX_TEXT_CHARS
