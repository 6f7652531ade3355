"""Which snapshot a run reads."""

from pathlib import Path

import pytest

from collegium.retrieval.corpus import Corpus
from collegium.retrieval.pins import PIN_LIFE_S, RunPins


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """The seconds so far."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Time that stands still."""
    return Clock()


def test_a_run_keeps_its_first_revision(tmp_path: Path, clock: Clock) -> None:
    """Whatever is current later, in this process or another."""
    assert RunPins(tmp_path / "pins", clock=clock).pin("run-1", "one") == "one"
    other = RunPins(tmp_path / "pins", clock=clock)
    assert other.pin("run-1", "two") == "one"
    assert other.pin("run-2", "two") == "two"
    assert set(other.pinned()) == {"one", "two"}


def test_pins_end(tmp_path: Path, clock: Clock) -> None:
    """After six hours a revision is not kept for a run any more, and the next run clears it away."""
    pins = RunPins(tmp_path / "pins", clock=clock)
    pins.pin("run-1", "one")
    clock.now += PIN_LIFE_S + 1
    assert pins.pinned() == ()
    pins.pin("run-2", "two")
    assert pins.pin("run-1", "three") == "three"


def test_past_the_bound_the_oldest_run_is_forgotten(tmp_path: Path, clock: Clock) -> None:
    """The file has a bounded number of lines."""
    pins = RunPins(tmp_path / "pins", most=3, clock=clock)
    for number in range(4):
        pins.pin(f"run-{number}", f"revision-{number}")
        clock.now += 1
    assert pins.pinned() == ("revision-3", "revision-2", "revision-1")


def test_without_a_file_nothing_is_pinned(tmp_path: Path) -> None:
    """Asking makes no file, and a file that is none keeps nobody from publishing."""
    assert RunPins(tmp_path / "pins").pinned() == ()
    assert not (tmp_path / "pins").exists()
    (tmp_path / "pins").write_bytes(b"this is no database, " * 100)
    assert RunPins(tmp_path / "pins").pinned() == ()


def test_a_run_reads_on_when_pins_cannot_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A data directory that cannot be written to costs the promise, not the search."""
    (tmp_path / "a.md").write_text("# One\n\nThe first text.\n")
    corpus = Corpus(tmp_path / "data", "notes")
    corpus.add([tmp_path / "a.md"])
    (tmp_path / "data" / "corpora" / "notes" / "pins.sqlite").mkdir()
    assert corpus.revision_for("run-1") == corpus.revision()
    assert "run run-1 reads what is current" in caplog.text


def test_snapshots_of_runs_are_kept_up_to_a_bound(tmp_path: Path) -> None:
    """Of twelve runs, each at a revision of its own, the last eight still find theirs, beside the newest two."""
    corpus = Corpus(tmp_path / "data", "notes")
    revisions: list[str] = []
    for number in range(12):
        (tmp_path / "a.md").write_text(f"# Note\n\nEdition {number} of the note.\n")
        corpus.add([tmp_path / "a.md"])
        revisions.append(corpus.revision_for(f"run-{number}") or "")
    (tmp_path / "a.md").write_text("# Note\n\nThe last edition of the note.\n")
    corpus.add([tmp_path / "a.md"])
    kept = {path.name for path in (tmp_path / "data" / "corpora" / "notes" / "snapshots").iterdir()}
    assert kept == {*revisions[4:], corpus.revision()}
    assert "Edition 4" in corpus.open(revisions[4]).index.passage(0).text
