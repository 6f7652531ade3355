"""Suspicion over any course of events: who is condemned, and who never is."""

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from collegium.agent.offsets import PartitionOffsets
from collegium.agent.standing import RESERVED, Standing
from collegium.log.port import MAX_METADATA_BYTES

offsets = st.integers(0, 2**63 - 1)
standings = st.builds(
    Standing,
    open=st.booleans(),
    by=st.sampled_from(["", "1f.2a", "ffffffff.19000000000"]),
    upto=offsets,
    once=offsets,
    twice=offsets,
    trying=st.none() | offsets,
    condemned=st.none() | offsets,
)


@given(standings, offsets)
def test_a_line_says_what_matters_of_a_standing(standing: Standing, offset: int) -> None:
    """Read back, it suspects the same records at and after the offset, and fits beside an offset."""
    line = standing.line(offset, seen=offset)
    again = Standing.read(line)
    assert len(line.encode()) < MAX_METADATA_BYTES
    assert again.open
    assert again.by == standing.by
    assert again.upto == offset + RESERVED
    assert max(again.once, offset) == max(standing.once, offset)
    assert max(again.twice, offset) == max(standing.twice, offset)
    assert Standing.read(standing.line(offset, seen=None)).open is False


@given(st.text(max_size=60))
def test_foreign_text_says_nothing_or_something_bounded(text: str) -> None:
    """Other tools may write what they like beside an offset."""
    standing = Standing.read(text)
    assert standing == Standing() or text.split()[0] in {"clean", "open"}


@dataclass
class Partition:
    """A partition with some records that end the process working on them, and the processes that come and go."""

    killers: frozenset[int]
    end: int
    width: int
    committed: int = 0
    line: str = ""
    lives: int = 0
    kills: dict[int, int] = field(default_factory=dict[int, int])
    buried: set[int] = field(default_factory=set[int])
    alone: list[int] = field(default_factory=list[int])

    def life(self, stops_after: int) -> None:
        """One process, from its assignment to its end: at a killer, when it is stopped, or with nothing left."""
        self.lives += 1
        standing = Standing.read(self.line).inherited(f"{self.lives:x}", self.committed, self.end)
        book = PartitionOffsets(self.committed, standing)
        self.line = book.line(self.committed)
        done = 0
        while (first := book.last) is not None and first < self.end and done < stops_after:
            if book.alone:
                if book.standing.condemned is not None and book.passed(book.standing.condemned):
                    book.standing = book.standing.pardoned()
                    continue
                if not self._one(book, first):
                    return
                done += 1
                continue
            taken = range(first, min(first + self.width, self.end))
            for offset in taken:
                book.started(offset)
            for offset in taken:
                if offset in self.killers:
                    self.kills[offset] = self.kills.get(offset, 0) + 1
                    return
                book.finished(offset)
                done += 1
            self._commit(book)
        self.line = book.line(self.committed, leaving=True)

    def _one(self, book: PartitionOffsets, offset: int) -> bool:
        condemned = book.standing.condemned
        book.started(offset)
        if offset == condemned:
            self.buried.add(offset)
        else:
            book.standing = replace(book.standing, trying=offset)
            self.line = book.line(offset)
            self.alone.append(offset)
            if offset in self.killers:
                self.kills[offset] = self.kills.get(offset, 0) + 1
                return False
        book.finished(offset)
        self._commit(book)
        return True

    def _commit(self, book: PartitionOffsets) -> None:
        assert book.last is not None
        self.committed = book.last
        self.line = book.line(self.committed)
        book.committed(self.committed, book.seen)


def _scenes(end: int) -> st.SearchStrategy[tuple[int, frozenset[int]]]:
    return st.tuples(st.just(end), st.frozensets(st.integers(0, end - 1), max_size=4))


@given(st.integers(1, 300).flatmap(_scenes), st.integers(1, 64))
def test_killers_are_buried_after_three_kills_and_nobody_else(scene: tuple[int, frozenset[int]], width: int) -> None:
    """Whatever else is under way with it, each killer ends at most three processes, and its neighbours are done."""
    end, killers = scene
    partition = Partition(killers, end, width)
    for _ in range(3 * len(killers) + 1):
        partition.life(stops_after=end)
    assert partition.committed == end
    assert partition.buried == killers
    assert all(1 <= kills <= 3 for kills in partition.kills.values())


@given(st.lists(st.integers(0, 10), max_size=30), st.integers(1, 16))
def test_processes_that_are_stopped_in_order_suspect_nobody(lives: list[int], width: int) -> None:
    """A partition that is given back each time leaves no suspects, however often it changes hands."""
    partition = Partition(frozenset(), 50, width)
    for stops_after in lives:
        partition.life(stops_after)
        assert Standing.read(partition.line) == Standing()
    assert partition.alone == []


@given(standings, offsets, offsets)
def test_a_process_that_has_its_partition_again_suspects_nobody_anew(standing: Standing, offset: int, end: int) -> None:
    """It could not give the partition back, as in a broker's restart, but has not ended: counts stay as they were."""
    held = replace(standing, open=True, by="1.2", condemned=None)
    again = held.inherited("1.2", offset, end)
    assert again.condemned is None
    assert again.once in {0, held.once}
    assert again.twice in {0, held.twice}
    assert again.trying is None
