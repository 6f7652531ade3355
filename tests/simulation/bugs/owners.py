"""Bugs in the commit protocol."""

from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack

from collegium.log.errors import OutcomeUnknown
from collegium.log.port import Log, Outgoing, Position, TransactionalProducer
from collegium.orchestrator.shell import service
from collegium.orchestrator.shell.owner import PartitionOwner
from collegium.orchestrator.shell.parts import POSITION_KEY
from collegium.simulation.producing import SimulatedTransactionalProducer
from simulation.bugs.applying import Bug, Change


class _OpensLate:
    """A producer that is opened when it is first used: after the partition was restored."""

    def __init__(self, log: Log, transactional_id: str) -> None:
        self._log = log
        self._id = transactional_id
        self._opened: TransactionalProducer | None = None

    async def begin(self) -> None:
        if self._opened is None:
            self._opened = await self._log.transactional_producer(self._id)
        await self._opened.begin()

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        assert self._opened is not None
        return await self._opened.send(record)

    async def commit(self) -> None:
        assert self._opened is not None
        await self._opened.commit()

    async def abort(self) -> None:
        assert self._opened is not None
        await self._opened.abort()

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()


class _RestoresBeforeFencing(PartitionOwner):
    async def _fence(self, open_things: AsyncExitStack) -> tuple[TransactionalProducer, ...]:
        prefix = f"{self._shared.names.prefix}orchestrator.{self.partition}"
        producers = tuple(_OpensLate(self._shared.log, f"{prefix}.{turn}") for turn in (0, 1))
        for producer in producers:
            open_things.push_async_callback(producer.close)
        return producers


class _FencesOneOfTwo(PartitionOwner):
    async def _fence(self, open_things: AsyncExitStack) -> tuple[TransactionalProducer, ...]:
        shared = self._shared
        prefix = f"{shared.names.prefix}orchestrator.{self.partition}"
        producers: list[TransactionalProducer] = []
        for transactional_id in (f"{prefix}.0", f"{prefix}.1.{shared.owner}"):
            producers.append(await shared.log.transactional_producer(transactional_id))
            open_things.push_async_callback(producers[-1].close)
        return tuple(producers)


class _PositionsInTheirOwnTransaction(PartitionOwner):
    async def _commit(self, producer: TransactionalProducer, records: Sequence[Outgoing]) -> None:
        mark = POSITION_KEY.encode()
        await super()._commit(producer, [record for record in records if not (record.key or b"").startswith(mark)])
        await super()._commit(producer, [record for record in records if (record.key or b"").startswith(mark)])


class _RetriesInPlace(PartitionOwner):
    async def _commit(self, producer: TransactionalProducer, records: Sequence[Outgoing]) -> None:
        try:
            await super()._commit(producer, records)
        except OutcomeUnknown:
            prefix = f"{self._shared.names.prefix}orchestrator.{self.partition}"
            again = await self._shared.log.transactional_producer(f"{prefix}.0")
            await super()._commit(again, records)
            raise


class _BelievesWhatFailed(PartitionOwner):
    """An unknown outcome counts as committed."""

    async def _commit(self, producer: TransactionalProducer, records: Sequence[Outgoing]) -> None:
        try:
            await super()._commit(producer, records)
        except OutcomeUnknown:
            return


class _CommitsWithoutLooking(SimulatedTransactionalProducer):
    async def commit(self) -> None:
        """As aiokafka does: a transaction whose rejected record nobody awaited is committed."""
        self._check()
        sent, self._sent = self._sent, []
        for future in sent:
            if not future.done():
                await _settled(future)
        await self._end(commit=True)


async def _settled(future: Awaitable[Position]) -> None:
    try:
        await future
    except OutcomeUnknown:
        return


def _owner(name: str, what: str, instead: type[PartitionOwner]) -> Bug:
    return Bug(name, what, (Change(service, "PartitionOwner", instead),))


BUGS = (
    _owner("no-fence-before-restore", "producers are opened after the partition was restored", _RestoresBeforeFencing),
    _owner("one-producer-not-fenced", "the second producer's id names its process", _FencesOneOfTwo),
    _owner("positions-apart", "positions are committed in a transaction of their own", _PositionsInTheirOwnTransaction),
    _owner("retry-in-place", "after an unknown outcome the same records are committed again", _RetriesInPlace),
    _owner("unknown-is-done", "an unknown outcome counts as committed", _BelievesWhatFailed),
    Bug(
        "unawaited-send",
        "a commit does not look at what became of its records",
        (Change(SimulatedTransactionalProducer, "commit", _CommitsWithoutLooking.commit),),
    ),
)
