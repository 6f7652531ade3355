"""A memory broker with the parts of Kafka that only show under faults.

A transaction is decided first and becomes visible later, partition by partition; one that is open for too long is
aborted and its producer fenced; members that are not heard of leave their group. Everything that is written or
decided is told to an observer and goes into the history's hash.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, Protocol

from collegium.log.memory import MemoryBroker
from collegium.log.memory.groups import Group, Member
from collegium.log.memory.partition import PartitionLog
from collegium.log.memory.transactions import Session, TransactionCoordinator
from collegium.log.port import Clock, Outgoing, Position, Record, TopicPartition
from collegium.simulation.link import OUTSIDE
from collegium.simulation.loop import VirtualLoop

TRANSACTION_TIMEOUT_S: Final = 4.0
REBALANCE_TIMEOUT_MS: Final = 3_000


class Observer(Protocol):
    """Who watches the broker: the checker of invariants."""

    def written(self, record: Record) -> None:
        """A record outside any transaction is in the log."""
        ...

    def decided(self, session: Session, records: Sequence[Record]) -> None:
        """A transaction is committed: nothing can undo it, though not all of it need be visible yet."""
        ...

    def lost(self, record: Outgoing) -> None:
        """A record was acknowledged and is not in the log: late, or never to come."""
        ...

    def offsets_committed(
        self, group: str, before: Mapping[TopicPartition, int], offsets: Mapping[TopicPartition, int]
    ) -> None:
        """A group's offsets have moved."""
        ...


class SimulatedCoordinator(TransactionCoordinator):
    """Decides at once, writes control records a little later, and expires what stays open."""

    def __init__(self, broker: "SimulatedBroker", loop: VirtualLoop, random: Random) -> None:
        super().__init__()
        self._broker = broker
        self._loop = loop
        self._random = random.random
        self._unsettled: dict[str, int] = {}
        self._begun: dict[str, float] = {}
        self.doomed: list[tuple[float, Callable[[], None]]] = []
        """What waits for transactions: after how long one is aborted, and who is told of it."""

    def completing(self, transactional_id: str) -> bool:
        """Whether the id's last transaction is decided and not yet shown everywhere."""
        return self._unsettled.get(transactional_id, 0) > 0

    def begin(self, session: Session) -> None:
        """Start a transaction, and watch how long it stays open."""
        super().begin(session)
        transactional_id, now = session.transactional_id, self._loop.time()
        if transactional_id not in self._begun:
            self._loop.call_later(TRANSACTION_TIMEOUT_S, self._expire, transactional_id, context=OUTSIDE)
        self._begun[transactional_id] = now
        if self.doomed:
            after_s, met = self.doomed.pop()
            self._loop.call_later(after_s, self._abort_doomed, transactional_id, after_s, met, context=OUTSIDE)

    def doom(self, after_s: float, met: Callable[[], None]) -> None:
        """Abort the next transaction that is still open so long after it began, and fence its producer."""
        self.doomed.append((after_s, met))

    def _abort_doomed(self, transactional_id: str, after_s: float, met: Callable[[], None]) -> None:
        if self.expire(transactional_id):
            met()
        else:
            self.doom(after_s, met)

    def _expire(self, transactional_id: str) -> None:
        """Looks again when the newest transaction's time is up: a timer for each would cost more than the work."""
        begun = self._begun.get(transactional_id)
        if begun is None:
            return
        left = begun + TRANSACTION_TIMEOUT_S - self._loop.time()
        if left > 0:
            self._loop.call_later(left, self._expire, transactional_id, context=OUTSIDE)
            return
        del self._begun[transactional_id]
        self.expire(transactional_id)

    def settle(self, session: Session, partitions: Sequence[PartitionLog], *, commit: bool) -> None:
        """Tell the observer, then show the transaction partition by partition."""
        self._begun.pop(session.transactional_id, None)
        self._broker.settled(session, partitions, commit=commit)
        if self._random() < 0.7:
            super().settle(session, partitions, commit=commit)
            return
        longest = 0.01 if self._random() < 0.9 else 0.4
        self._unsettled[session.transactional_id] = len(partitions)
        for partition in partitions:
            self._loop.call_later(longest * self._random(), self._show, session, partition, commit, context=OUTSIDE)

    def _show(self, session: Session, partition: PartitionLog, commit: bool) -> None:  # noqa: FBT001 - a timer's argument
        partition.finish(session.producer_id, commit=commit)
        self._unsettled[session.transactional_id] -= 1


class SimulatedGroup(Group):
    """A group whose members may fall silent, and which may rebalance at any time."""

    def join(self, member: Member) -> asyncio.Future[frozenset[TopicPartition]]:
        """Enter, or rejoin; a member that rejoins unasked makes all others rejoin."""
        known = self.knows(member)
        joined = super().join(member)
        if known and member.joined is not None:
            self._request_rejoin(member)
        return joined

    def expire(self, member: Member) -> None:
        """A member was not heard of for the session time-out: the others share its partitions."""
        joined, member.joined = member.joined, None
        if joined is not None and not joined.done():
            joined.set_result(_NOTHING)
            member.generation = -1
        self.leave(member)

    def rebalance(self) -> bool:
        """Ask every member to join again, as any change of any member's subscription does; False without members."""
        self._request_rejoin(_NOBODY)
        return bool(self._members)

    def knows(self, member: Member) -> bool:
        """Whether the member is in the group."""
        return self._members.get(member.id) is member


_NOTHING: Final[frozenset[TopicPartition]] = frozenset()
_NOBODY: Final = Member((), "range", lambda: None)


class SimulatedBroker(MemoryBroker):
    """The brokers of one simulated world.

    Args:
        loop: The world's loop.
        clock: The brokers' clock.
        random: Decides how late a transaction is shown.
        observer: Told of everything that is written.
    """

    def __init__(self, loop: VirtualLoop, clock: Clock, random: Random, observer: Observer) -> None:
        super().__init__(clock=clock, rebalance_timeout_ms=REBALANCE_TIMEOUT_MS)
        self.coordinator = self.transactions = SimulatedCoordinator(self, loop, random)
        self._observer = observer
        self._loop = loop
        self._history = hashlib.sha256()
        self._simulated_groups: dict[str, SimulatedGroup] = {}

    def append(self, outgoing: Outgoing, log: PartitionLog, session: Session | None = None) -> Position:
        """Write a record, hash it, and tell the observer unless a transaction has yet to decide on it."""
        position = super().append(outgoing, log, session)
        writer = "" if session is None else f"{session.transactional_id}#{session.epoch}"
        headers = b"".join([value for _, value in outgoing.headers])
        self.note(
            f"{self._loop.time():.6f} {position.topic}-{position.partition}@{position.offset} {writer}\n",
            outgoing.key or b"\0",
            outgoing.value or b"\0",
            headers,
        )
        if session is None:
            record = log.at(position.offset)
            if record is None:  # it stands behind an open transaction
                now_ms = self._clock()
                record = Record(
                    position.topic, position.partition, position.offset, now_ms,
                    outgoing.key, outgoing.value, outgoing.headers,
                )  # fmt: skip
            self._observer.written(record)
        return position

    def lost(self, record: Outgoing) -> None:
        """A record was acknowledged and not written."""
        self.note(f"{self._loop.time():.6f} lost {record.topic}\n", record.key or b"\0")
        self._observer.lost(record)

    def cleaned(self, topic: str, *, keep_tombstones: bool) -> int:
        """Let the log cleaner run, and say how many records a reader does not find any more."""
        partitions = [self.partition(TopicPartition(topic, number)) for number in range(self.partitions_of(topic))]

        def readable() -> int:
            return sum(len(log.read(0, log.end)[0]) for log in partitions)

        before = readable()
        self.compact(topic, keep_tombstones=keep_tombstones)
        return before - readable()

    def settled(self, session: Session, partitions: Sequence[PartitionLog], *, commit: bool) -> None:
        """A transaction is decided; called before its control records are written."""
        self.note(f"{self._loop.time():.6f} {session} commit={commit}\n")
        if commit:
            records = [record for log in partitions for record in log.open_records(session.producer_id)]
            self._observer.decided(session, records)

    def group(self, name: str) -> SimulatedGroup:
        """A consumer group, new or known."""
        found = self._simulated_groups.get(name)
        if found is None:
            found = self._simulated_groups[name] = SimulatedGroup(name, self.partitions_of, REBALANCE_TIMEOUT_MS)
        return found

    def offsets_moved(
        self, group: str, before: Mapping[TopicPartition, int], offsets: Mapping[TopicPartition, int]
    ) -> None:
        """A group's offsets were committed."""
        self.note(f"{self._loop.time():.6f} {group} {sorted(offsets.items())}\n")
        self._observer.offsets_committed(group, before, offsets)

    def note(self, line: str, *data: bytes) -> None:
        """Make something part of the history."""
        update = self._history.update
        update(line.encode())
        for part in data:
            update(part)

    @property
    def now_s(self) -> float:
        """Virtual seconds since the world began."""
        return self._loop.time()

    @property
    def history(self) -> str:
        """The hash over everything that has happened: equal for equal seeds, on every machine."""
        return self._history.hexdigest()
