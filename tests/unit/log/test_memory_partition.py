"""The memory log's partition, against a model that recomputes everything from the history."""

from dataclasses import dataclass, field
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from collegium.log.memory.partition import PartitionLog
from collegium.log.port import Outgoing, TopicPartition

Kind = Literal["plain", "begin-or-send", "commit", "abort", "compact", "truncate"]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["plain", "begin-or-send", "begin-or-send", "commit", "abort", "compact", "truncate"]),
        st.integers(0, 2),
        st.sampled_from([b"a", b"b", b"c"]),
        st.booleans(),
    ),
    max_size=40,
)


@dataclass
class Model:
    """One entry per offset: the key and value, who wrote it in which transaction, and what became of that."""

    entries: list[tuple[bytes, bytes | None, int | None] | None] = field(default_factory=list)
    fate: dict[int, str] = field(default_factory=dict)
    open: dict[int, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    transactions: int = 0

    def stable(self) -> int:
        """The first offset of an open transaction, or the end."""
        for offset, entry in enumerate(self.entries):
            if entry is not None and entry[2] is not None and self.fate[entry[2]] == "open":
                return offset
        return len(self.entries)

    def visible(self) -> list[int]:
        """Offsets that a read_committed reader sees."""
        return [
            offset
            for offset, entry in enumerate(self.entries[: self.stable()])
            if entry is not None
            and offset not in self.gone
            and (entry[2] is None or self.fate[entry[2]] == "committed")
        ]


def apply(model: Model, log: PartitionLog, kind: str, producer: int, key: bytes, *, tombstone: bool) -> None:
    """Do one step to both."""
    outgoing = Outgoing(log.source.topic, key, None if tombstone else b"v")
    match kind:
        case "plain":
            assert log.append(outgoing, 0, None) == len(model.entries)
            model.entries.append((key, outgoing.value, None))
        case "begin-or-send":
            if producer not in model.open:
                model.transactions += 1
                model.open[producer] = model.transactions
                model.fate[model.transactions] = "open"
            log.append(outgoing, 0, producer)
            model.entries.append((key, outgoing.value, model.open[producer]))
        case "commit" | "abort" if producer in model.open:
            log.finish(producer, commit=kind == "commit")
            model.fate[model.open.pop(producer)] = "committed" if kind == "commit" else "aborted"
            model.entries.append(None)
        case "compact":
            log.compact(keep_tombstones=tombstone)
            visible = model.visible()
            latest = {model.entries[offset][0]: offset for offset in visible}
            model.gone |= {each for each in visible if latest[model.entries[each][0]] != each}
            if not tombstone:
                model.gone |= {each for each in visible if model.entries[each][1] is None}
        case "truncate":
            before = len(model.entries) // 2
            log.truncate(before)
            model.gone |= set(range(min(before, model.stable())))
        case _:
            pass


@given(STEPS, st.integers(1, 7), st.integers(0, 10))
def test_readers_see_what_the_model_sees(
    steps: list[tuple[str, int, bytes, bool]], max_records: int, position: int
) -> None:
    """Last stable offset, visible records, paging from any position and point reads, after any history."""
    model, log = Model(), PartitionLog(TopicPartition("t", 0))
    for kind, producer, key, tombstone in steps:
        apply(model, log, kind, producer, key, tombstone=tombstone)
        assert log.stable == model.stable()
        assert log.end == len(model.entries)
    visible = model.visible()
    assert [offset for offset in range(log.end + 2) if log.at(offset) is not None] == visible
    start = min(position, log.stable)
    position, read = start, list[int]()
    while position < log.stable:
        records, position = log.read(position, max_records)
        assert len(records) <= max_records
        read += [record.offset for record in records]
    assert read == [offset for offset in visible if offset >= start]
    assert position == log.stable
