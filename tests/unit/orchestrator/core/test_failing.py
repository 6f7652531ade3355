"""A run that is failed from outside, because its next decision is too large: its effects are undone as ever."""

from collegium.orchestrator.core.deciding import fail_undoing
from collegium.orchestrator.core.model import Moment, Rules
from collegium_schemas.events import AttemptDispatched, PlanAdopted, RunEnded, RunEnding
from collegium_schemas.objective import RunStatus
from collegium_schemas.playbook import Playbook
from orchestrator_worlds import RUN, World, arrived

MOMENT = Moment(7_000_000, 0.5)


def paying(**step: object) -> World:
    """A run whose only step is under way."""
    first = {"id": "pay", "role": "payer", "instruction": "x", "timeout_ms": 900, **step}
    world = World({"one": Playbook.model_validate({"name": "one", "steps": [first]})})
    world.take(arrived(playbook="one"))
    return world


def test_a_live_run_ends_when_its_effects_are_undone() -> None:
    """It fails for the reason given; what undoes is dispatched at the moment given, by the run's own plan."""
    world = paying(effects=["beta"], compensate={"timeout_ms": 1_200})
    decided = fail_undoing(world.live(), "too much", Rules(world.playbooks), MOMENT)
    assert decided is not None
    [ending] = [event for event in decided.events if isinstance(event, RunEnding)]
    assert (ending.status, ending.reason) == (RunStatus.FAILED, "too much")
    [adopted] = [event for event in decided.events if isinstance(event, PlanAdopted)]
    assert [spec.subtask_id for spec in adopted.change.added] == ["undo.pay"]
    [sent] = [event for event in decided.events if isinstance(event, AttemptDispatched)]
    assert (sent.subtask_id, sent.deadline_at_ms) == ("undo.pay", MOMENT.now_ms + 1_200)
    assert decided.after is not None
    assert decided.after.header.run_id == RUN


def test_a_run_with_nothing_to_undo_ends_at_once() -> None:
    """As failed."""
    world = paying()
    decided = fail_undoing(world.live(), "too much", Rules(world.playbooks), MOMENT)
    assert decided is not None
    end = decided.events[-1]
    assert isinstance(end, RunEnded)
    assert (end.status, end.reason) == (RunStatus.FAILED, "too much")


def test_a_run_that_ends_already_is_left_to_it() -> None:
    """Whoever undoes, or has ended, must not begin again."""
    world = paying(effects=["beta"], compensate={})
    world.succeed("pay")
    rules = Rules(world.playbooks)
    assert world.live().header.status.terminal
    assert fail_undoing(world.live(), "too much", rules, MOMENT) is None
    ending = fail_undoing(paying(effects=["beta"], compensate={}).live(), "too much", rules, MOMENT)
    assert ending is not None
    assert ending.after is not None
    assert not ending.after.header.status.terminal
    assert fail_undoing(ending.after, "again", rules, MOMENT) is None
