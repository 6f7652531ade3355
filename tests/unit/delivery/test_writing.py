"""Files that appear once and whole."""

import os
import stat
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from collegium.delivery.errors import AlreadyDelivered, FilesystemTrouble
from collegium.delivery.writing import Receipt, ReportStore
from report_worlds import RUN_ID

KEY = f"{RUN_ID}/deliver"
FILES = {"report.md": b"text", "report.json": b"{}"}


def _snapshot(root: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_a_second_delivery_finds_the_same_bytes_and_changes_nothing(tmp_path: Path) -> None:
    """Neither content nor files are touched."""
    store = ReportStore(tmp_path)
    place = store.deliver(RUN_ID, KEY, FILES)
    before = _snapshot(tmp_path)
    assert store.deliver(RUN_ID, KEY, FILES) == place == tmp_path / RUN_ID
    assert _snapshot(tmp_path) == before
    assert (place / "report.md").read_bytes() == b"text"


@pytest.mark.parametrize(
    ("key", "files", "reason"),
    [
        (KEY, {**FILES, "report.md": b"other"}, "other content"),
        (f"{RUN_ID}/deliver.2", FILES, "belongs to"),
    ],
)
def test_another_delivery_for_the_same_place_is_refused(
    tmp_path: Path, key: str, files: dict[str, bytes], reason: str
) -> None:
    """What is delivered stays as it is."""
    store = ReportStore(tmp_path)
    store.deliver(RUN_ID, KEY, FILES)
    before = _snapshot(tmp_path)
    with pytest.raises(AlreadyDelivered, match=reason):
        store.deliver(RUN_ID, key, files)
    assert _snapshot(tmp_path) == before


def test_a_delivered_file_that_was_changed_is_not_taken_for_ours(tmp_path: Path) -> None:
    """The bytes are compared, not only the receipt."""
    store = ReportStore(tmp_path)
    place = store.deliver(RUN_ID, KEY, FILES)
    (place / "report.md").write_bytes(b"edited")
    with pytest.raises(AlreadyDelivered, match=r"report\.md"):
        store.deliver(RUN_ID, KEY, FILES)


def test_a_directory_that_is_no_delivery_is_left_alone(tmp_path: Path) -> None:
    """Someone else's directory is not overwritten."""
    (tmp_path / RUN_ID).mkdir()
    (tmp_path / RUN_ID / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(AlreadyDelivered, match="no receipt"):
        ReportStore(tmp_path).deliver(RUN_ID, KEY, FILES)
    assert os.listdir(tmp_path / RUN_ID) == ["notes.txt"]


@pytest.mark.parametrize("run_id", ["../x", "..", "", "a/b", RUN_ID.upper(), f"{RUN_ID}/..", f"{RUN_ID}\n"])
def test_a_run_id_cannot_lead_out_of_the_directory(tmp_path: Path, run_id: str) -> None:
    """Only a canonical UUID names a directory."""
    with pytest.raises(ValueError, match="run_id"):
        ReportStore(tmp_path / "reports").deliver(run_id, KEY, FILES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "delivery.json"])
def test_a_file_name_cannot_lead_out_of_the_directory(tmp_path: Path, name: str) -> None:
    """Only plain names are written."""
    with pytest.raises(ValueError, match="plain file names"):
        ReportStore(tmp_path / "reports").deliver(RUN_ID, KEY, {name: b""})


def test_what_a_killed_attempt_left_is_swept(tmp_path: Path) -> None:
    """A half-written staging directory of the run goes once the report stands; other runs' stay."""
    left, other = tmp_path / f".{RUN_ID}.0123", tmp_path / f".{RUN_ID[:-1]}f.0123"
    for directory in (left, other):
        directory.mkdir()
        (directory / "report.md").write_bytes(b"ha")
    ReportStore(tmp_path).deliver(RUN_ID, KEY, FILES)
    assert (left.exists(), other.exists()) == (False, True)


def test_of_concurrent_attempts_all_find_one_delivery(tmp_path: Path) -> None:
    """Whoever wins, every attempt succeeds with the same files and nothing else is left."""
    store, gate = ReportStore(tmp_path), threading.Barrier(8)
    places: list[Path] = []

    def attempt() -> None:
        gate.wait(timeout=30)
        places.append(store.deliver(RUN_ID, KEY, FILES))

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert places == [tmp_path / RUN_ID] * 8
    assert os.listdir(tmp_path) == [RUN_ID]


def test_trouble_with_the_disk_leaves_nothing_visible(tmp_path: Path) -> None:
    """The error names the place; no part of a report stays behind."""
    blocked = tmp_path / "reports"
    blocked.write_text("a file where the directory should be", encoding="utf-8")
    with pytest.raises(FilesystemTrouble, match="cannot write the report"):
        ReportStore(blocked).deliver(RUN_ID, KEY, FILES)
    assert stat.S_ISREG(blocked.stat().st_mode)


class Overtaken(ReportStore):
    """A store whose place is delivered to again whenever a withdrawal has emptied it."""

    def _publish(self, place: Path, files: Mapping[str, bytes]) -> None:
        first = Receipt(effect_key=KEY, sha256={}).to_json()
        super()._publish(place, {"delivery.json": first})


def test_a_withdrawal_that_never_comes_through_is_no_success(tmp_path: Path) -> None:
    """It is said, and tried again."""
    store = Overtaken(tmp_path)
    store.deliver(RUN_ID, KEY, {})
    with pytest.raises(FilesystemTrouble, match="meanwhile"):
        store.withdraw(RUN_ID, KEY, f"{RUN_ID}/undo.deliver")
