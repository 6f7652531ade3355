"""Span files: what is written can be read by anyone, at any time, within bounds."""

import json
import os
from pathlib import Path

import pytest

from collegium.telemetry.spans import RecordedEvent, RecordedLink, SpanRecord, stored
from collegium.telemetry.store import SUFFIX, FileWriter, LocalTraceStore
from collegium.telemetry.tree import check_tree

TRACE = "0af7651916cd43dd8448eb211c80319c"
OTHER = "1bf7651916cd43dd8448eb211c80319d"


def record(number: int, parent: int = 0, trace_id: str = TRACE, name: str = "work") -> SpanRecord:
    """A span with an id of its own."""
    return SpanRecord(
        name=name,
        kind="consumer",
        trace_id=trace_id,
        span_id=f"{number:016x}",
        parent_id=f"{parent:016x}" if parent else "",
        parent_is_remote=False,
        tracestate="",
        start_ns=1_795_236_427_018_513_147 + number,
        end_ns=1_795_236_427_018_668_268 + number,
        attributes={"text": "ö\n\u2028", "whole": 3, "share": 0.5, "flag": True, "list": ["a", "b"]},
        links=[],
        events=[],
        error="",
    )


def test_a_span_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Attributes of every type, links, events, errors and nanoseconds survive."""
    rich = record(2, parent=1)
    rich.links.append(RecordedLink(OTHER, "cd" * 8, {"why": "retry"}))
    rich.events.append(RecordedEvent("found", 5, {"passages": 3}))
    rich.error = "no such corpus"
    writer = FileWriter(tmp_path / "traces", "collegium/retrieval")
    assert writer.write([record(1), rich])
    writer.close()
    found = LocalTraceStore(tmp_path / "traces").read(TRACE)
    assert found == [stored(record(1), "collegium/retrieval"), stored(rich, "collegium/retrieval")]


def test_a_trace_is_merged_from_all_processes(tmp_path: Path) -> None:
    """Files of several writers give one tree; a span that two wrote alike is one; other traces stay out."""
    first, second = FileWriter(tmp_path, "orchestrator"), FileWriter(tmp_path, "retrieval")
    first.write([record(1), record(9, trace_id=OTHER)])
    second.write([record(2, parent=1), record(3, parent=2)])
    first.write([record(1)])
    found = LocalTraceStore(tmp_path).read(TRACE)
    assert [span.span_id for span in found] == [f"{n:016x}" for n in (1, 2, 3)]
    assert check_tree(found).is_one_tree


def test_a_mention_of_the_trace_is_not_a_span_of_it(tmp_path: Path) -> None:
    """A link to the trace from another one does not belong to it."""
    linking = record(5, trace_id=OTHER)
    linking.links.append(RecordedLink(TRACE, "cd" * 8, {}))
    FileWriter(tmp_path, "s").write([linking])
    assert LocalTraceStore(tmp_path).read(TRACE) == []


@pytest.mark.parametrize("cut", [2, 40, 200])
def test_a_torn_last_line_is_passed_over(tmp_path: Path, cut: int) -> None:
    """A batch that was torn while being written leaves whole spans, parents first, and no error."""
    FileWriter(tmp_path, "s").write([record(1), record(2, parent=1), record(3, parent=2)])
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-cut])
    found = LocalTraceStore(tmp_path).read(TRACE)
    assert [span.span_id for span in found] == [f"{n:016x}" for n in (1, 2)]
    assert check_tree(found).is_one_tree


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x00 " + TRACE.encode(), b'{"trace_id": 5}', b"[]", b""])
def test_foreign_lines_are_passed_over(tmp_path: Path, garbage: bytes) -> None:
    """What is no span is ignored."""
    (tmp_path / f"x{SUFFIX}").write_bytes(garbage + b"\n")
    FileWriter(tmp_path, "s").write([record(1)])
    assert len(LocalTraceStore(tmp_path).read(TRACE)) == 1


def test_unknown_fields_of_a_newer_writer_are_tolerated(tmp_path: Path) -> None:
    """A file that a newer version wrote can still be read."""
    FileWriter(tmp_path, "s").write([record(1)])
    (path,) = tmp_path.iterdir()
    path.write_text(json.dumps({**json.loads(path.read_text()), "novelty": 1}) + "\n")
    assert len(LocalTraceStore(tmp_path).read(TRACE)) == 1


def test_no_files_is_no_trace(tmp_path: Path) -> None:
    """A directory that does not exist holds nothing."""
    assert LocalTraceStore(tmp_path / "nothing").read(TRACE) == []


def test_files_rotate_and_the_oldest_go(tmp_path: Path) -> None:
    """A full file is left for a new one, and the directory stays within its total."""
    writer = FileWriter(tmp_path, "s", max_file_bytes=2_000, max_total_bytes=8_000)
    for number in range(1, 200):
        assert writer.write([record(number)])
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) > 1
    assert sum(sizes) <= 8_000 + 1_000
    newest = [span.span_id for span in LocalTraceStore(tmp_path).read(TRACE)]
    assert newest[-1] == f"{199:016x}"


def test_a_removed_file_is_replaced(tmp_path: Path) -> None:
    """When another process pruned the file that is open here, spans go on in a new one."""
    writer = FileWriter(tmp_path, "s")
    writer.write([record(1)])
    for path in tmp_path.iterdir():
        path.unlink()
    assert writer.write([record(2)])
    assert [span.span_id for span in LocalTraceStore(tmp_path).read(TRACE)] == [f"{2:016x}"]


def test_a_directory_that_cannot_be_made_is_a_failed_write(tmp_path: Path) -> None:
    """No exception: the spans are counted as lost by whoever asked, and a later write may succeed."""
    blocked = tmp_path / "data"
    blocked.write_text("a file")
    writer = FileWriter(blocked / "traces", "s")
    assert not writer.write([record(1)])
    blocked.unlink()
    assert writer.write([record(1)])


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Span files may quote inputs, so nobody else on the machine reads them."""
    FileWriter(tmp_path, "s").write([record(1)])
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert str(os.getpid()) in path.name
