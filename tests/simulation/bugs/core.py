"""Bugs in decisions."""

from dataclasses import replace

from collegium.orchestrator.core.deciding import decide
from collegium.orchestrator.core.decision import Decided
from collegium.orchestrator.core.model import Input, Moment, OutcomeArrived, Rules, Run, Timer
from collegium.orchestrator.shell import transaction
from collegium.orchestrator.shell.timers import Timers
from collegium_schemas.state import SubtaskStatus
from simulation.bugs.applying import Bug, Change


def _takes_outcomes_again(run: Run | None, happened: Input, rules: Rules, moment: Moment) -> Decided:
    """A second outcome of an attempt is treated as its first."""
    if run is not None and isinstance(happened, OutcomeArrived) and not run.header.status.terminal:
        part = run.subtasks.get(happened.outcome.subtask_id)
        if part is not None and part.attempt == happened.outcome.attempt and part.status is SubtaskStatus.SUCCEEDED:
            again = part.model_copy(update={"status": SubtaskStatus.RUNNING})
            run = replace(run, subtasks=run.subtasks.replaced({part.spec.subtask_id: again}))
    return decide(run, happened, rules, moment)


def _takes_any_attempt(run: Run | None, happened: Input, rules: Rules, moment: Moment) -> Decided:
    """The outcome of an earlier attempt is taken for the one under way."""
    if run is not None and isinstance(happened, OutcomeArrived):
        part = run.subtasks.get(happened.outcome.subtask_id)
        if part is not None and part.status is SubtaskStatus.RUNNING and part.attempt > happened.outcome.attempt:
            outcome = happened.outcome.model_copy(update={"attempt": part.attempt})
            happened = replace(happened, outcome=outcome)
    return decide(run, happened, rules, moment)


class _NeverArchives(Timers):
    def arm(self, timer: Timer) -> None:
        """An ended run has no timer."""
        if timer.kind != "archive":
            _ARM(self, timer)


_ARM = Timers.arm


BUGS = (
    Bug(
        "dedupe-removed",
        "a second outcome of an attempt is accepted",
        (Change(transaction, "decide", _takes_outcomes_again),),
    ),
    Bug(
        "any-attempt",
        "the outcome of an earlier attempt is accepted",
        (Change(transaction, "decide", _takes_any_attempt),),
    ),
    Bug("never-archived", "an ended run has no timer", (Change(Timers, "arm", _NeverArchives.arm),)),
)
