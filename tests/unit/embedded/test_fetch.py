"""Fetching jars, from a real HTTP server on this machine."""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from collegium.embedded.artifacts import Jar, JarLock
from collegium.embedded.errors import ArtifactUnavailable, ChecksumMismatch
from collegium.embedded.fetch import fetch_jars, missing_jars, verify_jars
from collegium.embedded.ports import free_port
from collegium.embedded.progress import SilentProgress

CONTENTS = {f"jar-{number}": bytes([number]) * 200_000 for number in range(12)}


def _jar(name: str) -> Jar:
    content = CONTENTS[name]
    return Jar("org.example", name, "1", hashlib.sha256(content).hexdigest(), len(content))


LOCK = JarLock((), tuple(_jar(name) for name in CONTENTS))


@dataclass
class Repository:
    """A Maven repository that can misbehave."""

    contents: dict[str, bytes] = field(default_factory=lambda: dict(CONTENTS))
    failures: int = 0
    """Requests that are answered by 503 first."""
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    """(jar, Range header) of each request."""
    url: str = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        name = request.match_info["name"]
        self.requests.append((name, request.headers.get("Range")))
        if self.failures:
            self.failures -= 1
            return web.Response(status=503)
        if name not in self.contents:
            return web.Response(status=404)
        start = request.http_range.start or 0
        headers = {"Content-Range": f"bytes {start}-"} if start else {}
        return web.Response(body=self.contents[name][start:], status=206 if start else 200, headers=headers)


@pytest_asyncio.fixture
async def repository() -> AsyncGenerator[Repository, None]:
    """A repository on a free port."""
    found = Repository()
    application = web.Application()
    application.router.add_get("/org/example/{name}/1/{file}", found.serve)
    async with TestServer(application) as server:
        found.url = str(server.make_url("")).rstrip("/")
        yield found


async def _fetch(repository: Repository, directory: Path) -> int:
    return await fetch_jars(LOCK, directory, repository_url=repository.url, progress=SilentProgress())


async def test_everything_missing_is_fetched_and_is_as_pinned(repository: Repository, tmp_path: Path) -> None:
    """An empty cache becomes a whole one."""
    assert await _fetch(repository, tmp_path) == len(LOCK.jars)
    verify_jars(LOCK, tmp_path)
    assert not missing_jars(LOCK, tmp_path)


async def test_what_is_there_is_not_asked_for_again(repository: Repository, tmp_path: Path) -> None:
    """A second call needs no network."""
    await _fetch(repository, tmp_path)
    repository.requests.clear()
    assert await _fetch(repository, tmp_path) == 0
    assert repository.requests == []


async def test_a_tampered_jar_never_gets_its_name(repository: Repository, tmp_path: Path) -> None:
    """The repository serves other bytes than were pinned: an error, and no such file in the cache."""
    repository.contents["jar-3"] = b"x" * 200_000
    with pytest.raises(ChecksumMismatch):
        await _fetch(repository, tmp_path)
    assert "jar-3" in {jar.artifact for jar in missing_jars(LOCK, tmp_path)}
    assert not (tmp_path / "jar-3-1.jar.part").exists()


async def test_an_endless_file_is_not_read_to_its_end(repository: Repository, tmp_path: Path) -> None:
    """More bytes than were pinned are refused."""
    repository.contents["jar-3"] = CONTENTS["jar-3"] * 50
    with pytest.raises(ChecksumMismatch):
        await _fetch(repository, tmp_path)


async def test_a_tampered_jar_in_the_cache_is_found(repository: Repository, tmp_path: Path) -> None:
    """The check before each start does not trust the cache."""
    await _fetch(repository, tmp_path)
    (tmp_path / "jar-5-1.jar").write_bytes(b"evil")
    with pytest.raises(ChecksumMismatch, match=r"jar-5-1\.jar"):
        verify_jars(LOCK, tmp_path)


async def test_an_interrupted_file_goes_on_where_it_stopped(repository: Repository, tmp_path: Path) -> None:
    """Only the rest is asked for."""
    (tmp_path / "jar-7-1.jar.part").write_bytes(CONTENTS["jar-7"][:150_000])
    await _fetch(repository, tmp_path)
    assert ("jar-7", "bytes=150000-") in repository.requests
    verify_jars(LOCK, tmp_path)


async def test_a_damaged_beginning_is_thrown_away(repository: Repository, tmp_path: Path) -> None:
    """A part of another file must not spoil the jar for ever: it is fetched again from its start."""
    (tmp_path / "jar-7-1.jar.part").write_bytes(b"z" * 150_000)
    await _fetch(repository, tmp_path)
    assert [asked for asked in repository.requests if asked[0] == "jar-7"] == [
        ("jar-7", "bytes=150000-"),
        ("jar-7", None),
    ]
    verify_jars(LOCK, tmp_path)


async def test_a_busy_server_is_asked_again(repository: Repository, tmp_path: Path) -> None:
    """A passing 503 is not the user's problem."""
    repository.failures = 1
    assert await _fetch(repository, tmp_path) == len(LOCK.jars)


async def test_a_missing_file_is_reported_at_once(repository: Repository, tmp_path: Path) -> None:
    """A 404 does not get better by asking again."""
    del repository.contents["jar-2"]
    with pytest.raises(ArtifactUnavailable) as refused:
        await _fetch(repository, tmp_path)
    assert refused.value.coordinate == "org.example:jar-2:1"
    assert [asked for asked in repository.requests if asked[0] == "jar-2"] == [("jar-2", None)]


async def test_without_a_network_the_error_says_what_to_do(tmp_path: Path) -> None:
    """The message names the cache directory to fill by hand and the settings of the network."""
    offline = Repository(url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ArtifactUnavailable, match="HTTPS_PROXY") as refused:
        await _fetch(offline, tmp_path)
    assert str(tmp_path) in str(refused.value)
