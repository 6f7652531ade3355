"""An orchestrator in the test's own process, as a real one is composed."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from agent_rig import now_ms, until
from collegium.log.port import Log
from collegium.log.topics import TopicNames
from collegium.orchestrator.composition import build
from collegium.orchestrator.playbooks import Library
from collegium.orchestrator.settings import OrchestratorSettings
from collegium.telemetry.memory import MemoryTracing
from collegium_schemas.playbook import Playbook


@asynccontextmanager
async def orchestrating(
    log: Log,
    names: TopicNames,
    playbook: Playbook,
    *,
    settings: OrchestratorSettings | None = None,
    registry: CollectorRegistry | None = None,
) -> AsyncGenerator[None]:
    """An orchestrator of one playbook at work, on topics of two partitions."""
    built = build(
        log=log,
        names=names,
        library=Library({playbook.name: playbook}),
        settings=settings or OrchestratorSettings(),
        partitions=2,
        tracing=MemoryTracing(),
        registry=registry or CollectorRegistry(),
        clock=now_ms,
        entropy=random.random,
        owner="test",
    )
    running = asyncio.create_task(built.run())
    try:
        await until(lambda: built.ready, "the orchestrator is ready")
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])
