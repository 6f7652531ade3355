"""Answering: outputs to the shared context, then the result that names them."""

from typing import Final

from pydantic import ValidationError

from collegium.agent import entries
from collegium.agent.attempt import Attempt
from collegium.agent.entries import Entry
from collegium.agent.metrics import AgentMetrics
from collegium.agent.publisher import Publisher
from collegium.agent.specialist import SpecialistFailure, Success
from collegium.agent.text import explain, one_line
from collegium.faults.points import FaultPoint, Point
from collegium.log.errors import RecordTooLarge
from collegium.log.port import Clock, Outgoing
from collegium.log.topics import TopicNames
from collegium.telemetry.conventions import MESSAGING_BATCH_MESSAGE_COUNT
from collegium.telemetry.messaging import acknowledged, send_span
from collegium.telemetry.tracing import Tracing
from collegium_schemas.base import TraceContext
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.tasks import ContextRef, Failure, FailureKind, TaskFailed, TaskRequested, TaskSucceeded

SHA256_HEADER: Final = "collegium_sha256"


class Answers:
    """Writes what an attempt returned. When `send` returns, the result is acknowledged by the log."""

    def __init__(
        self,
        publisher: Publisher,
        tracing: Tracing,
        metrics: AgentMetrics,
        *,
        names: TopicNames,
        worker: str,
        clock: Clock,
        reached: FaultPoint,
    ) -> None:
        self._publisher = publisher
        self._tracing = tracing
        self._metrics = metrics
        self._context_topic = names("context")
        self._results_topic = names("results")
        self._worker = worker
        self._clock = clock
        self._reached = reached

    async def send(self, attempt: Attempt, outcome: Success | Failure) -> TaskSucceeded | TaskFailed:
        """Write the outputs and the result.

        Returns:
            The result that was sent: a success whose outputs are not acceptable becomes a failure.

        Raises:
            LogGone: the log has been away for longer than the bound; the task will be redelivered.
        """
        self._reached(Point.AGENT_BEFORE_CONTEXT)
        result = await self._result(attempt, outcome)
        self._reached(Point.AGENT_AFTER_CONTEXT)
        with send_span(self._tracing, self._results_topic, message_id=f"{result.task_id}/outcome") as span:
            record = result_record(result, self._results_topic, span.context)
            [position] = await self._publisher.publish([record])
            acknowledged(span, position.partition, position.offset)
        self._reached(Point.AGENT_AFTER_RESULT)
        self._count(result)
        return result

    async def _result(self, attempt: Attempt, outcome: Success | Failure) -> TaskSucceeded | TaskFailed:
        if isinstance(outcome, Failure):
            return self.failed(attempt, outcome)
        try:
            return self._succeeded(attempt, outcome, await self._store(attempt.task, outcome))
        except SpecialistFailure as failure:
            return self.failed(attempt, Failure(kind=failure.kind, message=one_line(failure.message)))
        except ValidationError as error:
            message = one_line(f"the attempt's result breaks its contract: {explain(error)}")
            return self.failed(attempt, Failure(kind=FailureKind.INVALID_OUTPUT, message=message))

    async def _store(self, task: TaskRequested, success: Success) -> tuple[ContextRef, ...]:
        outputs = entries.encode(task, success.outputs)
        if not outputs:
            return ()
        size_bytes = sum(len(entry.content) for entry in outputs)
        with send_span(self._tracing, self._context_topic) as span:
            span.set_attributes({MESSAGING_BATCH_MESSAGE_COUNT: len(outputs)})
            records = [self._context_record(task, entry, span.context) for entry in outputs]
            try:
                positions = await self._publisher.publish(records)
            except RecordTooLarge as error:
                message = f"an output is larger than topic {self._context_topic} allows: {error}"
                raise SpecialistFailure(FailureKind.INVALID_OUTPUT, message) from error
        self._metrics.context_bytes.inc(size_bytes)
        return entries.refs(zip(outputs, positions, strict=True))

    def _context_record(self, task: TaskRequested, entry: Entry, trace: TraceContext) -> Outgoing:
        envelope = Envelope(
            id=f"{task.task_id}/{entry.name}",
            source=f"/collegium/{task.role}",
            type=entry.type,
            time_ms=self._clock(),
            subject=task.task_id,
            trace=trace,
        )
        headers = (*encode_headers(envelope), (SHA256_HEADER, entry.sha256.encode()))
        return Outgoing(self._context_topic, f"{task.task_id}/{entry.name}".encode(), entry.content, headers)

    def _succeeded(self, attempt: Attempt, success: Success, refs: tuple[ContextRef, ...]) -> TaskSucceeded:
        task = attempt.task
        ended_at_ms = self._clock()
        return TaskSucceeded(
            run_id=task.run_id,
            subtask_id=task.subtask_id,
            attempt=task.attempt,
            role=task.role,
            worker=self._worker,
            run_accepted_at_ms=task.run_accepted_at_ms,
            started_at_ms=attempt.started_at_ms or ended_at_ms,
            ended_at_ms=ended_at_ms,
            usage=success.usage,
            outputs=refs,
            confidence=success.confidence,
            evidence_count=success.evidence_count,
            note=one_line(success.note),
            review=success.review,
        )

    def failed(self, attempt: Attempt, failure: Failure) -> TaskFailed:
        """The result for a failed attempt."""
        task = attempt.task
        ended_at_ms = self._clock()
        return TaskFailed(
            run_id=task.run_id,
            subtask_id=task.subtask_id,
            attempt=task.attempt,
            role=task.role,
            worker=self._worker,
            run_accepted_at_ms=task.run_accepted_at_ms,
            started_at_ms=attempt.started_at_ms or ended_at_ms,
            ended_at_ms=ended_at_ms,
            failure=failure,
        )

    def _count(self, result: TaskSucceeded | TaskFailed) -> None:
        if isinstance(result, TaskFailed):
            self._metrics.failed(result.failure.kind.value)
        else:
            self._metrics.succeeded()


def result_record(result: TaskSucceeded | TaskFailed, topic: str, trace: TraceContext) -> Outgoing:
    """A result as a record of the results topic, keyed by its run."""
    envelope = Envelope(
        id=f"{result.task_id}/outcome",
        source=f"/collegium/{result.role}",
        type=result.TYPE,
        time_ms=result.ended_at_ms,
        subject=result.task_id,
        trace=trace,
    )
    return Outgoing(topic, result.run_id.encode(), result.to_json(), encode_headers(envelope))
