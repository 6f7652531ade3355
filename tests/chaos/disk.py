"""A disk of a few megabytes that can be filled and freed while a broker uses it."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

_COMMAND_S = 10.0
_MOUNTS = Path("/proc/mounts")
_PREFIX = "collegium-disk-"
_BLOCK = 4_096
_FILLER = "filler"


class DiskError(AssertionError):
    """The disk does not do what a trial needs."""


class SmallDisk:
    """A mounted file system with a size of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def free_bytes(self) -> int:
        """What can still be written."""
        return shutil.disk_usage(self.path).free

    async def fill(self, leave_bytes: int = 0) -> None:
        """Write a file that takes all the space but so much."""
        await asyncio.to_thread(self._fill, leave_bytes)

    async def free(self) -> None:
        """Remove that file."""
        await asyncio.to_thread((self.path / _FILLER).unlink)

    def _fill(self, leave_bytes: int) -> None:
        with (self.path / _FILLER).open("ab", buffering=0) as filler:
            while (room := self.free_bytes - leave_bytes) > 0:
                filler.write(bytes(min(room, 256 * _BLOCK)))


@asynccontextmanager
async def small_disk(path: Path, megabytes: int) -> AsyncGenerator[SmallDisk]:
    """Mount one at a new directory; at the end it is gone with all that was on it.

    What an earlier process left behind that was killed is removed first.
    """
    await _sweep()
    await asyncio.to_thread(path.mkdir, parents=True)
    await _do("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", f"{_PREFIX}{os.getpid()}", str(path))
    try:
        yield SmallDisk(path)
    finally:
        await _do("umount", "--lazy", str(path))


def disk_missing() -> str | None:
    """What this machine lacks for a disk of its own; None when nothing."""
    if sys.platform != "linux":
        return "small disks are mounted on Linux only"
    with tempfile.TemporaryDirectory() as directory:
        mount = ("mount", "-t", "tmpfs", "-o", "size=1m", f"{_PREFIX}{os.getpid()}", directory)
        done = subprocess.run(mount, capture_output=True, text=True, timeout=_COMMAND_S, check=False)
        if done.returncode != 0:
            return f"mounting a file system is not permitted (run as root): {done.stderr.strip()}"
        subprocess.run(("umount", directory), capture_output=True, timeout=_COMMAND_S, check=True)
    return None


async def _sweep() -> None:
    """Unmount the disks of processes that have died without unmounting them."""
    for line in (await asyncio.to_thread(_MOUNTS.read_text)).splitlines():
        source, path, *_ = line.split()
        owner = source.removeprefix(_PREFIX)
        if owner != source and owner.isdigit() and not psutil.pid_exists(int(owner)):
            await _do("umount", "--lazy", path)


async def _do(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(_COMMAND_S):
        _, err = await process.communicate()
    if process.returncode != 0:
        raise DiskError(f"{' '.join(command)}: {err.decode().strip()}")
