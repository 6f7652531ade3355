"""A run's timers are a function of its state, so a new owner arms exactly the ones that the old owner had."""

from collections.abc import Iterable, Iterator
from typing import Final

from collegium.orchestrator.core.model import Rules, Timer
from collegium_schemas.state import RunHeader, SubtaskPart, SubtaskStatus

TIMED: Final = (SubtaskStatus.RUNNING, SubtaskStatus.BACKOFF)
"""The statuses in which a subtask may have a timer."""


def run_timer(header: RunHeader, rules: Rules) -> Timer | None:
    """The run's own timer: its deadline while it lives, its removal from run-state afterwards."""
    if header.ended_at_ms is not None:
        return Timer(header.ended_at_ms + rules.archive_after_ms, header.run_id, "archive")
    if header.deadline_at_ms is not None:
        return Timer(header.deadline_at_ms, header.run_id, "run_deadline")
    return None


def subtask_timer(run_id: str, part: SubtaskPart, rules: Rules) -> Timer | None:
    """The subtask's timer: its attempt's deadline while it runs, its next attempt while it backs off."""
    if part.status is SubtaskStatus.RUNNING and part.deadline_at_ms is not None:
        at_ms = part.deadline_at_ms + rules.attempt_grace_ms
        return Timer(at_ms, run_id, "attempt_deadline", part.spec.subtask_id, part.attempt)
    if part.status is SubtaskStatus.BACKOFF and part.retry_at_ms is not None:
        return Timer(part.retry_at_ms, run_id, "retry", part.spec.subtask_id, part.attempt + 1)
    return None


def timers(header: RunHeader, subtasks: Iterable[SubtaskPart], rules: Rules) -> Iterator[Timer]:
    """Every timer that these parts of a run's state call for."""
    own = run_timer(header, rules)
    if own is not None:
        yield own
    if header.status.terminal:
        return
    for part in subtasks:
        timer = subtask_timer(header.run_id, part, rules)
        if timer is not None:
            yield timer
