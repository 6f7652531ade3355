"""Which attempts are in flight here, and which were answered lately, so that a redelivered task is done once."""

from collections import OrderedDict
from typing import NamedTuple

from collegium.agent.attempt import Attempt, Delivery
from collegium.agent.stopped import StoppedRuns
from collegium_schemas.tasks import TaskRequested


class _Asked(NamedTuple):
    """One task: a later run of the same name has others, whatever they are called."""

    task_id: str
    run_accepted_at_ms: int | None

    @classmethod
    def by(cls, task: TaskRequested) -> "_Asked":
        return cls(task.task_id, task.run_accepted_at_ms)


class Workload:
    """Attempts by their tasks. Redelivery is normal, after every rebalance; what this process knows is not repeated."""

    def __init__(self, remembered: int = 4_096) -> None:
        self._remembered = remembered
        self._in_flight: dict[_Asked, Attempt] = {}
        self._answered: OrderedDict[_Asked, None] = OrderedDict()

    def admit(self, task: TaskRequested, delivery: Delivery, now_ms: int) -> Attempt | None:
        """The attempt to perform, or None when it is under way or answered already."""
        asked = _Asked.by(task)
        if (known := self._in_flight.get(asked)) is not None:
            known.deliveries.append(delivery)
            return None
        if asked in self._answered:
            delivery.done()
            return None
        attempt = self._in_flight[asked] = Attempt(task, now_ms, [delivery])
        return attempt

    def answered(self, attempt: Attempt) -> None:
        """Its result is acknowledged; its records are finished."""
        asked = _Asked.by(attempt.task)
        del self._in_flight[asked]
        self._answered[asked] = None
        if len(self._answered) > self._remembered:
            self._answered.popitem(last=False)
        attempt.done()

    def dropped(self, attempt: Attempt, *, finished: bool) -> None:
        """It was not begun. Its records are finished, or left for whoever gets them next."""
        del self._in_flight[_Asked.by(attempt.task)]
        if finished:
            attempt.done()

    def cancel(self, stopped: StoppedRuns) -> None:
        """Stop every attempt of a stopped run, but those that undo what it has done."""
        for attempt in self._in_flight.values():
            if stopped.covers(attempt.task):
                attempt.cancel()
