"""Files that several processes share: locks that die with their holder, replacement in one step."""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final

from collegium.embedded.errors import CacheBusy

_POLL_S: Final = 0.1


def private_directory(path: Path) -> None:
    """Make a data directory that only its owner can look into: logs and reports hold what was asked.

    One that exists keeps its mode: it may be a volume that its owner shares on purpose.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


class FileLock:
    """An exclusive advisory lock. The kernel releases it when its holder dies, so it is never stale."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; True when it is held now."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Give the lock back. Idempotent."""
        if self._file is not None:
            self._file.close()
            self._file = None


@asynccontextmanager
async def locked(path: Path, *, timeout_s: float) -> AsyncGenerator[None, None]:
    """Hold a lock file.

    Raises:
        CacheBusy: another process held it for the whole time-out.
    """
    lock, deadline = FileLock(path), time.monotonic() + timeout_s
    while not lock.acquire():
        if time.monotonic() > deadline:
            raise CacheBusy(path, timeout_s)
        await asyncio.sleep(_POLL_S)
    try:
        yield
    finally:
        lock.release()


def replace_text(path: Path, text: str) -> None:
    """Write a private file so that a reader sees the old or the new content, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.touch(mode=0o600)
    part.write_text(text, "utf-8")
    part.replace(path)
