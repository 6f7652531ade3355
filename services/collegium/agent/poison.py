"""Records on a task topic that are no task for this role, or have ended the processes that worked on them."""

import logging
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from collegium.agent.answers import result_record
from collegium.agent.attempt import Delivery
from collegium.agent.config import RuntimeConfig
from collegium.agent.metrics import AgentMetrics
from collegium.agent.publisher import Publisher
from collegium.agent.text import one_line
from collegium.log.dead_letters import DROPPED_BYTES_HEADER, dead_letter
from collegium.log.errors import RecordTooLarge
from collegium.log.port import Clock, Record
from collegium.telemetry.tracing import Tracing
from collegium_schemas import limits
from collegium_schemas.envelope import EnvelopeError, decode, header, trace_of
from collegium_schemas.tasks import Failure, FailureKind, TaskFailed, TaskRequested

_log = logging.getLogger(__name__)
_STAGE: Final = "agent.intake"
_MOST_KILLERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with a record."""

    error_class: str
    reason: str
    """For the dead letter."""
    message: str
    """For the failed attempt."""


_KILLER: Final = _Fault(
    "WorkerKiller",
    "three processes ended while they worked on this record, the last one on nothing else",
    "three processes of the role ended while they worked on it: it is not tried again; see dead-letters",
)
_KILLED_BEFORE: Final = _Fault(
    "WorkerKiller",
    "an earlier attempt at the same subtask ended three processes",
    "an earlier attempt at the subtask ended three processes: it is not tried again; see dead-letters",
)


def read_task(record: Record, role: str) -> TaskRequested:
    """The task in a record.

    Raises:
        EnvelopeError: it is none, or none for this role.
    """
    task = _decoded(record)
    if task.role != role:
        raise EnvelopeError(f"the task is for role {task.role}, and this is {role}")
    return task


def _decoded(record: Record) -> TaskRequested:
    if record.value is not None and len(record.value) > limits.MAX_MESSAGE_BYTES:
        raise EnvelopeError(f"the body has {len(record.value)} bytes; at most {limits.MAX_MESSAGE_BYTES} are accepted")
    header(record.headers, "ce_id")  # refuses one that is not text, before anyone else reads it
    return decode(record.headers, record.value, TaskRequested)


class Poison:
    """Puts unusable records into dead-letters and, where they still name an attempt, fails it at once."""

    def __init__(
        self,
        publisher: Publisher,
        tracing: Tracing,
        metrics: AgentMetrics,
        *,
        role: str,
        config: RuntimeConfig,
        clock: Clock,
    ) -> None:
        self._publisher = publisher
        self._tracing = tracing
        self._metrics = metrics
        self._role = role
        self._worker = config.worker
        self._dead_letters = config.names("dead-letters")
        self._results = config.names("results")
        self._clock = clock
        self._killers: OrderedDict[tuple[str, int | None], None] = OrderedDict()
        """Subtasks, as `run/subtask`, each with its run's acceptance."""

    async def bury(self, delivery: Delivery, error: EnvelopeError) -> None:
        """Keep the bytes of a record that is no task, fail the attempt that it names, and be done with it.

        Raises:
            LogGone: the log has been away for longer than the bound; the record will be redelivered.
        """
        fault = _Fault(type(error).__name__, error.reason, f"the task could not be read: {error.reason}")
        await self._bury(delivery, fault)

    async def bury_killer(self, delivery: Delivery, subtask: str | None) -> None:
        """The same for a record that is not worked on because of what became of those who did.

        Args:
            delivery: The record.
            subtask: Set when another attempt at this subtask was the one.

        Raises:
            LogGone: as for `bury`.
        """
        if subtask is None and (found := _subtask(delivery.record)) is not None:
            self._killers[found, _run_accepted_at_ms(delivery.record)] = None
            if len(self._killers) > _MOST_KILLERS:
                self._killers.popitem(last=False)
        await self._bury(delivery, _KILLER if subtask is None else _KILLED_BEFORE)

    def killer(self, task: TaskRequested) -> str | None:
        """The task's subtask, when an earlier attempt at it was buried here as a killer."""
        subtask = f"{task.run_id}/{task.subtask_id}"
        return subtask if (subtask, task.run_accepted_at_ms) in self._killers else None

    async def _bury(self, delivery: Delivery, error: _Fault) -> None:
        record = delivery.record
        where = f"{record.topic}-{record.partition} offset {record.offset}"
        _log.error("dead-lettered %s: %s", where, error.reason)
        with self._tracing.span(f"process {record.topic}", kind="consumer", parent=trace_of(record.headers)) as span:
            span.event("dead_letter", {"reason": error.reason, "record": where})
            span.fail(FailureKind.POISON.value, error.reason)
            await self._keep(record, error)
            if (failed := self._failed(record, error)) is not None:
                await self._publisher.publish([result_record(failed, self._results, span.context)])
        self._metrics.dead_lettered.inc()
        delivery.done()

    async def _keep(self, record: Record, error: _Fault) -> None:
        letter = dead_letter(
            record,
            topic=self._dead_letters,
            stage=_STAGE,
            error_class=error.error_class,
            reason=error.reason,
        )
        try:
            await self._publisher.publish([letter])
        except RecordTooLarge:  # an operator made the topic smaller: its bytes stay where the headers say
            size = str(len(letter.value or b"")).encode()
            headers = (*letter.headers, (DROPPED_BYTES_HEADER, size))
            await self._publisher.publish([replace(letter, value=b"", headers=headers)])

    def _failed(self, record: Record, error: _Fault) -> TaskFailed | None:
        """The failure of the attempt that the record names; None when it names none."""
        now_ms = self._clock()
        try:
            run_id, subtask_id, attempt = _task_id(record).split("/")
            return TaskFailed(
                run_id=run_id,
                subtask_id=subtask_id,
                attempt=int(attempt),
                role=self._role,
                worker=self._worker,
                run_accepted_at_ms=_run_accepted_at_ms(record),
                started_at_ms=now_ms,
                ended_at_ms=now_ms,
                failure=Failure(kind=FailureKind.POISON, message=one_line(error.message)),
            )
        except ValueError:  # no such name, or one of another form; EnvelopeError and ValidationError are ValueErrors
            return None


def _run_accepted_at_ms(record: Record) -> int | None:
    """Which run of its name a record is about; None where it cannot be read, or does not say so."""
    try:
        return _decoded(record).run_accepted_at_ms
    except EnvelopeError:
        return None


def _subtask(record: Record) -> str | None:
    """The subtask that a record names, as `run/subtask`."""
    try:
        run_id, subtask_id, _ = _task_id(record).split("/")
    except ValueError:
        return None
    return f"{run_id}/{subtask_id}"


def _task_id(record: Record) -> str:
    """`run/subtask/attempt`, as the record's subject, or its identifier, has it (docs/contracts.md)."""
    return header(record.headers, "ce_subject") or header(record.headers, "ce_id") or ""
