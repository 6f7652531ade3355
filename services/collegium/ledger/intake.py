"""What happens to each record of run-events: folded, or kept among the dead letters."""

import logging
import time

from collegium.ledger.folding import Source
from collegium.ledger.shelf import Shelf
from collegium.log.dead_letters import dead_letter
from collegium.log.port import Clock, Log, Record
from collegium.telemetry.messaging import process_span
from collegium.telemetry.metrics import Metrics
from collegium.telemetry.tracing import Tracing
from collegium_schemas.envelope import EnvelopeError, decode
from collegium_schemas.events import RunDecided

logger = logging.getLogger(__name__)

STAGE = "ledger.intake"


class Intake:
    """Folds records into a shelf. An undecodable record is counted, logged and dead-lettered, and reading goes on.

    Args:
        log: Where dead letters are written.
        dead_letters: The topic's full name.
        tracing: Notes undecodable records.
        metrics: Counts records.
        group: The consumer group, for spans.
        clock: The time.
    """

    def __init__(
        self, log: Log, dead_letters: str, tracing: Tracing, metrics: Metrics, *, group: str, clock: Clock
    ) -> None:
        self._log = log
        self._dead_letters = dead_letters
        self._tracing = tracing
        self._group = group
        self._clock = clock
        self._records = metrics.counter("ledger_records", "Records of run-events by what became of them", ["outcome"])
        self._behind = metrics.gauge("ledger_behind_seconds", "Age of the decision that was folded last")
        self._seconds = metrics.histogram("ledger_fold_seconds", "Time to fold one record")

    async def __call__(self, shelf: Shelf, record: Record) -> None:
        """Take one record.

        Raises:
            LogError: it is undecodable and could not be dead-lettered, so it must be read again.
        """
        started = time.perf_counter()
        try:
            decided = decode(record.headers, record.value, RunDecided)
        except EnvelopeError as error:
            await self._refuse(record, error)
            return
        new = shelf.fold(decided, Source(record.partition, record.offset))
        self._records.labels("folded" if new else "duplicate").inc()
        self._behind.set(max(0, self._clock() - decided.at_ms) / 1000)
        self._seconds.observe(time.perf_counter() - started)

    async def _refuse(self, record: Record, error: EnvelopeError) -> None:
        self._records.labels("dead_lettered").inc()
        with process_span(self._tracing, record, group=self._group) as span:
            span.fail("EnvelopeError", error.reason)
            logger.error(
                "undecodable decision: %s",
                error.reason,
                extra={"topic": record.topic, "partition": record.partition, "offset": record.offset},
            )
            producer = await self._log.producer()
            try:
                letter = dead_letter(
                    record, topic=self._dead_letters, stage=STAGE, error_class="EnvelopeError", reason=error.reason
                )
                await (await producer.send(letter))
            finally:
                await producer.close()
