"""Runs kept as parts in a bounded table."""

import pytest

from collegium.ledger.folding import RunRecord, Source, fold
from collegium.ledger.shelf import MAX_STRAYS, Shelf
from collegium.ledger.views import RunView
from collegium_schemas.events import RunDecided
from run_histories import RUN_ID, START_MS, cancelled_run, completed_run


def run_id(number: int) -> str:
    """A run_id of one's own."""
    return f"0199c5a0-0000-7000-8000-{number:012d}"


def folded(history: list[RunDecided], *, partition: int = 0, first_offset: int = 0) -> RunView | None:
    """What the history folds to."""
    record = RunRecord()
    for number, decision in enumerate(history):
        record = fold(record, decision, Source(partition, first_offset + number))
    return record.view()


def put(shelf: Shelf, history: list[RunDecided], *, partition: int = 0, first_offset: int = 0) -> None:
    """Fold a history from consecutive offsets."""
    for number, decision in enumerate(history):
        shelf.fold(decision, Source(partition, first_offset + number))


def test_a_kept_run_is_the_folded_one() -> None:
    """The shelf answers with the view that the history folds to, and lists its summary."""
    shelf = Shelf({}, runs_per_partition=10)
    put(shelf, completed_run())
    assert shelf.view(RUN_ID) == folded(completed_run())
    assert [summary.run_id for summary in shelf.summaries()] == [RUN_ID]
    assert shelf.view(run_id(9)) is None


def test_a_restored_table_gives_the_same_answers() -> None:
    """After a restart from the table alone, in any order of its keys, views and latencies are the same."""
    table: dict[str, bytes] = {}
    shelf = Shelf(table, runs_per_partition=10)
    put(shelf, completed_run())
    restored = Shelf(dict(reversed(table.items())), runs_per_partition=10)
    restored.rebuild()
    assert restored.view(RUN_ID) == shelf.view(RUN_ID)
    assert restored.latencies(complete=True) == shelf.latencies(complete=True)
    assert restored.next_offset(0) == len(completed_run())


@pytest.mark.parametrize("kept", range(30))
def test_a_crash_between_two_writes_of_a_decision_changes_nothing(kept: int) -> None:
    """Whatever prefix of the writes survived, reading on from `next_offset` gives the same view."""

    class Crashing(dict[str, bytes]):
        """Takes so many writes and loses the rest, as a process that is killed."""

        left = kept

        def __setitem__(self, key: str, value: bytes) -> None:
            if self.left > 0:
                self.left -= 1
                super().__setitem__(key, value)
            else:
                self.lost = {**getattr(self, "lost", {}), key: value}

        def __getitem__(self, key: str) -> bytes:
            lost: dict[str, bytes] = getattr(self, "lost", {})
            return lost[key] if key in lost else super().__getitem__(key)

    table = Crashing()
    put(Shelf(table, runs_per_partition=10), completed_run())
    survivor = Shelf(dict(table.items()), runs_per_partition=10)
    survivor.rebuild()
    start = survivor.next_offset(0) or 0
    put(survivor, completed_run()[start:], first_offset=start)
    assert survivor.view(RUN_ID) == folded(completed_run())


def test_the_oldest_ended_run_makes_room() -> None:
    """Past the bound of a partition its oldest ended run leaves the table whole; live ones stay."""
    table: dict[str, bytes] = {}
    shelf = Shelf(table, runs_per_partition=2)
    live = completed_run(run_id(1), at_ms=START_MS)[:2]
    put(shelf, live)
    put(shelf, cancelled_run(run_id(2), at_ms=START_MS + 10), first_offset=10)
    put(shelf, cancelled_run(run_id(3), at_ms=START_MS + 20), first_offset=20)
    assert {summary.run_id for summary in shelf.summaries()} == {run_id(1), run_id(3)}
    assert not [key for key in table if key.startswith(run_id(2))]
    assert len(shelf) == 2


def test_each_partition_has_its_own_room() -> None:
    """A run of another partition is never evicted, since a table is only written where its stream is."""
    shelf = Shelf({}, runs_per_partition=1)
    put(shelf, cancelled_run(run_id(1)), partition=0)
    put(shelf, cancelled_run(run_id(2)), partition=1)
    assert len(shelf) == 2
    assert (shelf.next_offset(0), shelf.next_offset(1), shelf.next_offset(2)) == (2, 2, None)


def test_a_decision_is_folded_once() -> None:
    """`fold` says whether a decision was new."""
    shelf = Shelf({}, runs_per_partition=1)
    decision = completed_run()[0]
    assert shelf.fold(decision, Source(0, 0))
    assert not shelf.fold(decision, Source(0, 0))


def test_later_decisions_of_unknown_runs_are_bounded_and_not_listed() -> None:
    """Decisions whose beginning is gone write nothing, and only so many runs of them are remembered."""
    table: dict[str, bytes] = {}
    shelf = Shelf(table, runs_per_partition=10)
    for number in range(MAX_STRAYS + 5):
        shelf.fold(cancelled_run(run_id(number))[1], Source(0, number))
    assert not table
    assert len(shelf) == 0
    shelf.fold(cancelled_run(run_id(MAX_STRAYS + 4))[0], Source(0, 999))
    view = shelf.view(run_id(MAX_STRAYS + 4))
    assert view is not None
    assert view.version == 2


def test_a_table_of_another_version_is_folded_again() -> None:
    """Parts that cannot be read count for nothing: reading starts over, and the view is whole again."""
    table: dict[str, bytes] = {}
    put(Shelf(table, runs_per_partition=10), completed_run())
    table[f"{RUN_ID}/head"] = b'{"another": "layout"}'
    shelf = Shelf(table, runs_per_partition=10)
    shelf.rebuild()
    assert shelf.next_offset(0) is None
    assert shelf.view(RUN_ID) is None
    put(shelf, completed_run())
    assert shelf.view(RUN_ID) == folded(completed_run())


def test_runs_of_lost_partitions_are_not_shown() -> None:
    """After a rebalance only what this process reads counts, whatever the table still holds."""
    shelf = Shelf({}, runs_per_partition=10)
    put(shelf, cancelled_run(run_id(1)), partition=0)
    put(shelf, cancelled_run(run_id(2)), partition=1)
    shelf.rebuild({1})
    assert [summary.run_id for summary in shelf.summaries()] == [run_id(2)]
    assert shelf.view(run_id(1)) is None
