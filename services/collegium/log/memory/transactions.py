"""The broker's transaction coordinator: producer ids, epochs and what each open transaction has touched."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from collegium.log.errors import Fenced, OutcomeUnknown
from collegium.log.memory.partition import PartitionLog
from collegium.log.port import TopicPartition


@dataclass(frozen=True, slots=True)
class Session:
    """What a transactional producer shows with every call: its id, and the epoch that says whether it is current."""

    transactional_id: str
    producer_id: int
    epoch: int


@dataclass(slots=True)
class _State:
    session: Session
    in_transaction: bool = False
    touched: dict[TopicPartition, PartitionLog] = field(default_factory=dict[TopicPartition, PartitionLog])


class TransactionCoordinator:
    """Knows the newest session of every transactional id."""

    def __init__(self) -> None:
        self._states: dict[str, _State] = {}

    def open(self, transactional_id: str) -> Session:
        """Start a session, which fences every older one and aborts what it left open."""
        state = self._states.get(transactional_id)
        if state is None:
            session = Session(transactional_id, len(self._states), 0)
            self._states[transactional_id] = _State(session)
            return session
        if state.in_transaction:
            self._end(state, commit=False)
        old = state.session
        state.session = Session(transactional_id, old.producer_id, old.epoch + 1)
        return state.session

    def begin(self, session: Session) -> None:
        """Start a transaction."""
        state = self._current(session)
        if state.in_transaction:
            raise OutcomeUnknown(f"transaction of {session.transactional_id} begun twice")
        state.in_transaction = True

    def touch(self, session: Session, partition: PartitionLog) -> int:
        """Add a partition to the open transaction; returns the producer id to write with."""
        state = self._in_transaction(session)
        state.touched[partition.source] = partition
        return session.producer_id

    def end(self, session: Session, *, commit: bool) -> None:
        """Commit or abort the open transaction."""
        self._end(self._in_transaction(session), commit=commit)

    def release(self, session: Session) -> None:
        """Abort what a closing session left open; nothing when it is fenced."""
        state = self._states[session.transactional_id]
        if state.session == session and state.in_transaction:
            self._end(state, commit=False)

    def expire(self, transactional_id: str) -> bool:
        """Abort a transaction that has been open for too long and fence its producer; False when none is open."""
        state = self._states.get(transactional_id)
        if state is None or not state.in_transaction:
            return False
        self._end(state, commit=False)
        old = state.session
        state.session = Session(transactional_id, old.producer_id, old.epoch + 1)
        return True

    def settle(self, session: Session, partitions: Sequence[PartitionLog], *, commit: bool) -> None:
        """Write the control record that ends a decided transaction into each partition that it touched.

        The simulation overrides this: in Kafka the decision comes first, and the partitions follow one by one.
        """
        for partition in partitions:
            partition.finish(session.producer_id, commit=commit)

    def check(self, session: Session) -> None:
        """Raise Fenced unless the session is the newest of its id."""
        self._current(session)

    def _current(self, session: Session) -> _State:
        state = self._states[session.transactional_id]
        if state.session != session:
            raise Fenced(f"another producer of transactional id {session.transactional_id} has started")
        return state

    def _in_transaction(self, session: Session) -> _State:
        state = self._current(session)
        if not state.in_transaction:
            raise OutcomeUnknown(f"{session.transactional_id} has no open transaction")
        return state

    def _end(self, state: _State, *, commit: bool) -> None:
        touched = [partition for _, partition in sorted(state.touched.items())]
        state.touched = {}
        state.in_transaction = False
        self.settle(state.session, touched, commit=commit)
