"""A memory log behind a link that a test can cut."""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import cast

from collegium.log.errors import LogUnavailable
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Consumer, Log, Outgoing, Position, Producer, Record, TopicPartition


class Link:
    """The way to the broker, which a test can cut."""

    def __init__(self) -> None:
        self.cut = False
        self.commits_cut = False
        self.refused = 0

    def check(self) -> None:
        """Raise when cut."""
        if self.cut:
            self.refused += 1
            raise LogUnavailable("the link is cut")


class _CutProducer:
    """A producer whose records are written, but not acknowledged, over a cut link."""

    def __init__(self, inner: Producer, link: Link) -> None:
        self._inner = inner
        self._link = link

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """Write, and lose the acknowledgement when the link is cut."""
        written = await self._inner.send(record)

        async def acknowledged() -> Position:
            position = await written
            self._link.check()
            return position

        return acknowledged()

    async def close(self) -> None:
        """As the inner one."""
        await self._inner.close()


class _CutConsumer:
    """A consumer that hears nothing over a cut link."""

    def __init__(self, inner: Consumer, link: Link) -> None:
        self._inner = inner
        self._link = link

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def poll(
        self, *, max_records: int, timeout_ms: int, partitions: Collection[TopicPartition] = ()
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        """Fail, or poll."""
        self._link.check()
        return await self._inner.poll(max_records=max_records, timeout_ms=timeout_ms, partitions=partitions)

    async def commit(
        self, offsets: Mapping[TopicPartition, int], metadata: Mapping[TopicPartition, str] | None = None
    ) -> None:
        """Fail, or commit."""
        self._link.check()
        if self._link.commits_cut:
            raise LogUnavailable("the coordinator is gone")
        await self._inner.commit(offsets, metadata)


def cut_log(broker: MemoryBroker, link: Link) -> Log:
    """A memory log behind a link."""
    return cast("Log", _CutLog(broker, link))  # its consumers hand on whatever they do not cut


class _CutLog(MemoryLog):
    def __init__(self, broker: MemoryBroker, link: Link) -> None:
        super().__init__(broker)
        self._link = link

    async def producer(self) -> _CutProducer:  # type: ignore[override]
        """Open a producer, if the link is there."""
        self._link.check()
        return _CutProducer(await super().producer(), self._link)

    async def subscribe(self, *args: object, **kwargs: object) -> _CutConsumer:  # type: ignore[override]
        """Join a group, if the link is there."""
        self._link.check()
        return _CutConsumer(await super().subscribe(*args, **kwargs), self._link)  # type: ignore[arg-type]

    async def assign(self, *args: object) -> _CutConsumer:  # type: ignore[override]
        """Read, if the link is there."""
        self._link.check()
        return _CutConsumer(await super().assign(*args), self._link)  # type: ignore[arg-type]
