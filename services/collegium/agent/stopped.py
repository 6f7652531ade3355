"""Which runs were told to stop, in bounded memory."""

from collections import OrderedDict


class StoppedRuns:
    """The latest stopped runs.

    When one too many is added, the oldest is forgotten: its late tasks would then be performed. The orchestrator drops
    their outcomes, and what a compensation has closed is not executed; but an effect of a step without compensation is.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._runs: OrderedDict[str, None] = OrderedDict()

    def stop(self, run_id: str) -> None:
        """The run must not go on."""
        self._runs[run_id] = None
        self._runs.move_to_end(run_id)
        if len(self._runs) > self._capacity:
            self._runs.popitem(last=False)

    def release(self, run_id: str) -> None:
        """The order no longer holds."""
        self._runs.pop(run_id, None)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._runs

    def __len__(self) -> int:
        return len(self._runs)
