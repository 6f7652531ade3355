"""Dead letters to be looked at, sent again, or put away."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from collegium.log.errors import LogError, TopicMismatch
from collegium.log.letters import MAX_REDRIVES, Letter, LetterId, Mark, Word, read
from collegium.log.port import Log, Outgoing, Position, Record, TopicPartition
from collegium.log.topics import TopicNames

TOPIC: Final = "dead-letters"
WINDOW_RECORDS: Final = 100_000
"""A list looks at so many of a partition's newest records."""

_INPUTS: Final = frozenset({"objectives", "interventions", "results"})
_READ_MS: Final = 5_000
_POLL_RECORDS: Final = 1_000
_POLL_MS: Final = 500

Wanted = Callable[[Letter], bool]


class LetterRefused(LogError):
    """The letter cannot be handled like this."""

    def __init__(self, letter: LetterId, reason: str) -> None:
        super().__init__(f"dead letter {letter}: {reason}")
        self.letter = letter
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Entry:
    """A letter, and what has become of it."""

    letter: Letter
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some letters, newest first."""

    entries: Sequence[Entry]
    total: int
    """How many fit the question among those looked at."""
    complete: bool
    """False when older ones were not looked at."""


class LetterDesk:
    """The dead letters of one system.

    Args:
        log: The log.
        names: Full topic names.
    """

    def __init__(self, log: Log, names: TopicNames) -> None:
        self._log = log
        self._names = names
        self._topic = names(TOPIC)

    async def page(self, wanted: Wanted, *, limit: int, handled: bool, window: int = WINDOW_RECORDS) -> Page:
        """The newest letters that are wanted.

        Args:
            wanted: Chooses letters.
            limit: How many at most.
            handled: Whether those that were sent again or put away are wanted as well.
            window: How many of each partition's newest records are looked at.
        """
        partitions = await self._partitions()
        starts, ends = await self._log.beginning_offsets(partitions), await self._log.end_offsets(partitions)
        marks: dict[LetterId, Mark] = {}
        newest: list[Letter] = []
        complete = True
        for partition in partitions:
            first = max(starts[partition], ends[partition] - window)
            complete = complete and first == starts[partition]
            async for record in self._between(partition, first, ends[partition]):
                said = read(record)
                if isinstance(said, Mark):
                    marks[said.letter] = said
                elif wanted(said):
                    newest.append(said.light())
        found = [
            Entry(letter, marks.get(letter.id))
            for letter in sorted(newest, key=lambda letter: (letter.at_ms, letter.id), reverse=True)
            if handled or letter.id not in marks
        ]
        return Page(found[:limit], len(found), complete)

    async def entry(self, letter: LetterId) -> Entry:
        """One letter, whole.

        Raises:
            OffsetLost: there is none, or it has expired.
            LetterRefused: a mark lies there.
        """
        found = await self._letter(letter)
        return Entry(found, (await self._marks([found])).get(letter))

    async def redrive(self, letters: Sequence[LetterId], *, by: str, again: bool = False) -> Sequence[Position]:
        """Send letters to where they came from, and mark them, all in one transaction.

        Whoever else does so at the same time is fenced, so that a letter is sent once however often it is asked for.

        Args:
            letters: Which.
            by: Who asks.
            again: Also those that were sent again or put away before.

        Returns:
            Where each was written.

        Raises:
            LetterRefused: one of them cannot be sent, and so none was.
            OffsetLost: one of them is not there.
            TopicMismatch: a topic does not exist.
            OutcomeUnknown: it may or may not have happened; asking again tells.
        """
        producer = await self._log.transactional_producer(self._topic)
        try:
            found = [await self._letter(letter) for letter in letters]
            marks = {} if again else await self._marks(found)
            records = [self._again(letter, marks.get(letter.id)) for letter in found]
            await self._check_targets(records)
            await producer.begin()
            futures = [await producer.send(record) for record in records]
            for letter in found:
                await producer.send(letter.mark(self._topic, Word.REDRIVEN, by))
            written = [await future for future in futures]
            await producer.commit()
        finally:
            await producer.close()
        return written

    async def discard(self, letters: Sequence[LetterId], *, by: str) -> Sequence[LetterId]:
        """Put letters away: lists leave them out from now on.

        Returns:
            Those that had not been put away before.

        Raises:
            OffsetLost: one of them is not there, and so none was put away.
        """
        found = [await self._letter(letter) for letter in letters]
        marks = await self._marks(found)
        left = [letter for letter in found if letter.id not in marks or marks[letter.id].word is not Word.DISCARDED]
        producer = await self._log.producer()
        try:
            for future in [await producer.send(letter.mark(self._topic, Word.DISCARDED, by)) for letter in left]:
                await future
        finally:
            await producer.close()
        return [letter.id for letter in left]

    def _again(self, letter: Letter, mark: Mark | None) -> Outgoing:
        if mark is not None:
            raise LetterRefused(letter.id, f"it was {mark.word} by {mark.by or 'someone'}: --again sends it once more")
        if letter.redrives >= MAX_REDRIVES:
            raise LetterRefused(letter.id, f"it has been sent again {letter.redrives} times already, in vain")
        if letter.topic is not None and not self._read_for_commands(letter.topic):
            shown = letter.topic[:100]
            raise LetterRefused(letter.id, f"nothing is sent again to {shown!r}: no service takes inputs from it")
        try:
            return letter.again()
        except ValueError as error:
            raise LetterRefused(letter.id, str(error)) from error

    def _read_for_commands(self, topic: str) -> bool:
        """Whether services read the topic for inputs: anyone may write a letter that says it came from run-state."""
        short = self._names.short(topic)
        return topic == self._names(short) and (short in _INPUTS or short.startswith("tasks."))

    async def _check_targets(self, records: Sequence[Outgoing]) -> None:
        targets = {record.topic for record in records}
        missing = sorted(targets - (await self._log.describe(targets)).keys())
        if missing:
            raise TopicMismatch(tuple(f"topic {name}, where a letter came from, does not exist" for name in missing))

    async def _partitions(self) -> list[TopicPartition]:
        described = await self._log.describe([self._topic])
        if self._topic not in described:
            raise TopicMismatch((f"topic {self._topic} is missing: run `collegium topics create`",))
        return [TopicPartition(self._topic, number) for number in range(described[self._topic].partitions)]

    async def _letter(self, letter: LetterId) -> Letter:
        partition = TopicPartition(self._topic, letter.partition)
        if partition not in await self._partitions():
            raise LetterRefused(letter, "there is no such partition")
        said = read(await self._log.read_at(partition, letter.offset, timeout_ms=_READ_MS))
        if isinstance(said, Mark):
            raise LetterRefused(letter, f"this is the mark of letter {said.letter}, and no letter")
        return said

    async def _marks(self, letters: Sequence[Letter]) -> dict[LetterId, Mark]:
        """The latest marks of these letters; they lie behind them."""
        found: dict[LetterId, Mark] = {}
        wanted = {letter.id for letter in letters}
        for number in sorted({letter.partition for letter in wanted}):
            partition = TopicPartition(self._topic, number)
            first = min(letter.offset for letter in wanted if letter.partition == number) + 1
            end = (await self._log.end_offsets([partition]))[partition]
            async for record in self._between(partition, first, end):
                said = read(record)
                if isinstance(said, Mark) and said.letter in wanted:
                    found[said.letter] = said
        return found

    async def _between(self, partition: TopicPartition, first: int, end: int) -> AsyncIterator[Record]:
        if first >= end:
            return
        consumer = await self._log.assign({partition: first})
        try:
            while await consumer.position(partition) < end:
                for records in (await consumer.poll(max_records=_POLL_RECORDS, timeout_ms=_POLL_MS)).values():
                    for record in records:
                        if record.offset < end:
                            yield record
        finally:
            await consumer.close()
