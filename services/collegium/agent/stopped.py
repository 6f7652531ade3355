"""Which runs were told to stop, in bounded memory."""

from collections import OrderedDict

from collegium_schemas.tasks import TaskRequested


class StoppedRuns:
    """The latest stopped runs.

    When one too many is added, the oldest is forgotten: its late tasks would then be performed. The orchestrator drops
    their outcomes, and what a compensation has closed is not executed; but an effect of a step without compensation is.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._runs: OrderedDict[str, int | None] = OrderedDict()

    def stop(self, run_id: str, run_accepted_at_ms: int | None = None) -> None:
        """The run must not go on; with the time of its acceptance, no other of its name is meant."""
        self._runs[run_id] = run_accepted_at_ms
        self._runs.move_to_end(run_id)
        if len(self._runs) > self._capacity:
            self._runs.popitem(last=False)

    def release(self, run_id: str) -> None:
        """The order no longer holds."""
        self._runs.pop(run_id, None)

    def covers(self, task: TaskRequested) -> bool:
        """True when the task's run was told to stop, and the task does not undo what it has done."""
        if task.run_id not in self._runs or task.compensates is not None:
            return False
        meant = self._runs[task.run_id]
        return meant is None or task.run_accepted_at_ms in {None, meant}

    def __len__(self) -> int:
        return len(self._runs)
