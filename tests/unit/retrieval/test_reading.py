"""Hostile files: each costs a bounded time and memory, is reported, and the others are added."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from collegium.retrieval.corpus import Corpus
from collegium.retrieval.documents import FileReport, FileStatus
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.files import Limits
from collegium.retrieval.reading import IsolatedReader

FAULTY = """
import os, signal, sys
from dataclasses import replace
from collegium.retrieval.parsing import formats, worker
def parse(form, data, max_chars):
    if data == b"crash":
        os.kill(os.getpid(), signal.SIGKILL)
    def hog(data, max_chars):
        held = []
        while True:
            held.append(bytes(2**20))
    return formats.parse(replace(form, parse=hog) if data == b"hog" else form, data, max_chars)
worker.main(sys.argv[1:], parse)
"""
DEEP = b"<p>Deep text" + b"<div>" * 200_000


@contextmanager
def faulty_reader(**limits: float) -> Generator[IsolatedReader]:
    """A reader whose parser crashes on one text and takes all memory on another."""
    with IsolatedReader(Limits(**limits), (sys.executable, "-P", "-c", FAULTY)) as reader:  # type: ignore[arg-type]
        yield reader


def own_workers() -> list[psutil.Process]:
    """The processes that this one has started for reading."""
    return [child for child in psutil.Process().children() if "collegium.retrieval.parsing.worker" in child.cmdline()]


def test_a_page_without_end_is_skipped(tmp_path: Path) -> None:
    """A page that keeps its parser busy for minutes is reported at the deadline; files before and after are added."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# First\n\nThe first text.\n")
    (docs / "b.html").write_bytes(DEEP)
    (docs / "c.md").write_text("# Last\n\nThe last text.\n")
    reports: list[FileReport] = []
    report = Corpus(tmp_path / "data", "tea", limits=Limits(max_read_s=2.0)).add([docs], reports.append)
    assert [file.status for file in reports] == [FileStatus.ADDED, FileStatus.SKIPPED, FileStatus.ADDED]
    (skipped,) = report.skipped
    assert skipped.reason == "it took longer than 2 s to read"
    assert "leave it out" in skipped.advice
    assert own_workers() == []


@pytest.mark.skipif(sys.platform != "linux", reason="no other platform bounds a process's address space")
def test_a_file_that_takes_all_memory_is_reported() -> None:
    """The bound is named, and the next file is read by a fresh process."""
    with faulty_reader(max_read_memory_bytes=2**30) as reader:
        with pytest.raises(DocumentError, match="more than 1 GiB of memory"):
            reader.read("a.txt", b"hog")
        assert reader.read("b.txt", b"Good text.").text.strip() == "Good text."


def test_a_parser_that_crashes_is_reported() -> None:
    """A worker that is killed takes its file with it and nothing else."""
    with faulty_reader() as reader:
        with pytest.raises(DocumentError, match="crashed"):
            reader.read("a.txt", b"crash")
        assert reader.read("b.txt", b"Good text.").text.strip() == "Good text."


def test_a_worker_that_does_not_start_is_reported() -> None:
    """A broken installation is a reason for each file, not a hang."""
    with (
        IsolatedReader(Limits(), (sys.executable, "-c", "pass")) as reader,
        pytest.raises(DocumentError, match="does not start"),
    ):
        reader.read("a.txt", b"Good text.")


def test_files_share_a_worker_and_it_ends_with_its_reader() -> None:
    """Many small files pay for one process, started by the first of them; none is left behind."""
    with IsolatedReader(Limits()) as reader:
        assert own_workers() == []
        with pytest.raises(DocumentError, match="empty"):
            reader.read("0.txt", b"")
        (worker,) = own_workers()
        for number in range(20):
            assert str(number) in reader.read(f"{number}.txt", f"Text {number}.".encode()).text
        assert own_workers() == [worker]
    assert not worker.is_running()
