"""Runs an orchestrator: `python -m collegium.orchestrator`."""

import asyncio
import logging
import os
import random
import socket
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, cast

from pydantic import ValidationError

from collegium.faults.armed import fault_point
from collegium.faults.settings import FaultSettings
from collegium.log.errors import LogError
from collegium.log.kafka import open_log
from collegium.log.kafka.loops import loop_factory
from collegium.log.settings import KafkaSettings
from collegium.log.startup import await_topics
from collegium.log.topics import TopicNames
from collegium.orchestrator.composition import build
from collegium.orchestrator.errors import OrchestratorError
from collegium.orchestrator.playbooks import Library, PlaybookError, load_library
from collegium.orchestrator.settings import OrchestratorSettings
from collegium.orchestrator.shutdown import until_stopped
from collegium.telemetry.errors import TelemetryError
from collegium.telemetry.garbage import spare_collections
from collegium.telemetry.setup import TelemetrySettings, telemetry
from collegium_schemas.envelope import explain

logger = logging.getLogger("collegium.orchestrator")

Group = BaseExceptionGroup[BaseException]
EXIT_FAILED: Final = 1
EXIT_SETTINGS: Final = 2


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Everything that an orchestrator process reads from its environment."""

    orchestrator: OrchestratorSettings
    kafka: KafkaSettings
    telemetry: TelemetrySettings
    faults: FaultSettings


async def serve(settings: ServiceSettings, library: Library) -> None:
    """Compose one orchestrator and run it until cancelled.

    Raises:
        LogError: Kafka or its topics did not come within the bound, or are not as they must be.
    """
    names = TopicNames(settings.kafka.topic_prefix)
    async with (
        telemetry(
            settings.telemetry,
            service_name="collegium-orchestrator",
            version=version("collegium"),
            secrets=settings.kafka.secrets(),
        ) as seen,
        open_log(settings.kafka, client_id="collegium-orchestrator") as log,
    ):
        for name, fault in library.invalid.items():
            logger.error("playbook %s is not used: %s", name, fault)
        seen.health.register("partitions", lambda: "waiting for Kafka and its topics")
        partitions = await await_topics(log, names, library.roles, wait_ms=settings.orchestrator.start_wait_ms)
        orchestrator = build(
            log=log,
            names=names,
            library=library,
            settings=settings.orchestrator,
            partitions=partitions,
            tracing=seen.tracing,
            registry=seen.registry,
            clock=lambda: time.time_ns() // 1_000_000,
            entropy=random.random,
            owner=f"orchestrator@{socket.gethostname()}:{os.getpid()}"[-128:],
            reached=fault_point(settings.faults.fault),
        )
        seen.health.register("partitions", lambda: orchestrator.ready or "partitions are being restored")
        await orchestrator.run()


def main() -> int:
    """Entry point; the exit status is 0 after a requested stop, 1 when it gave up, 2 when a setting is wrong."""
    try:
        settings = ServiceSettings(OrchestratorSettings(), KafkaSettings(), TelemetrySettings(), FaultSettings())
        library = load_library(settings.orchestrator.playbook_dirs)
    except ValidationError as error:
        return _give_up(f"a COLLEGIUM_ setting is wrong: {explain(error)}", EXIT_SETTINGS)
    except PlaybookError as error:
        return _give_up(str(error), EXIT_SETTINGS)
    status = 0
    spare_collections()
    try:
        with asyncio.Runner(loop_factory=loop_factory(settings.kafka)) as runner:
            runner.run(until_stopped(serve(settings, library)))
    except* (LogError, OrchestratorError, TelemetryError, OSError) as group:
        status = _give_up("; ".join(str(error) for error in _leaves(group)), EXIT_FAILED)
    return status


def _leaves(group: Group) -> list[BaseException]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(cast("Group", error)) if isinstance(error, BaseExceptionGroup) else [error])
    ]


def _give_up(line: str, status: int) -> int:
    sys.stderr.write(f"collegium-orchestrator: {line}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
