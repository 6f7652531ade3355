"""Runs a ledger: `python -m collegium.ledger`."""

import asyncio
import logging
import signal
import sys
import time
from importlib.metadata import version

from pydantic import ValidationError

from collegium.ledger.errors import LedgerError
from collegium.ledger.intake import Intake
from collegium.ledger.reading import HistoryReader
from collegium.ledger.settings import LedgerSettings
from collegium.ledger.stream import LedgerStream
from collegium.ledger.topics import await_ledger_topics
from collegium.ledger.web import LedgerApi
from collegium.log.errors import LogError
from collegium.log.kafka import open_log
from collegium.log.kafka.connection import connection
from collegium.log.kafka.loops import loop_factory
from collegium.log.settings import KafkaSettings
from collegium.log.startup import await_topics
from collegium.log.topics import TopicNames
from collegium.telemetry.errors import TelemetryError
from collegium.telemetry.setup import Telemetry, TelemetrySettings, telemetry
from collegium_schemas.envelope import explain

FORESEEN = (LogError, LedgerError, TelemetryError, OSError)
"""What an operator can mend; anything else is a defect and shows its stack."""


async def serve(settings: LedgerSettings, kafka: KafkaSettings, seen: Telemetry, api: LedgerApi) -> None:
    """Fold and answer until cancelled.

    Raises:
        LogError: Kafka or its topics did not come within the bound; the message says what to do.
        StreamFailed: the stream has broken.
    """
    names = TopicNames(kafka.topic_prefix)
    async with open_log(kafka, client_id="collegium-ledger") as log:
        partitions = await await_topics(log, names, (), wait_ms=settings.start_wait_ms)
        await await_ledger_topics(log, names, partitions, wait_ms=settings.start_wait_ms)
        intake = Intake(log, names("dead-letters"), seen.tracing, seen.metrics, group=names("ledger"), clock=wall_clock)
        stream = LedgerStream(
            connection(kafka, "collegium-ledger"), names, partitions=partitions, runs=settings.runs, on_record=intake
        )
        seen.metrics.gauge("ledger_runs", "Runs that are kept").set_function(lambda: len(stream.shelf))
        api.attach(stream, HistoryReader(log, names, timeout_ms=settings.history_timeout_ms))
        await stream.run(
            start_timeout_ms=settings.start_wait_ms,
            stall_ms=settings.stall_ms,
            stop_timeout_ms=settings.stop_timeout_ms,
        )


def wall_clock() -> int:
    """Milliseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1_000_000


async def compose(settings: LedgerSettings, kafka: KafkaSettings, seeing: TelemetrySettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    api = LedgerApi()
    async with telemetry(
        seeing,
        service_name="collegium-ledger",
        version=version("collegium"),
        secrets=kafka.secrets(),
        routes=api.routes(),
    ) as seen:
        _quiet_faust(seeing)
        seen.health.register("views", api.unready)
        serving = asyncio.create_task(serve(settings, kafka, seen, api))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, serving.cancel)
        await asyncio.wait({serving})
        if not serving.cancelled():
            serving.result()


def _quiet_faust(seeing: TelemetrySettings) -> None:
    """Faust tells every step of starting and stopping, and of flushing its buffer, as news."""
    if seeing.log_level != "debug":
        for name in ("faust", "mode", "collegium.ledger.stream", "collegium.ledger.transport"):
            logging.getLogger(name).setLevel(logging.WARNING)
        logging.getLogger("faust.transport.producer").setLevel(logging.ERROR)


def main() -> int:
    """Entry point; the exit status is 0 after a requested stop, 1 when it gave up, 2 when a setting is wrong."""
    try:
        settings, kafka, seeing = LedgerSettings(), KafkaSettings(), TelemetrySettings()
    except ValidationError as error:
        sys.stderr.write(f"collegium-ledger: a COLLEGIUM_ setting is wrong: {explain(error)}\n")
        return 2
    try:
        with asyncio.Runner(loop_factory=loop_factory(kafka)) as runner:
            runner.run(compose(settings, kafka, seeing))
    except FORESEEN as error:
        sys.stderr.write(f"collegium-ledger: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
