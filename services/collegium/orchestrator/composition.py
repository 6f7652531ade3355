"""Builds an orchestrator from its parts; `__main__`, the in-process runner and the tests all use this."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry

from collegium.faults.points import FaultPoint, unarmed
from collegium.log.port import Clock, Log
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.model import Rules
from collegium.orchestrator.playbooks import Library
from collegium.orchestrator.settings import OrchestratorSettings
from collegium.orchestrator.shell.intake import Intake
from collegium.orchestrator.shell.metrics import OrchestratorMetrics
from collegium.orchestrator.shell.owner import OwnerContext, OwnerLimits
from collegium.orchestrator.shell.service import Orchestrator
from collegium.telemetry.tracing import Tracing


def build(  # noqa: PLR0913 - a composition root names everything it composes
    *,
    log: Log,
    names: TopicNames,
    library: Library,
    settings: OrchestratorSettings,
    partitions: int,
    tracing: Tracing,
    registry: CollectorRegistry,
    clock: Clock,
    entropy: Callable[[], float],
    owner: str,
    reached: FaultPoint = unarmed,
) -> Orchestrator:
    """An orchestrator that is not running yet.

    Args:
        log: Its own connection.
        names: Full topic names.
        library: The playbooks it knows.
        settings: What operators decided.
        partitions: How many partitions the co-partitioned topics have.
        tracing: Where spans go.
        registry: Where metrics go.
        clock: The time, in milliseconds since the epoch.
        entropy: A number in [0, 1) at each call; spreads retries.
        owner: This process, as run-events name it.
        reached: Told of every boundary of the commit protocol.
    """
    rules = Rules(
        playbooks=library.playbooks, invalid_playbooks=library.invalid, archive_after_ms=settings.archive_after_ms
    )
    limits = OwnerLimits(
        batch_records=settings.batch_records,
        inbox_records=settings.inbox_records,
        ended_runs=settings.ended_runs,
        heartbeat_lost_ms=settings.heartbeat_lost_ms,
        transaction_ms=settings.transaction_ms,
    )
    return Orchestrator(
        OwnerContext(
            log=log,
            names=names,
            rules=rules,
            intake=Intake(names, tracing.run_trace),
            tracing=tracing,
            metrics=OrchestratorMetrics(registry),
            clock=clock,
            entropy=entropy,
            owner=owner,
            partitions=partitions,
            limits=limits,
            reached=reached,
        )
    )
