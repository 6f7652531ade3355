"""Bugs in the agents' runtime."""

from collections.abc import Sequence

from collegium.agent import runtime
from collegium.agent.answers import Answers
from collegium.agent.attempt import Attempt, Delivery
from collegium.agent.offsets import PartitionOffsets
from collegium.agent.publisher import Publisher
from collegium.agent.specialist import Success
from collegium.agent.workload import Workload
from collegium.log.errors import LogError
from collegium.log.port import Outgoing, Position
from collegium_schemas.tasks import ContextRef, Failure, TaskFailed, TaskRequested, TaskSucceeded
from simulation.bugs.applying import Bug, Change


class _DoneWhenTaken(Workload):
    """A record counts as finished when its task is begun."""

    def admit(self, task: TaskRequested, delivery: Delivery, now_ms: int) -> Attempt | None:
        attempt = super().admit(task, delivery, now_ms)
        delivery.done()
        return attempt


class _LatestFinished(PartitionOffsets):
    def finished(self, offset: int) -> None:
        """Offsets follow the latest record that is finished, whatever stands before it."""
        if offset in self._under_way:
            self._under_way.remove(offset)
        self._next = max(self._next or 0, offset + 1)


async def _answer_first(self: Answers, attempt: Attempt, outcome: Success | Failure) -> TaskSucceeded | TaskFailed:
    """The record is marked as finished before its result is sent."""
    attempt.done()
    return await _SEND(self, attempt, outcome)


_SEND = Answers.send


class _WritesOutputsLater(Answers):
    """The result names outputs that are still on their way."""

    async def _store(self, task: TaskRequested, success: Success) -> tuple[ContextRef, ...]:
        return tuple(
            ContextRef(name=output.name, partition=0, offset=0, sha256="0" * 64, size_bytes=1)
            for output in success.outputs
        )


class _GivesUp(Publisher):
    async def publish(self, records: Sequence[Outgoing]) -> list[Position]:
        """A record whose acknowledgement does not come is not sent again."""
        producer = await self._current()
        found: list[Position] = []
        for record in records:
            try:
                found.append(await (await producer.send(record)))
            except LogError:
                found.append(Position(record.topic, 0, 0))
        return found


BUGS = (
    Bug(
        "offsets-before-result",
        "a task's record is finished when it is taken",
        (Change(runtime, "Workload", _DoneWhenTaken),),
    ),
    Bug(
        "offsets-past-unfinished",
        "offsets follow the latest finished record",
        (Change(PartitionOffsets, "finished", _LatestFinished.finished),),
    ),
    Bug(
        "finished-before-sent",
        "a record is finished before its result is sent",
        (Change(Answers, "send", _answer_first),),
    ),
    Bug(
        "outputs-not-stored",
        "a result names outputs that are not in the context",
        (Change(runtime, "Answers", _WritesOutputsLater),),
    ),
    Bug(
        "sent-once",
        "a result without acknowledgement is not sent again",
        (Change(Publisher, "publish", _GivesUp.publish),),
    ),
)
