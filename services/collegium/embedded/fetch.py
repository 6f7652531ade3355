"""Fetching the pinned jars: in parallel, resumable, and never trusted before their checksum is."""

import asyncio
from pathlib import Path
from typing import BinaryIO, Final

import httpx

from collegium.embedded.artifacts import Jar, JarLock, verify
from collegium.embedded.errors import ArtifactUnavailable, ChecksumMismatch, SetupError
from collegium.embedded.progress import SetupProgress

_AT_ONCE: Final = 8
_TRIES: Final = 4
_FIRST_PAUSE_S: Final = 0.25
_CHUNK_BYTES: Final = 65_536
_CONNECT_S: Final = 10.0
_READ_S: Final = 30.0
_HTTP_PARTIAL: Final = 206
_TASK: Final = "Kafka's jars"


def default_repository_url() -> str:
    """Maven Central, as jgo names it."""
    from jgo.constants import MAVEN_CENTRAL_URL  # a slow import that only fetching needs

    return MAVEN_CENTRAL_URL


def missing_jars(lock: JarLock, directory: Path) -> tuple[Jar, ...]:
    """The jars that are not in a directory. Content is not looked at: see `verify_jars`."""
    return tuple(jar for jar in lock.jars if not (directory / jar.file_name).is_file())


def verify_jars(lock: JarLock, directory: Path) -> None:
    """Make sure that a directory holds exactly what is pinned (about 50 ms for all).

    Raises:
        ChecksumMismatch: a file is not the pinned one.
    """
    for jar in lock.jars:
        verify(jar, directory / jar.file_name)


async def fetch_jars(lock: JarLock, directory: Path, *, repository_url: str, progress: SetupProgress) -> int:
    """Fetch what is missing in a directory; what is there already stays.

    A file gets its name only after its checksum was right; an interrupted one goes on where it stopped.
    One process at a time may do this in a directory (see `files.locked`).

    Returns:
        How many files were fetched.

    Raises:
        ArtifactUnavailable: a file cannot be fetched.
        ChecksumMismatch: the repository's file is not the pinned one.
    """
    missing = missing_jars(lock, directory)
    if not missing:
        return 0
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    progress.begin(_TASK, sum(jar.size_bytes for jar in missing))
    limits = httpx.Limits(max_connections=_AT_ONCE)
    timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S, pool=None)
    try:
        async with (
            httpx.AsyncClient(limits=limits, timeout=timeout, follow_redirects=True) as client,
            asyncio.TaskGroup() as tasks,
        ):
            slots = asyncio.Semaphore(_AT_ONCE)
            for jar in missing:
                download = _Download(client, jar, directory, f"{repository_url}/{jar.repository_path}", progress)
                tasks.create_task(download.run(slots))
    except* SetupError as group:
        raise group.exceptions[0] from None
    progress.end(_TASK)
    return len(missing)


class _Download:
    """One file on its way."""

    def __init__(self, client: httpx.AsyncClient, jar: Jar, directory: Path, url: str, progress: SetupProgress) -> None:
        self._client = client
        self._jar = jar
        self._directory = directory
        self._url = url
        self._progress = progress
        self._part = directory / f"{jar.file_name}.part"
        self._counted_bytes = 0

    async def run(self, slots: asyncio.Semaphore) -> None:
        async with slots:
            pause_s = _FIRST_PAUSE_S
            for attempt in range(1, _TRIES + 1):
                resumed = self._part.exists()
                try:
                    await self._receive()
                    await asyncio.to_thread(verify, self._jar, self._part)
                    self._part.replace(self._directory / self._jar.file_name)
                except ChecksumMismatch:
                    self._part.unlink()
                    if not resumed:
                        raise
                except (httpx.HTTPError, OSError) as error:
                    if attempt == _TRIES or not _worth_retrying(error):
                        raise self._unavailable(error) from error
                    await asyncio.sleep(pause_s)
                    pause_s *= 2
                else:
                    return
            raise self._unavailable(EOFError("interrupted again and again"))

    async def _receive(self) -> None:
        have_bytes = self._part.stat().st_size if self._part.exists() else 0
        if have_bytes >= self._jar.size_bytes:
            self._count(have_bytes)
            return
        headers = {"Range": f"bytes={have_bytes}-"} if have_bytes else {}
        async with self._client.stream("GET", self._url, headers=headers) as response:
            response.raise_for_status()
            resuming = response.status_code == _HTTP_PARTIAL
            with self._open(append=resuming) as file:
                received_bytes = have_bytes if resuming else 0
                async for chunk in response.aiter_bytes(_CHUNK_BYTES):
                    received_bytes += len(chunk)
                    file.write(chunk)
                    self._count(received_bytes)
                    if received_bytes > self._jar.size_bytes:
                        break  # More than was pinned: the checksum says so without our reading on.

    def _open(self, *, append: bool) -> BinaryIO:
        return self._part.open("ab" if append else "wb")

    def _count(self, received_bytes: int) -> None:
        """Progress never runs backwards when a file starts again."""
        total = min(received_bytes, self._jar.size_bytes)
        if total > self._counted_bytes:
            self._progress.advance(_TASK, total - self._counted_bytes)
            self._counted_bytes = total

    def _unavailable(self, error: Exception) -> ArtifactUnavailable:
        reason = str(error) or type(error).__name__
        return ArtifactUnavailable(self._jar.coordinate, self._url, reason, self._directory)


def _worth_retrying(error: Exception) -> bool:
    """An interrupted transfer or a busy server may do better soon; without a network or a file, asking is in vain."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in {408, 429} or error.response.status_code >= 500
    return isinstance(error, httpx.TransportError) and not isinstance(error, httpx.ConnectError)
