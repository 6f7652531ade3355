"""A small disk is really full, and really free again."""

import asyncio
import errno
import sys
from pathlib import Path

import pytest

from chaos.disk import DiskError, SmallDisk, small_disk
from needs import needs

pytestmark = needs("mounts")

_KILLED = """
import asyncio, os, pathlib, sys
from chaos.disk import small_disk
async def main():
    async with small_disk(pathlib.Path(sys.argv[1]), 1):
        os._exit(0)
asyncio.run(main())
"""


def write(disk: SmallDisk, size: int) -> None:
    """As a broker does it: append."""
    with (disk.path / "segment").open("ab", buffering=0) as file:
        for _ in range(size // 4_096):
            if file.write(bytes(4_096)) < 4_096:
                raise OSError(errno.ENOSPC, "cut short")


async def test_a_full_disk_takes_nothing_more_until_it_is_freed(tmp_path: Path) -> None:
    """ENOSPC to the writer, after exactly what was left for it; and then all is well again."""
    async with small_disk(tmp_path / "disk", 4) as disk:
        write(disk, 4_096)
        await disk.fill(leave_bytes=65_536)
        assert 0 < disk.free_bytes <= 65_536
        with pytest.raises(OSError, match="No space left") as full:
            write(disk, 131_072)
        assert full.value.errno == errno.ENOSPC
        assert disk.free_bytes < 4_096
        await disk.free()
        assert disk.free_bytes > 3_000_000
        write(disk, 131_072)


async def test_nothing_is_left_of_a_disk(tmp_path: Path) -> None:
    """Neither the mount nor what was on it; what a killed process had left is removed by the next one."""
    async with small_disk(tmp_path / "disk", 1) as disk:
        write(disk, 4_096)
        assert (tmp_path / "disk").is_mount()
    assert not (tmp_path / "disk").is_mount()
    assert list((tmp_path / "disk").iterdir()) == []
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _KILLED,
        tmp_path / "left",
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
    )
    assert await process.wait() == 0
    assert (tmp_path / "left").is_mount()
    async with small_disk(tmp_path / "next", 1):
        assert not (tmp_path / "left").is_mount()


async def test_a_disk_that_cannot_be_mounted_is_an_error(tmp_path: Path) -> None:
    """Otherwise the trial would fill the machine's own disk."""
    with pytest.raises(DiskError, match="mount"):
        async with small_disk(tmp_path / "disk", -1):
            pytest.fail("nothing was mounted")
