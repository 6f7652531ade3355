"""Log files of child processes: appended to, bounded, and quoted when something breaks."""

import os
from pathlib import Path
from typing import BinaryIO, Final

MAX_LOG_BYTES: Final = 20_000_000
_TAIL_BYTES: Final = 32_768


def open_log(path: Path) -> BinaryIO:
    """Open for appending; a child process may inherit it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")


def last_lines(path: Path, count: int = 15) -> tuple[str, ...]:
    """The end of a log; empty when there is none. Never reads more than 32 KiB."""
    try:
        with path.open("rb") as file:
            size_bytes = file.seek(0, os.SEEK_END)
            file.seek(max(0, size_bytes - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES).decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    return tuple(text.splitlines()[-count:])


def trim_log(path: Path, max_bytes: int = MAX_LOG_BYTES) -> bool:
    """Move a log that is over its bound to `NAME.1` and empty it in place; True when that was done.

    The writer keeps its descriptor: it was opened for appending, so it goes on at the new end. What is written
    between copying and emptying is lost, as with logrotate's `copytruncate`.
    """
    try:
        if path.stat().st_size <= max_bytes:
            return False
    except FileNotFoundError:
        return False
    content = path.read_bytes()[-max_bytes:]
    path.with_name(f"{path.name}.1").write_bytes(content)
    os.truncate(path, 0)
    return True
