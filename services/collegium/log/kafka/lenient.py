"""Reading records whose header names are no UTF-8, which other clients can write.

Kafka's protocol asks for UTF-8 there and no broker looks. aiokafka raises in the middle of `getmany`, and what it had
taken from other partitions by then would be lost. So a guard ends a partition's records before the one that cannot be
read, and the consumer reads that one by itself, with the names escaped. It costs nothing while nobody writes such a
name. Needs private names of aiokafka (pinned; an integration test covers them).
"""
# ruff: noqa: SLF001 - see above
# pyright: reportPrivateUsage=false, reportGeneralTypeIssues=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportIncompatibleMethodOverride=false

from collections import OrderedDict
from collections.abc import Iterator
from typing import SupportsIndex, overload

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import FetchError, FetchResult, PartitionRecords
from aiokafka.record.default_records import _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.legacy_records import LegacyRecordBatch
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.record.util import decode_varint_py
from aiokafka.structs import ConsumerRecord
from aiokafka.structs import TopicPartition as KafkaPartition

from collegium.log.kafka.fetching import ends_in_abort

_MAGIC_WITH_HEADERS = 2


class _Buffer(bytearray):
    r"""Bytes whose parts decode whatever they are: what is no UTF-8 becomes an escape, such as `\xff`."""

    @overload
    def __getitem__(self, index: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> "_Buffer": ...
    def __getitem__(self, index: SupportsIndex | slice) -> "int | _Buffer":
        part = super().__getitem__(index)
        return part if isinstance(part, int) else _Buffer(part)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")


class _LenientBatch(_DefaultRecordBatchPy):
    """aiokafka's own batch in Python, over such bytes."""

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Buffer(self._buffer)

    def _read_msg(self, *_: object) -> _DefaultRecordPy:
        return super()._read_msg(decode_varint_py)  # the faster one takes bytearray and nothing derived from it


class LenientRecords(_MemoryRecordsPy):
    """The batches of a fetch response, to be read by `PartitionRecords`."""

    def next_batch(self, _min_slice: int = 0, _magic_offset: int = 0) -> object:  # type: ignore[override]
        """The next batch."""
        batch = self._next_slice
        if batch is None:
            return None
        magic = batch[self.MAGIC_OFFSET]
        if magic < _MAGIC_WITH_HEADERS:
            self._cache_next()
            return LegacyRecordBatch(batch, magic)
        self._cache_next()
        return _LenientBatch(batch)


class _Guarded:
    """What is left of a fetched partition, up to the first record that cannot be read."""

    def __init__(self, inner: PartitionRecords, source: KafkaPartition, unreadable: set[KafkaPartition]) -> None:
        self._inner = inner
        self._source = source
        self._unreadable = unreadable

    @property
    def next_fetch_offset(self) -> int:
        """Where the next fetch begins, as aiokafka asks for it."""
        return self._inner.next_fetch_offset

    def __iter__(self) -> Iterator[ConsumerRecord[bytes | None, bytes | None]]:
        try:
            # Not `yield from`: whoever stops halfway would end the inner iterator as well.
            for record in self._inner._records_iterator or ():  # noqa: UP028 - see above
                yield record
        except UnicodeDecodeError:
            self._unreadable.add(self._source)


class _GuardedResults(OrderedDict[KafkaPartition, FetchResult | FetchError]):
    """Puts a guard around every fetched partition."""

    def __init__(self, unreadable: set[KafkaPartition]) -> None:
        super().__init__()
        self._unreadable = unreadable

    def __setitem__(self, source: KafkaPartition, result: FetchResult | FetchError) -> None:
        if isinstance(result, FetchResult) and result._partition_records is not None:
            result._partition_records._contains_abort_marker = ends_in_abort
            result._partition_records = _Guarded(result._partition_records, source, self._unreadable)
        super().__setitem__(source, result)


def guard(consumer: AIOKafkaConsumer) -> set[KafkaPartition]:
    """Guard a started consumer that has handed out nothing yet.

    Returns:
        The partitions whose next record it cannot read; whoever reads that record takes the partition out.
    """
    unreadable: set[KafkaPartition] = set()
    results = _GuardedResults(unreadable)
    if consumer._fetcher is not None:
        results.update(consumer._fetcher._records)
        consumer._fetcher._records = results
    return unreadable
