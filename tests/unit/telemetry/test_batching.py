"""The bounded queue in front of disk and network."""

import threading
from collections.abc import Sequence

import pytest

from collegium.telemetry.batching import Batches
from collegium.telemetry.spans import SpanRecord

BOUND_S = 10


def record(name: str) -> SpanRecord:
    """A span of which only the name matters."""
    return SpanRecord(name, "internal", "ab" * 16, "cd" * 8, "", False, "", 1, 2, {}, [], [], "")  # noqa: FBT003


class Gate:
    """A writer that waits for permission, fails or raises as told, and remembers what it wrote."""

    def __init__(self, *, opened: bool = True, stubborn: bool = False) -> None:
        self.stubborn = stubborn
        self.open = threading.Event()
        self.entered = threading.Event()
        self.batches: list[list[str]] = []
        self.answer = True
        self.poison: str | None = None
        self.closed = 0
        if opened:
            self.open.set()

    def write(self, batch: Sequence[SpanRecord]) -> bool:
        """Wait for permission, then remember."""
        names = [span.name for span in batch]
        self.entered.set()
        assert self.open.wait(BOUND_S)
        if self.poison in names:
            raise ValueError("cannot be encoded")
        self.batches.append(names)
        return self.answer

    def close(self) -> None:
        """Let a waiting write fail."""
        self.closed += 1
        self.answer = False
        if not self.stubborn:
            self.open.set()


class Losses(dict[str, int]):
    """Counts dropped spans by reason."""

    def __call__(self, reason: str, spans: int) -> None:
        """Count."""
        self[reason] = self.get(reason, 0) + spans


def test_trees_are_written_in_order_and_in_batches() -> None:
    """A flush writes all that was submitted before, in bounded batches of whole trees."""
    writer = Gate()
    batches = Batches(writer, name="t", batch_spans=3, delay_ms=60_000)
    batches.submit([record("a"), record("b")])
    assert batches.flush(BOUND_S * 1000)
    for name in "cdef":
        batches.submit([record(name), record(name.upper())])
    assert batches.flush(BOUND_S * 1000)
    batches.close(BOUND_S * 1000)
    assert writer.batches == [["a", "b"], ["c", "C"], ["d", "D"], ["e", "E"], ["f", "F"]]


def test_a_tree_waits_no_longer_than_the_delay() -> None:
    """Without a flush a lone tree is written on its own after the delay."""
    writer = Gate()
    batches = Batches(writer, name="t", delay_ms=1)
    batches.submit([record("a")])
    assert writer.entered.wait(BOUND_S)
    batches.close(BOUND_S * 1000)
    assert writer.batches == [["a"]]


def test_a_stuck_writer_blocks_nobody_and_fills_no_memory() -> None:
    """Beyond the capacity whole trees are dropped and counted, while submit returns at once."""
    writer, losses = Gate(opened=False), Losses()
    batches = Batches(writer, name="t", capacity_spans=4, batch_spans=1, dropped=losses)
    batches.submit([record("first")])
    assert writer.entered.wait(BOUND_S)
    for n in range(100):
        batches.submit([record(f"{n}"), record(f"{n}-child")])
    assert losses == {"t_queue_full": 196}
    assert not batches.flush(10)
    writer.open.set()
    assert batches.flush(BOUND_S * 1000)
    batches.close(BOUND_S * 1000)
    assert writer.batches == [["first"], ["0", "0-child"], ["1", "1-child"]]


def test_what_cannot_be_written_goes_to_the_spill() -> None:
    """Both failed batches and those that no longer fit are kept by the spill; nothing is counted as lost."""
    losses = Losses()
    kept, writer = Gate(), Gate(opened=False)
    spill = Batches(kept, name="file", dropped=losses)
    batches = Batches(writer, name="otlp", capacity_spans=2, batch_spans=1, spill=spill, dropped=losses)
    batches.submit([record("fails")])
    assert writer.entered.wait(BOUND_S)
    batches.submit([record("waits"), record("waits-child")])
    batches.submit([record("does-not-fit")])
    writer.answer = False
    writer.open.set()
    assert batches.flush(BOUND_S * 1000)
    batches.close(BOUND_S * 1000)
    assert sorted(name for batch in kept.batches for name in batch) == ["does-not-fit", "fails", "waits", "waits-child"]
    assert kept.closed == 1
    assert losses == {}


def test_close_is_bounded_and_interrupts_the_writer() -> None:
    """A writer that hangs is told to give up, and what it held goes to the spill."""
    kept, writer = Gate(), Gate(opened=False)
    batches = Batches(writer, name="otlp", batch_spans=1, spill=Batches(kept, name="file"))
    batches.submit([record("hangs")])
    assert writer.entered.wait(BOUND_S)
    batches.submit([record("waits")])
    batches.close(50)
    batches.close(50)
    assert sorted(name for batch in kept.batches for name in batch) == ["hangs", "waits"]
    assert writer.closed == 1


def test_close_does_not_wait_for_a_writer_that_cannot_be_interrupted() -> None:
    """What hangs in a request is kept by the spill, and counted once when the request fails later."""
    kept, writer, losses = Gate(), Gate(opened=False, stubborn=True), Losses()
    batches = Batches(writer, name="otlp", batch_spans=1, spill=Batches(kept, name="file"), dropped=losses)
    batches.submit([record("hangs")])
    assert writer.entered.wait(BOUND_S)
    batches.submit([record("waits")])
    batches.close(50)
    assert sorted(name for batch in kept.batches for name in batch) == ["hangs", "waits"]
    writer.open.set()
    assert losses == {}


def test_a_closed_queue_counts_what_comes_later() -> None:
    """After the end nothing is taken silently."""
    losses = Losses()
    batches = Batches(Gate(), name="t", dropped=losses)
    batches.close(BOUND_S * 1000)
    batches.submit([record("late")])
    assert losses == {"t_queue_full": 1}


def test_a_poisonous_tree_harms_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """A tree that cannot be encoded is counted and told, and the rest of its batch is written."""
    writer, losses = Gate(opened=False), Losses()
    writer.poison = "bad"
    batches = Batches(writer, name="t", delay_ms=60_000, dropped=losses)
    for name in ("good", "bad", "fine"):
        batches.submit([record(name)])
    writer.open.set()
    assert batches.flush(BOUND_S * 1000)
    batches.close(BOUND_S * 1000)
    assert writer.batches == [["good"], ["fine"]]
    assert losses == {"t_not_encodable": 1}
    assert "could not be written" in caplog.text
