"""Offsets under any order of completion."""

from hypothesis import given
from hypothesis import strategies as st

from collegium.agent.offsets import OffsetBook, PartitionOffsets
from collegium.log.port import Record, TopicPartition


@given(st.data())
def test_nothing_unfinished_is_ever_due(data: st.DataObject) -> None:
    """In whatever order records finish, all below the due offset is finished; in the end everything is due."""
    gaps = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=40), label="gaps between offsets")
    offsets = [sum(gaps[: index + 1]) for index in range(len(gaps))]
    partition, unfinished, waiting = PartitionOffsets(), set[int](), list(offsets)
    while waiting or unfinished:
        if waiting and (not unfinished or data.draw(st.booleans(), label="take")):
            offset = waiting.pop(0)
            partition.started(offset)
            unfinished.add(offset)
        else:
            offset = data.draw(st.sampled_from(sorted(unfinished)), label="finish")
            partition.finished(offset)
            unfinished.discard(offset)
        if (due := partition.due) is not None:
            assert not any(offset < due for offset in unfinished)
            if data.draw(st.booleans(), label="commit"):
                partition.committed(due, partition.seen)
                assert partition.due is None
    assert partition.idle
    partition.stands_at(offsets[-1] + 2)
    assert partition.due == offsets[-1] + 2


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=60))
def test_revoked_partitions_are_never_due(steps: list[tuple[int, bool]]) -> None:
    """After a partition is revoked, finishing its records commits nothing, and a new assignment starts afresh."""
    book = OffsetBook()
    taken: dict[int, list[tuple[int, PartitionOffsets]]] = {0: [], 1: [], 2: []}
    following = {0: 0, 1: 0, 2: 0}
    for number, revoke in steps:
        where = TopicPartition("t", number)
        if revoke:
            book.revoke([where])
            for offset, offsets in taken[number]:
                offsets.finished(offset)
                assert offsets.due is None
            taken[number].clear()
            assert where not in book.due().offsets
        else:
            if not book.holds([where]):
                book.assign(where, PartitionOffsets())
            record = Record("t", number, following[number], 0, None, None)
            taken[number].append((following[number], book.take(record)))
            following[number] += 1
            assert where not in book.due().offsets
