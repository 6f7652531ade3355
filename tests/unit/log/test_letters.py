"""Dead letters: reading, listing, sending again once, putting away."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from collegium.log.dead_letters import PREFIX, dead_letter
from collegium.log.errors import Fenced, OffsetLost, OutcomeUnknown, TopicMismatch
from collegium.log.letter_desk import LetterDesk, LetterRefused
from collegium.log.letters import (
    LETTER_HEADER,
    MARK_HEADER,
    MAX_REDRIVES,
    REDRIVES_HEADER,
    Letter,
    LetterId,
    Mark,
    Word,
    read,
)
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Headers, Log, NewTopic, Outgoing, Record, TopicPartition
from collegium.log.topics import TopicNames

NAMES = TopicNames("t.")
RUN = "0190aaaa-0000-7000-8000-000000000001"
TRACE = ("traceparent", b"00-0123456789abcdef0123456789abcdef-00f067aa0ba902b7-01")


@pytest.fixture
async def log() -> AsyncIterator[Log]:
    """A log with dead-letters in two partitions, and two topics to send to."""
    async with MemoryLog(MemoryBroker()) as opened:
        await opened.create(
            [
                NewTopic(NAMES("dead-letters"), 2, {}),
                NewTopic(NAMES("tasks.a"), 1, {}),
                NewTopic(NAMES("results"), 1, {}),
            ]
        )
        yield opened


def original(topic: str = "tasks.a", value: bytes | None = b"\xff\x00", headers: Headers = (TRACE,)) -> Record:
    """A record that could not be used."""
    return Record(NAMES(topic), 3, 17, 1, RUN.encode(), value, headers)


async def bury(log: Log, record: Record, reason: str = "no JSON", partition: int = 0) -> LetterId:
    """Put a record into dead-letters as services do."""
    letter = dead_letter(record, topic=NAMES("dead-letters"), stage="s", error_class="Bad", reason=reason)
    producer = await log.producer()
    outgoing = Outgoing(letter.topic, letter.key, letter.value, letter.headers, partition)
    position = await (await producer.send(outgoing))
    return LetterId(position.partition, position.offset)


async def topic(log: Log, name: str) -> list[Record]:
    """What a topic of one partition holds."""
    partition = TopicPartition(NAMES(name), 0)
    end = (await log.end_offsets([partition]))[partition]
    consumer = await log.assign({partition: "earliest"})
    found: list[Record] = []
    while await consumer.position(partition) < end:
        for records in (await consumer.poll(max_records=100, timeout_ms=100)).values():
            found += records
    await consumer.close()
    return found


def every(letter: Letter) -> bool:
    """All letters."""
    return True


async def waiting(desk: LetterDesk, *, handled: bool = False) -> list[str]:
    """The letters that a list shows."""
    return [str(entry.letter.id) for entry in (await desk.page(every, limit=100, handled=handled)).entries]


async def test_a_letter_is_read_as_it_was_written(log: Log) -> None:
    """Origin, reason, run, trace and bytes are there; what was added to the headers is not among them."""
    desk = LetterDesk(log, NAMES)
    letter_id = await bury(log, original(headers=(TRACE, ("ce_subject", f"{RUN}/s/1".encode()))))
    entry = await desk.entry(letter_id)
    letter = entry.letter
    assert entry.mark is None
    assert (letter.topic, letter.partition, letter.offset) == (NAMES("tasks.a"), 3, 17)
    assert (letter.stage, letter.error_class, letter.reason) == ("s", "Bad", "no JSON")
    assert (letter.run_id, letter.trace_id) == (RUN, "0123456789abcdef0123456789abcdef")
    assert (letter.key, letter.value, letter.size_bytes) == (RUN.encode(), b"\xff\x00", 2)
    assert letter.headers == (TRACE, ("ce_subject", f"{RUN}/s/1".encode()))


async def test_lists_are_bounded_filtered_and_newest_first(log: Log) -> None:
    """A page has so many of those that fit, says how many there are, and whether it looked at all records."""
    desk = LetterDesk(log, NAMES)
    for number in range(6):
        await bury(log, original("results" if number % 2 else "tasks.a"), f"reason {number}", number % 2)
    page = await desk.page(lambda letter: letter.topic == NAMES("results"), limit=2, handled=False)
    assert [entry.letter.reason for entry in page.entries] == ["reason 5", "reason 3"]
    assert (page.total, page.complete) == (3, True)
    assert all(entry.letter.value is None for entry in page.entries)
    short = await desk.page(every, limit=10, handled=False, window=1)
    assert (short.total, short.complete) == (2, False)


async def test_a_letter_is_sent_again_as_it_came(log: Log) -> None:
    """Original topic, key, bytes, headers and trace, and beside them which letter it is and how often it was sent."""
    desk = LetterDesk(log, NAMES)
    letter_id = await bury(log, original())
    [position] = await desk.redrive([letter_id], by="ann")
    [record] = await topic(log, "tasks.a")
    assert (record.offset, record.key, record.value) == (position.offset, RUN.encode(), b"\xff\x00")
    assert record.headers == (TRACE, (LETTER_HEADER, b"0:0"), (REDRIVES_HEADER, b"1"))
    assert not any(name.startswith(PREFIX) for name, _ in record.headers)
    entry = await desk.entry(letter_id)
    assert entry.mark is not None
    assert (entry.mark.word, entry.mark.by) == (Word.REDRIVEN, "ann")
    assert await waiting(desk) == []
    assert await waiting(desk, handled=True) == ["0:0"]


async def test_a_letter_is_sent_again_once_unless_asked(log: Log) -> None:
    """A second time is refused and named; with `again` it happens."""
    desk = LetterDesk(log, NAMES)
    letter_id = await bury(log, original())
    await desk.redrive([letter_id], by="ann")
    with pytest.raises(LetterRefused, match="redriven by ann"):
        await desk.redrive([letter_id], by="bob")
    assert len(await topic(log, "tasks.a")) == 1
    await desk.redrive([letter_id], by="bob", again=True)
    assert len(await topic(log, "tasks.a")) == 2


async def test_all_letters_are_sent_or_none(log: Log) -> None:
    """One that cannot be sent keeps the others from being sent and marked."""
    desk = LetterDesk(log, NAMES)
    good, bad = await bury(log, original()), await bury(log, original("objectives"), partition=1)
    with pytest.raises(TopicMismatch, match="objectives"):
        await desk.redrive([good, bad], by="ann")
    assert await topic(log, "tasks.a") == []
    assert set(await waiting(desk)) == {str(good), str(bad)}


async def test_two_who_send_at_the_same_time_send_once(log: Log) -> None:
    """The transaction of one of them fences the other."""
    desks = [LetterDesk(log, NAMES) for _ in range(4)]
    letter_id = await bury(log, original())
    ends = await asyncio.gather(*(desk.redrive([letter_id], by="x") for desk in desks), return_exceptions=True)
    refused = [end for end in ends if isinstance(end, BaseException)]
    assert all(isinstance(end, LetterRefused | Fenced | OutcomeUnknown) for end in refused)
    assert len(await topic(log, "tasks.a")) == 1


async def test_sending_again_and_again_ends(log: Log) -> None:
    """What comes back keeps its count; past the bound it stays where it is, also when asked to."""
    desk = LetterDesk(log, NAMES)
    letter_id = await bury(log, original())
    for count in range(1, MAX_REDRIVES + 1):
        await desk.redrive([letter_id], by="ann")
        record = (await topic(log, "tasks.a"))[-1]
        letter_id = await bury(log, record)
        assert (await desk.entry(letter_id)).letter.redrives == count
    with pytest.raises(LetterRefused, match="3 times already"):
        await desk.redrive([letter_id], by="ann", again=True)


@pytest.mark.parametrize("name", ["run-state", "control", "dead-letters", "elsewhere"])
async def test_nothing_is_sent_to_topics_that_take_no_inputs(log: Log, name: str) -> None:
    """Anyone may write a letter that says it came from run-state; it does not get there by way of an operator."""
    desk = LetterDesk(log, NAMES)
    letter_id = await bury(log, original(name))
    with pytest.raises(LetterRefused, match="nothing is sent again"):
        await desk.redrive([letter_id], by="ann")


async def test_letters_without_origin_or_bytes_are_refused(log: Log) -> None:
    """A record that is no letter of ours can be listed and put away, not sent."""
    desk = LetterDesk(log, NAMES)
    producer = await log.producer()
    await (await producer.send(Outgoing(NAMES("dead-letters"), None, b"x", (), 0)))
    dropped = ("collegium_dropped_bytes", b"5000000")
    await bury(log, original(headers=(dropped,)))
    assert len(await waiting(desk)) == 2
    for offset, reason in ((0, "which topic"), (1, "5000000 bytes")):
        with pytest.raises(LetterRefused, match=reason):
            await desk.redrive([LetterId(0, offset)], by="ann")
    assert await desk.discard([LetterId(0, 0)], by="ann") == [LetterId(0, 0)]


async def test_putting_away_is_remembered_and_can_be_repeated(log: Log) -> None:
    """Lists leave the letter out; a second time changes nothing; sending it asks for `again`."""
    desk = LetterDesk(log, NAMES)
    letter_id = await bury(log, original(), partition=1)
    assert await desk.discard([letter_id], by="ann") == [letter_id]
    assert await desk.discard([letter_id], by="ann") == []
    assert await waiting(desk) == []
    with pytest.raises(LetterRefused, match="discarded by ann"):
        await desk.redrive([letter_id], by="bob")
    await desk.redrive([letter_id], by="bob", again=True)


async def test_what_is_not_there_is_told(log: Log) -> None:
    """An offset beyond the end, a mark, and a partition that does not exist."""
    desk = LetterDesk(log, NAMES)
    letter_id = await bury(log, original())
    await desk.discard([letter_id], by="ann")
    with pytest.raises(LetterRefused, match="mark of letter 0:0"):
        await desk.entry(LetterId(0, 1))
    with pytest.raises(LetterRefused, match="partition"):
        await desk.entry(LetterId(7, 0))
    with pytest.raises(OffsetLost):
        await desk.entry(LetterId(0, 99))


def test_a_sender_cannot_make_its_letter_a_mark() -> None:
    """Headers that look like ours are kept in a letter and mean nothing there."""
    forged = ((MARK_HEADER, b"discarded"), (LETTER_HEADER, b"0:0"), (REDRIVES_HEADER, b"many"))
    letter = dead_letter(original(headers=forged), topic="d", stage="s", error_class="E", reason="r")
    said = read(Record("d", 0, 5, 1, letter.key, letter.value, letter.headers))
    assert isinstance(said, Letter)
    assert said.redrives == 0
    assert said.headers == ((MARK_HEADER, b"discarded"),)
    bare = read(Record("d", 0, 6, 1, None, b"", forged))
    assert isinstance(bare, Mark)


@pytest.mark.parametrize("text", ["", "7", "0:", ":1", "0:-1", "a:b", "0:1 ", "١:٢", "0:" + "9" * 30])
def test_other_words_are_no_letters(text: str) -> None:
    """The error shows how a letter is named."""
    with pytest.raises(ValueError, match="partition:offset"):
        LetterId.parse(text)
