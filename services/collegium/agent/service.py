"""A specialist as a process: settings, log, telemetry, runtime, signals and exit status.

A specialist's `__main__` is its own construction and this:

    if __name__ == "__main__":
        sys.exit(main(lambda settings: Retrieval(Library(settings.data_dir / "corpora"))))
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Final, cast

from pydantic import SecretStr, ValidationError

from collegium.agent.effects import Confidential, targets_of
from collegium.agent.errors import LogGone, ToolThreadsGone
from collegium.agent.metrics import AgentMetrics
from collegium.agent.runtime import AgentRuntime
from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Specialist
from collegium.agent.stopping import EXIT_FAILED, EXIT_SETTINGS, EXIT_STOPPED, StopSignals, end_within
from collegium.agent.text import explain
from collegium.faults.armed import fault_point
from collegium.faults.settings import FaultSettings
from collegium.log.errors import LogError
from collegium.log.kafka import open_log
from collegium.log.kafka.loops import loop_factory
from collegium.log.settings import KafkaSettings
from collegium.log.startup import await_topics
from collegium.log.topics import TopicNames
from collegium.telemetry.errors import TelemetryError
from collegium.telemetry.garbage import spare_collections
from collegium.telemetry.setup import TelemetrySettings, telemetry

_BEYOND_DRAIN_S: Final = 15.0
_EXIT_S: Final = 5.0
_FORESEEN: Final = (LogError, LogGone, ToolThreadsGone, TelemetryError, OSError)
"""What an operator can mend; anything else is a defect and shows its stack."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Everything that a specialist process reads from its environment."""

    agent: AgentSettings
    kafka: KafkaSettings
    telemetry: TelemetrySettings
    faults: FaultSettings


async def serve(specialist: Specialist, settings: ServiceSettings) -> None:
    """Run a specialist until SIGTERM or SIGINT: then it drains, commits and leaves its group.

    Raises:
        LogError: Kafka or its topics did not come within the bound; the message says what to do.
        ExceptionGroup: the runtime gave up (see `AgentRuntime.run`).
        CancelledError: it was stopped while it waited for Kafka, or told twice to stop.
    """
    role, agent = specialist.role, settings.agent
    names = TopicNames(settings.kafka.topic_prefix)
    async with (
        telemetry(
            settings.telemetry,
            service_name=f"collegium-{role}",
            version=version("collegium"),
            secrets=(*settings.kafka.secrets(), *target_secrets(specialist)),
        ) as seen,
        open_log(settings.kafka) as log,
    ):
        with StopSignals(exit_bound_s(specialist, agent.drain_ms)) as signals:
            seen.health.register("tasks", lambda: "waiting for Kafka and its topics")
            await await_topics(log, names, [role], wait_ms=agent.start_wait_ms)
            metrics = AgentMetrics(seen.metrics, role)
            config = replace(agent.runtime(role, names), reached=fault_point(settings.faults.fault))
            runtime = AgentRuntime(specialist, log, seen.tracing, metrics, config, clock=wall_clock)
            seen.health.register("tasks", runtime.ready)
            signals.drain_with(runtime.drain)
            await runtime.run()


def target_secrets(specialist: Specialist) -> tuple[SecretStr, ...]:
    """What the targets of a specialist are given, and no log or trace may show."""
    confidential = [target for target in targets_of(specialist) if isinstance(target, Confidential)]
    return tuple(secret for target in confidential for secret in target.secrets())


def exit_bound_s(specialist: Specialist, drain_ms: int) -> float:
    """When a process is ended by force after a signal: a call that begins at the drain's end is waited for as well."""
    longest_call_ms = max((target.timeout_ms for target in targets_of(specialist)), default=0)
    return (drain_ms + longest_call_ms) / 1000 + _BEYOND_DRAIN_S


def wall_clock() -> int:
    """Milliseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1_000_000


def main(build: Callable[[AgentSettings], Specialist]) -> int:
    """Entry point of a specialist process.

    Args:
        build: Makes the specialist.

    Returns:
        The exit status: 0 after a requested stop, 1 when it gave up, 2 when a setting is wrong.
    """
    try:
        settings = ServiceSettings(AgentSettings(), KafkaSettings(), TelemetrySettings(), FaultSettings())
        specialist = build(settings.agent)
    except ValidationError as error:
        _say(f"a COLLEGIUM_ setting is wrong: {explain(error)}")
        return EXIT_SETTINGS
    status = EXIT_STOPPED
    spare_collections()
    try:
        with suppress(asyncio.CancelledError), asyncio.Runner(loop_factory=loop_factory(settings.kafka)) as runner:
            runner.run(serve(specialist, settings))
    except ExceptionGroup as group:
        if group.split(_FORESEEN)[1] is not None:
            raise
        status = _give_up(specialist.role, *_leaves(group))
    except _FORESEEN as error:
        status = _give_up(specialist.role, error)
    end_within(_EXIT_S, status)
    return status


def _leaves(group: ExceptionGroup[Exception]) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _leaves(cast("ExceptionGroup[Exception]", error))
        else:
            yield error


def _give_up(role: str, *errors: Exception) -> int:
    for error in errors:
        _say(f"collegium-{role}: {error}")
    return EXIT_FAILED


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
