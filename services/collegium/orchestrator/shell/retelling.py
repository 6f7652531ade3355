"""Emitting again what the owner before may not have exported: the spans of its last decisions.

A decision's spans leave the process after its commit, a little later still for the collector. A kill -9 in between
would leave the specialists' spans without their parents, for good. All of a decision's spans follow from history, so
the next owner reads the end of run-events and emits them again, with the same ids; readers drop what they have twice.
"""

from collections.abc import Sequence
from typing import Final

from collegium.log.port import Log, TopicPartition
from collegium_schemas.envelope import EnvelopeError, decode
from collegium_schemas.events import RunDecided

_POLL_RECORDS: Final = 1_000
_POLL_MS: Final = 500


async def last_decisions(log: Log, source: TopicPartition, *, window_ms: int, most: int) -> Sequence[RunDecided]:
    """The decisions at the end of a partition of run-events, in order.

    Args:
        log: Where to read.
        source: The partition.
        window_ms: How long before the newest one, by their own times.
        most: The bound on how many.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    first = (await log.beginning_offsets([source]))[source]
    end = (await log.end_offsets([source]))[source]
    start = max(first, end - most)
    if start >= end:
        return ()
    found: list[RunDecided] = []
    reader = await log.assign({source: start})
    try:
        while await reader.position(source) < end:
            for records in (await reader.poll(max_records=_POLL_RECORDS, timeout_ms=_POLL_MS)).values():
                for record in records:
                    try:
                        found.append(decode(record.headers, record.value, RunDecided))
                    except EnvelopeError:
                        continue  # not ours; the ledger reports it
    finally:
        await reader.close()
    newest_ms = max((decided.at_ms for decided in found), default=0)
    return [decided for decided in found if decided.at_ms >= newest_ms - window_ms]
