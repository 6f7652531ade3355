"""The specialist runtime: tasks come in, the specialist performs them, outcomes go out, offsets follow."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from functools import partial
from typing import Final

from collegium.agent.answers import Answers
from collegium.agent.attempt import Attempt, Delivery
from collegium.agent.bench import Equipment
from collegium.agent.config import RuntimeConfig
from collegium.agent.context import ContentCache, ContextReader
from collegium.agent.control import ControlTail
from collegium.agent.effects import Executing
from collegium.agent.effects_call import EffectEquipment
from collegium.agent.effects_desk import Desks
from collegium.agent.effects_tail import EffectTail
from collegium.agent.errors import ToolThreadsGone
from collegium.agent.gate import Gate
from collegium.agent.heartbeats import Heartbeats
from collegium.agent.intake import Intake
from collegium.agent.metrics import AgentMetrics
from collegium.agent.offsets import PartitionOffsets
from collegium.agent.performer import Dropped, Performer
from collegium.agent.poison import Poison, read_task
from collegium.agent.publisher import Publisher
from collegium.agent.specialist import Specialist
from collegium.agent.stopped import StoppedRuns
from collegium.agent.threads import ToolThreads
from collegium.agent.workload import Workload
from collegium.cancellation import guarded
from collegium.faults.points import Point
from collegium.log.port import Clock, Log, Record
from collegium.telemetry import conventions as conv
from collegium.telemetry.logs import bind_run
from collegium.telemetry.messaging import process_span
from collegium.telemetry.tracing import ActiveSpan, Tracing, derived_span
from collegium_schemas.envelope import EnvelopeError, trace_of
from collegium_schemas.tasks import TaskFailed, TaskRequested

_log = logging.getLogger(__name__)
_LOOK_S: Final = 1.0

Work = Callable[[], Coroutine[None, None, None]]
"""Makes the coroutine where it is awaited: a task that is cancelled before its first step leaves none behind."""


class AgentRuntime:
    """One specialist at work, as a member of its role's consumer group.

    Args:
        specialist: Does the work.
        log: Where tasks come from and outcomes go.
        tracing: Gets a `process` span per task.
        metrics: The role's counters.
        config: Bounds.
        clock: The time that deadlines are measured by.
    """

    def __init__(
        self,
        specialist: Specialist,
        log: Log,
        tracing: Tracing,
        metrics: AgentMetrics,
        config: RuntimeConfig,
        *,
        clock: Clock,
    ) -> None:
        names = config.names
        self._config = config
        self._tracing = tracing
        self._metrics = metrics
        self._clock = clock
        self._role = specialist.role
        self._group = names(specialist.role)
        self._tasks: set[asyncio.Task[None]] = set()
        self._workload = Workload()
        self._stopped = StoppedRuns()
        self._gate = Gate(high=config.high_water, low=config.low_water)
        self._threads = ToolThreads(config.concurrency)
        self._publisher = Publisher(log, config.patience)
        self._intake = Intake(
            log,
            names.tasks(self._role),
            self._group,
            self._gate,
            metrics=metrics,
            tracing=tracing,
            config=config,
            clock=clock,
        )
        self._control = ControlTail(log, names("control"), self._stopped, self._workload.cancel, config.patience)
        self._heartbeats = Heartbeats(
            self._publisher.offer, names("progress"), interval_ms=config.heartbeat_ms, clock=clock
        )
        self._answers = Answers(
            self._publisher, tracing, metrics, names=names, worker=config.worker, clock=clock, reached=config.reached
        )
        self._poison = Poison(self._publisher, tracing, metrics, role=self._role, config=config, clock=clock)
        cache = ContentCache(config.cache_bytes)
        reader = ContextReader(log, names("context"), cache, read_timeout_ms=config.read_timeout_ms)
        self._effects = EffectTail(log, names("effects"), config.patience, capacity=config.effects.remembered)
        self._desks = self._desks_of(specialist)
        self._performer = Performer(
            specialist,
            Equipment(reader, self._threads, self._heartbeats, tracing, self._desks),
            metrics,
            concurrency=config.concurrency,
            draining=lambda: self._intake.draining,
            clock=clock,
        )
        metrics.watch("agent_tasks_in_flight", "Tasks taken and not finished", lambda: self._gate.in_flight)
        metrics.watch("agent_stopped_runs", "Runs known to be stopped", lambda: len(self._stopped))
        metrics.watch("agent_tool_threads_abandoned", "Threads of overdue tools", lambda: self._threads.abandoned)

    def _desks_of(self, specialist: Specialist) -> Desks | None:
        """Desks for effects, of a specialist that has targets to change."""
        if not isinstance(specialist, Executing) or not specialist.effect_targets:
            return None
        config = self._config
        self._metrics.watch("agent_effects_remembered", "Effects of kept runs", lambda: len(self._effects))
        return Desks(
            EffectEquipment(
                tail=self._effects,
                publisher=self._publisher,
                targets=specialist.effect_targets,
                tracing=self._tracing,
                names=config.names,
                worker=config.worker,
                clock=self._clock,
                bounds=config.effects,
                reached=config.reached,
                name_claim=config.name_claim,
                count=self._metrics.effect,
            )
        )

    def ready(self) -> bool | str:
        """True when tasks are taken; else what is missing."""
        if not self._control.caught_up.is_set():
            return "the control topic has not been read to its end"
        if self._desks is not None and not self._effects.caught_up.is_set():
            return "the effects topic has not been read to its end"
        if not self._intake.settled:
            return "the consumer group has not told which partitions are this process's"
        return True

    def drain(self) -> None:
        """Take no further task; `run` ends when the running ones are done, or after the bound."""
        self._intake.drain()

    async def run(self) -> None:
        """Work until drained.

        Raises:
            ExceptionGroup: of `LogGone`, when the log has been away for longer than the bound, of
                `ToolThreadsGone`, or of `CancelledWithin`. What was not committed is redelivered.
        """
        drained = False
        try:
            async with self._publisher, asyncio.TaskGroup() as group:
                background = [group.create_task(guarded(part, work)) for part, work in self._background().items()]
                if self._desks is not None:
                    self._desks.serve_in(group)
                await self._control.caught_up_or(self._intake.drain_asked)
                await guarded("taking tasks", lambda: self._intake.run(partial(self._take, group)))
                await self._finish()
                for task in background:
                    task.cancel()
            drained = True
        finally:
            self._threads.close()
            await self._intake.close(commit=drained)

    def _background(self) -> dict[str, Work]:
        """What goes on all the time, by name."""
        effects: dict[str, Work] = {} if self._desks is None else {"reading effects": self._effects.run}
        return {
            "reading control": self._control.run,
            "heartbeats": self._heartbeats.run,
            "committing offsets": self._intake.commits,
            "watching threads": self._watch_threads,
            **effects,
        }

    async def _finish(self) -> None:
        _log.info("%s drains: %d tasks in flight", self._role, self._gate.in_flight)
        if not await self._gate.emptied(self._config.drain_ms):
            _log.warning("%s gives up %d tasks; they will be redelivered", self._role, self._gate.in_flight)
            for task in self._tasks:
                task.cancel()

    async def _watch_threads(self) -> None:
        held_s = 0.0
        while held_s * 1000 < self._config.threads_gone_ms:
            await asyncio.sleep(_LOOK_S)
            held_s = held_s + _LOOK_S if self._threads.abandoned >= self._threads.size else 0.0
        raise ToolThreadsGone(self._threads.size)

    def _take(self, group: asyncio.TaskGroup, record: Record, offsets: PartitionOffsets) -> None:
        work = self._work_on(record, offsets)
        if work is None:
            self._intake.finished()
            return
        self._gate.enter()
        running = group.create_task(self._within_gate(work))
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    def _work_on(self, record: Record, offsets: PartitionOffsets) -> Work | None:
        """What a record asks for; None when nothing is to be done."""
        delivery = Delivery(record, offsets)
        if record.offset == offsets.standing.condemned:
            return partial(self._poison.bury_killer, delivery, None)
        try:
            task = read_task(record, self._role)
        except EnvelopeError as error:
            return partial(self._poison.bury, delivery, error)
        if self._stopped.covers(task):
            delivery.done()
            self._metrics.skipped("cancelled")
            return None
        if (subtask := self._poison.killer(task)) is not None:
            return partial(self._poison.bury_killer, delivery, subtask)
        attempt = self._workload.admit(task, delivery, self._clock())
        if attempt is None:
            self._metrics.redelivered.inc()
            return None
        self._config.reached(Point.AGENT_TAKEN)
        return partial(self._work, attempt)

    async def _within_gate(self, work: Work) -> None:
        try:
            await guarded("work on a task", work)
        finally:
            self._gate.leave()
            self._intake.finished()

    async def _work(self, attempt: Attempt) -> None:
        with bind_run(attempt.task.run_id, attempt.task.task_id), self._span(attempt) as span:
            outcome = await self._performer.perform(attempt)
            if isinstance(outcome, Dropped):
                span.set_attributes({conv.OUTCOME: outcome.reason})
                self._metrics.skipped(outcome.reason)
                self._workload.dropped(attempt, finished=outcome.finished)
                return
            result = await self._answers.send(attempt, outcome)
            if isinstance(result, TaskFailed):
                span.fail(result.failure.kind.value, result.failure.message)
            span.set_attributes({conv.OUTCOME: "failed" if isinstance(result, TaskFailed) else "succeeded"})
        self._metrics.seconds.observe((self._clock() - result.started_at_ms) / 1000)
        self._workload.answered(attempt)

    def _span(self, attempt: Attempt) -> AbstractContextManager[ActiveSpan]:
        task, record = attempt.task, attempt.deliveries[0].record
        trace = trace_of(record.headers) if task.attempt > 1 else None
        previous = () if trace is None else (derived_span(trace, _task_id(task, task.attempt - 1), "send"),)
        attributes = {
            conv.RUN_ID: task.run_id,
            conv.SUBTASK_ID: task.subtask_id,
            conv.ATTEMPT: task.attempt,
            conv.PLAN_VERSION: task.plan_version,
        }
        return process_span(self._tracing, record, group=self._group, links=previous, attributes=attributes)


def _task_id(task: TaskRequested, attempt: int) -> str:
    return f"{task.run_id}/{task.subtask_id}/{attempt}"
