"""Performing one attempt within its deadline, and turning whatever happens into an outcome."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from collegium.agent.attempt import Attempt
from collegium.agent.bench import AttemptBench, Equipment
from collegium.agent.metrics import AgentMetrics
from collegium.agent.specialist import Specialist, SpecialistFailure, Success
from collegium.agent.text import explain, one_line
from collegium.cancellation import asked
from collegium.log.port import Clock
from collegium.telemetry.conventions import invoke_agent
from collegium.telemetry.tracing import ActiveSpan
from collegium_schemas.tasks import Failure, FailureKind

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dropped:
    """An attempt that was not begun and needs no answer."""

    reason: str
    finished: bool
    """True when its record needs no further work; False leaves it to whoever gets it next."""


_CANCELLED: Final = Dropped("cancelled", finished=True)
_REVOKED: Final = Dropped("revoked", finished=False)
_DRAINING: Final = Dropped("draining", finished=False)


class Performer:
    """Gives attempts their turn, a bounded number at once, and calls the specialist."""

    def __init__(
        self,
        specialist: Specialist,
        equipment: Equipment,
        metrics: AgentMetrics,
        *,
        concurrency: int,
        draining: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._specialist = specialist
        self._equipment = equipment
        self._metrics = metrics
        self._turns = asyncio.Semaphore(concurrency)
        self._draining = draining
        self._clock = clock

    async def perform(self, attempt: Attempt) -> Success | Failure | Dropped:
        """Wait for a turn and do the work. Ends at the attempt's deadline at the latest."""
        remaining_ms = attempt.task.deadline_at_ms - self._clock()
        if remaining_ms <= 0:
            return _timeout("its deadline had passed before it arrived here")
        try:
            async with attempt.enter_scope(remaining_ms / 1000), self._turns:
                return self._not_begun(attempt) or await self._work(attempt)
        except TimeoutError:
            return self._cut_short(attempt)
        finally:
            attempt.leave_scope()

    def _not_begun(self, attempt: Attempt) -> Dropped | None:
        if attempt.cancelled:
            return _CANCELLED
        if attempt.orphaned:
            return _REVOKED
        return _DRAINING if self._draining() else None

    def _cut_short(self, attempt: Attempt) -> Failure | Dropped:
        if attempt.started_at_ms is None:
            return _CANCELLED if attempt.cancelled else _timeout("its deadline passed while it waited for its turn")
        if attempt.cancelled:
            return Failure(kind=FailureKind.CANCELLED, message="the run was stopped", permanent=True)
        if attempt.stalled:
            return _timeout(f"it did nothing for {attempt.task.heartbeat_timeout_ms} ms (heartbeat_timeout_ms)")
        allowed_ms = attempt.task.deadline_at_ms - attempt.started_at_ms
        return _timeout(f"it was not done within the {allowed_ms} ms that were left when it began")

    async def _work(self, attempt: Attempt) -> Success | Failure:
        attempt.started_at_ms = self._clock()
        self._metrics.queue_seconds.observe((attempt.started_at_ms - attempt.received_at_ms) / 1000)
        name, attributes = invoke_agent(self._specialist.role)
        self._equipment.heartbeats.watch(attempt)
        try:
            with self._equipment.tracing.span(name, attributes=attributes) as span:
                return await self._invoke(attempt, span)
        finally:
            self._equipment.heartbeats.unwatch(attempt)

    async def _invoke(self, attempt: Attempt, span: ActiveSpan) -> Success | Failure:
        try:
            return _success(await self._specialist.perform(attempt.task, AttemptBench(attempt, self._equipment)))
        except asyncio.CancelledError as error:
            if not asked():
                return self._defect(attempt, span, error)
            kind = FailureKind.CANCELLED if attempt.cancelled else FailureKind.TIMEOUT
            span.fail(kind.value, "the attempt was stopped before its end")
            raise
        except SpecialistFailure as failure:
            span.fail(failure.kind.value, failure.message)
            return Failure(kind=failure.kind, message=one_line(failure.message), permanent=failure.permanent)
        except Exception as error:  # noqa: BLE001 - an attempt's defect is its outcome
            return self._defect(attempt, span, error)

    def _defect(self, attempt: Attempt, span: ActiveSpan, error: BaseException) -> Failure:
        _log.error("attempt %s failed unexpectedly", attempt.task.task_id, exc_info=error)
        span.fail(type(error).__name__, explain(error))
        return Failure(kind=FailureKind.INTERNAL, message=one_line(f"unexpected {explain(error)}"))


def _success(result: object) -> Success:
    if not isinstance(result, Success):
        raise TypeError(f"perform returned {type(result).__name__} instead of Success")
    return result


def _timeout(what: str) -> Failure:
    return Failure(kind=FailureKind.TIMEOUT, message=f"the attempt was given up: {what}")
