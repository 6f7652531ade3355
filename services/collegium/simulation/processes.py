"""The simulated processes: the real orchestrator and the real agent runtime, composed for one node."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from prometheus_client import CollectorRegistry

from collegium.agent.config import RuntimeConfig
from collegium.agent.effects_call import EffectBounds
from collegium.agent.metrics import AgentMetrics
from collegium.agent.patience import Patience
from collegium.agent.runtime import AgentRuntime
from collegium.faults.points import FaultPoint
from collegium.log.port import Clock, Log
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.model import Rules
from collegium.orchestrator.shell.intake import Intake
from collegium.orchestrator.shell.metrics import OrchestratorMetrics
from collegium.orchestrator.shell.owner import OwnerContext, OwnerLimits
from collegium.orchestrator.shell.service import Orchestrator
from collegium.simulation.playbooks import PLAYBOOKS, ROLES
from collegium.simulation.scenario import Sizes
from collegium.simulation.specialists import SimulatedSpecialist
from collegium.telemetry import conventions
from collegium.telemetry.metrics import Metrics
from collegium.telemetry.tracing import FinishedSpan, Tracing

NAMES: Final = TopicNames("s.")
_VERSION: Final = "collegium.run.version"

Published = Callable[[str, int], None]


def _nobody(run_id: str, version: int) -> None:
    """Nobody wants to know."""


class SimulatedTracing(Tracing):
    """Records nothing, makes ids by the seed, and tells of every decision that is told outside the log."""

    def __init__(self, random: Random, published: Published = _nobody) -> None:
        super().__init__((), enabled=False)
        self._bits = random.getrandbits
        self._published = published

    def emit(self, span: FinishedSpan) -> None:
        """Look at the span of a decision, and drop it."""
        version = span.attributes.get(_VERSION)
        if isinstance(version, int):
            self._published(str(span.attributes[conventions.RUN_ID]), version)


class _AgentMetrics(AgentMetrics):
    """An agent's, without gauges: nobody reads them here, and each would keep its world after the end."""

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Leave it out."""


@dataclass(frozen=True, slots=True)
class Instruments:
    """Metrics that all worlds of this process share: to make them costs more than most runs."""

    orchestrator: OrchestratorMetrics
    agents: dict[str, AgentMetrics]


def instruments() -> Instruments:
    """New metrics, registered nowhere else."""
    metrics = Metrics("collegium-simulation", "0", process_collectors=False)
    return Instruments(OrchestratorMetrics(CollectorRegistry()), {role: _AgentMetrics(metrics, role) for role in ROLES})


def rules(sizes: Sizes) -> Rules:
    """What decisions depend on, in every orchestrator of a world."""
    return Rules(
        playbooks=PLAYBOOKS,
        attempt_grace_ms=300,
        dispatched_bytes=sizes.dispatched_bytes,
        archive_after_ms=sizes.archive_after_ms,
    )


def orchestrator(
    *,
    name: str,
    log: Log,
    clock: Clock,
    random: Random,
    sizes: Sizes,
    measured: Instruments,
    published: Published,
    reached: FaultPoint,
) -> Orchestrator:
    """An orchestrator that is not running yet, with bounds that fit into seconds."""
    tracing = SimulatedTracing(random, published)
    return Orchestrator(
        OwnerContext(
            log=log,
            names=NAMES,
            rules=rules(sizes),
            intake=Intake(NAMES, tracing.run_trace),
            tracing=tracing,
            metrics=measured.orchestrator,
            clock=clock,
            entropy=random.random,
            owner=name,
            partitions=sizes.partitions,
            limits=OwnerLimits(
                batch_records=sizes.batch_records,
                written_bytes=sizes.written_bytes,
                record_bytes=sizes.record_bytes,
                inbox_records=sizes.inbox_records,
                decoded_runs=sizes.decoded_runs,
                ended_runs=sizes.ended_runs,
                transaction_ms=2_500,
                restore_ms=5_000,
                longest_pause_ms=400,
                retell_ms=500,
                retell_records=20,
            ),
            reached=reached,
        ),
        deaf_ms=4_000,
    )


def agent(
    *,
    name: str,
    log: Log,
    clock: Clock,
    random: Random,
    sizes: Sizes,
    measured: Instruments,
    specialist: SimulatedSpecialist,
    reached: FaultPoint,
) -> AgentRuntime:
    """An agent's runtime that is not running yet."""
    config = RuntimeConfig(
        worker=name,
        names=NAMES,
        concurrency=sizes.concurrency,
        high_water=max(4, sizes.concurrency * 4),
        low_water=2,
        heartbeat_ms=500,
        drain_ms=1_000,
        read_timeout_ms=700,
        patience=Patience(bound_ms=5_000, first_pause_ms=20, longest_pause_ms=400),
        effects=EffectBounds(start_ms=500, skew_ms=200, find_ms=900),
        name_claim=lambda: f"{random.getrandbits(64):016x}",
        reached=reached,
    )
    return AgentRuntime(
        specialist, log, SimulatedTracing(random), measured.agents[specialist.role], config, clock=clock
    )
