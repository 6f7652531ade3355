"""Runs an orchestrator: `python -m collegium.orchestrator`."""

import asyncio
import logging
import os
import random
import socket
import sys
import time

from collegium.log.errors import LogError
from collegium.log.kafka import open_log
from collegium.log.port import Log
from collegium.log.settings import KafkaSettings
from collegium.log.startup import await_topics
from collegium.log.topics import TopicNames
from collegium.orchestrator.composition import build
from collegium.orchestrator.playbooks import Library, PlaybookError, load_library
from collegium.orchestrator.settings import OrchestratorSettings
from collegium.orchestrator.shutdown import until_stopped
from collegium.telemetry.setup import Telemetry, TelemetrySettings, telemetry

logger = logging.getLogger("collegium.orchestrator")


async def serve(settings: OrchestratorSettings, kafka: KafkaSettings, seen: Telemetry, library: Library) -> None:
    """Run one orchestrator until the process is told to stop."""
    names = TopicNames(kafka.topic_prefix)
    async with open_log(kafka) as log:
        partitions = await await_topics(log, names, library.roles, wait_ms=settings.start_wait_ms)
        await run(settings, log, names, partitions, library, seen)


async def run(
    settings: OrchestratorSettings, log: Log, names: TopicNames, partitions: int, library: Library, seen: Telemetry
) -> None:
    """Compose the orchestrator and serve until SIGTERM or SIGINT."""
    orchestrator = build(
        log=log,
        names=names,
        library=library,
        settings=settings,
        partitions=partitions,
        tracing=seen.tracing,
        registry=seen.registry,
        clock=lambda: time.time_ns() // 1_000_000,
        entropy=random.random,
        owner=f"orchestrator@{socket.gethostname()}:{os.getpid()}",
    )
    seen.health.register("partitions", lambda: orchestrator.ready or "partitions are being restored")
    await until_stopped(orchestrator.run())


def main() -> int:
    """Entry point; the exit status is 0 after a requested stop, 1 otherwise."""
    settings, kafka, seeing = OrchestratorSettings(), KafkaSettings(), TelemetrySettings()

    async def compose() -> None:
        library = load_library(settings.playbook_dirs)
        async with telemetry(seeing, service_name="collegium-orchestrator", secrets=kafka.secrets()) as seen:
            for name, fault in library.invalid.items():
                logger.error("playbook %s is not used: %s", name, fault)
            await serve(settings, kafka, seen, library)

    try:
        asyncio.run(compose())
    except* (LogError, PlaybookError) as group:
        for error in group.exceptions:
            sys.stderr.write(f"collegium-orchestrator: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
