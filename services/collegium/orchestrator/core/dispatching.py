"""Which subtasks are ready, and how many of them one decision dispatches; what is beyond that a later one does."""

from collections.abc import Mapping
from typing import Final

from collegium_schemas.limits import MAX_MESSAGE_BYTES
from collegium_schemas.objective import ObjectiveSubmitted
from collegium_schemas.state import SubtaskPart, SubtaskStatus

LARGEST_INPUT_BYTES: Final = 512
"""More than a task says of one input without its content."""

_FRAME_BYTES: Final = 512
"""What a task and the event of its dispatch say besides the objective, the subtask and its inputs."""


def ready(part: SubtaskPart, subtasks: Mapping[str, SubtaskPart], now_ms: int, *, due: bool) -> bool:
    """Whether a subtask's next attempt may be dispatched.

    Args:
        part: The subtask.
        subtasks: All of its run.
        now_ms: The time.
        due: Its back-off is over because its timer says so, whatever the clock says.
    """
    if part.status is SubtaskStatus.BACKOFF:
        return due or (part.retry_at_ms is not None and part.retry_at_ms <= now_ms)
    if part.status is not SubtaskStatus.PENDING:
        return False
    return all(subtasks[needed].status.ended for needed in part.spec.depends_on)


class Room:
    """What one decision may still dispatch. Once something does not fit, nothing further does: the order is kept.

    Args:
        most_bytes: What its tasks may take together, without content; the first one is sent whatever it takes.
    """

    def __init__(self, most_bytes: int) -> None:
        self.deferred = 0
        """Subtasks that had no room."""
        self._unweighed: list[SubtaskPart] = []
        self._fit_anyway = max(1, most_bytes // MAX_MESSAGE_BYTES)
        """So many tasks fit, whatever their size: usual plans are not weighed at all."""
        self._left = most_bytes
        self._objective_bytes: int | None = None

    def takes(
        self, part: SubtaskPart, subtasks: Mapping[str, SubtaskPart], objective: ObjectiveSubmitted | None
    ) -> bool:
        """Whether the subtask's task is dispatched now; it is counted either way."""
        if self.deferred == 0 and self._fits(part, subtasks, objective):
            return True
        self.deferred += 1
        return False

    def _fits(
        self, part: SubtaskPart, subtasks: Mapping[str, SubtaskPart], objective: ObjectiveSubmitted | None
    ) -> bool:
        if self._objective_bytes is None:
            if len(self._unweighed) < self._fit_anyway:
                self._unweighed.append(part)
                return True
            self._objective_bytes = 0 if objective is None else _said_in_each_task(objective)
            self._left -= sum(self._objective_bytes + _bytes(each, subtasks) for each in self._unweighed)
        self._left -= self._objective_bytes + _bytes(part, subtasks)
        return self._left >= 0


def _said_in_each_task(objective: ObjectiveSubmitted) -> int:
    """Its parameters are the subtasks' own."""
    return len(objective.model_copy(update={"params": {}}).to_json())


def _bytes(part: SubtaskPart, subtasks: Mapping[str, SubtaskPart]) -> int:
    """No less than what is written of a dispatch, without content and without the subtask's own state."""
    given = sum(len(subtasks[source].outputs) for source in part.spec.inputs)
    failed = 0 if part.failure is None else len(part.failure.to_json())
    return _FRAME_BYTES + len(part.spec.to_json()) + given * LARGEST_INPUT_BYTES + failed
