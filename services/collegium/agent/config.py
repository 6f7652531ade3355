"""How a runtime behaves."""

from collections.abc import Callable
from dataclasses import dataclass, field

from collegium.agent.effects_call import EffectBounds, new_claim
from collegium.agent.patience import Patience
from collegium.faults.points import FaultPoint, unarmed
from collegium.log.topics import TopicNames


@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    """One runtime's bounds. Times in milliseconds."""

    worker: str
    """Names this process in results: role, host and process id."""
    names: TopicNames = field(default_factory=TopicNames)
    concurrency: int = 8
    """Attempts performed at once; also the number of tool threads."""
    high_water: int = 64
    """Tasks in flight, waiting ones included, at which no more are taken."""
    low_water: int = 32
    """Tasks in flight at which taking goes on."""
    commit_interval_ms: int = 50
    heartbeat_ms: int = 5_000
    drain_ms: int = 20_000
    """How long running attempts may go on after `drain`."""
    read_timeout_ms: int = 5_000
    """For one point read of the context."""
    cache_bytes: int = 64 * 1024 * 1024
    """Context content kept at hand."""
    threads_gone_ms: int = 30_000
    """How long every tool thread may be held by abandoned calls before the process gives up."""
    patience: Patience = field(default_factory=Patience)
    """How long the log may be away."""
    effects: EffectBounds = field(default_factory=EffectBounds)
    """When a silent holder of an effect is given up."""
    name_claim: Callable[[], str] = new_claim
    """Names claims on effects; a simulation gives its own, from its seed."""
    reached: FaultPoint = unarmed
    """Told of the places between which a crash makes a difference; tests end the process there."""
