"""Which attempts are in flight here, and which were answered lately, so that a redelivered task is done once."""

from collections import OrderedDict

from collegium.agent.attempt import Attempt, Delivery
from collegium_schemas.tasks import TaskRequested


class Workload:
    """Attempts by task_id. Redelivery is normal, after every rebalance; what this process knows is not repeated."""

    def __init__(self, remembered: int = 4_096) -> None:
        self._remembered = remembered
        self._in_flight: dict[str, Attempt] = {}
        self._answered: OrderedDict[str, None] = OrderedDict()

    def admit(self, task: TaskRequested, delivery: Delivery, now_ms: int) -> Attempt | None:
        """The attempt to perform, or None when it is under way or answered already."""
        if (known := self._in_flight.get(task.task_id)) is not None:
            known.deliveries.append(delivery)
            return None
        if task.task_id in self._answered:
            delivery.done()
            return None
        attempt = self._in_flight[task.task_id] = Attempt(task, now_ms, [delivery])
        return attempt

    def answered(self, attempt: Attempt) -> None:
        """Its result is acknowledged; its records are finished."""
        del self._in_flight[attempt.task.task_id]
        self._answered[attempt.task.task_id] = None
        if len(self._answered) > self._remembered:
            self._answered.popitem(last=False)
        attempt.done()

    def dropped(self, attempt: Attempt, *, finished: bool) -> None:
        """It was not begun. Its records are finished, or left for whoever gets them next."""
        del self._in_flight[attempt.task.task_id]
        if finished:
            attempt.done()

    def cancel_run(self, run_id: str) -> None:
        """Stop every attempt of a run, but those that undo what it has done."""
        for attempt in self._in_flight.values():
            if attempt.task.run_id == run_id and attempt.task.compensates is None:
                attempt.cancel()
