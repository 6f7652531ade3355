"""Locks, files that are replaced in one step, and log files."""

import stat
from pathlib import Path

import pytest

from collegium.embedded.errors import CacheBusy
from collegium.embedded.files import FileLock, locked, private_directory, replace_text
from collegium.embedded.logs import last_lines, open_log, trim_log


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    """The second one is told at once, and gets it after the first."""
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


async def test_waiting_for_a_lock_is_bounded(tmp_path: Path) -> None:
    """The error names the file that is held."""
    holder = FileLock(tmp_path / "lock")
    assert holder.acquire()
    with pytest.raises(CacheBusy) as busy:
        async with locked(tmp_path / "lock", timeout_s=0.0):
            pass
    holder.release()
    assert busy.value.path == tmp_path / "lock"


def test_replaced_files_are_private_and_leave_no_parts(tmp_path: Path) -> None:
    """State files may name what other users of the machine need not know."""
    target = tmp_path / "deep" / "state.json"
    replace_text(target, "one")
    replace_text(target, "two")
    assert target.read_text() == "two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(target.parent.iterdir()) == [target]


def test_a_new_data_directory_is_private_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    """Only the owner looks into a directory of ours; a volume that somebody shares stays shared."""
    private_directory(tmp_path / "new" / "data")
    assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    private_directory(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755


def test_the_end_of_a_log_is_quoted(tmp_path: Path) -> None:
    """Only its last lines, whatever bytes they are."""
    log = tmp_path / "service.log"
    log.write_bytes(b"x\n" * 100_000 + b"one\n\xff two\nthree\n")
    assert last_lines(log, 3) == ("one", "� two", "three")
    assert last_lines(tmp_path / "absent.log") == ()


def test_a_log_over_its_bound_is_moved_while_it_is_written(tmp_path: Path) -> None:
    """The writer goes on in the emptied file; the old lines are beside it."""
    path = tmp_path / "service.log"
    with open_log(path) as log:
        log.write(b"a" * 100)
        log.flush()
        assert not trim_log(path, max_bytes=100)
        assert trim_log(path, max_bytes=99)
        log.write(b"b")
        log.flush()
    assert path.read_bytes() == b"b"
    assert path.with_name("service.log.1").read_bytes() == b"a" * 99
