"""Getting Kafka ready from an empty cache, and starting without a network after that."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from collegium.embedded.kafka import EmbeddedKafka, broker_answers
from collegium.embedded.ports import free_port
from collegium.embedded.progress import SilentProgress
from collegium.embedded.runtime import KafkaRuntime
from collegium.embedded.setup import kafka_jars_directory, prepare_kafka


@pytest_asyncio.fixture
async def mirror(kafka_runtime: KafkaRuntime) -> AsyncGenerator[str, None]:
    """A mirror of the repository on this machine, made of the jars that are here already."""
    files = {path.name: path for path in kafka_runtime.class_path}

    async def serve(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(files[request.path.rpartition("/")[2]])

    application = web.Application()
    application.router.add_get("/{path:.*}", serve)
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_an_empty_cache_is_filled_once_and_then_needs_no_network(mirror: str, tmp_path: Path) -> None:
    """Fetched and tuned from a mirror; the second time, with nothing to reach, a broker starts from the cache."""
    cache, nowhere = tmp_path / "cache", f"http://127.0.0.1:{free_port()}"
    first = await prepare_kafka(cache, progress=SilentProgress(), repository_url=mirror)
    second = await prepare_kafka(cache, progress=SilentProgress(), repository_url=nowhere)
    assert second == first
    assert {path.parent for path in second.class_path} == {kafka_jars_directory(cache)}
    assert any(flag.startswith("-XX:AOTCache=") for flag in second.flags)
    async with EmbeddedKafka(second, tmp_path / "data") as kafka:
        assert await broker_answers(kafka.bootstrap, timeout_s=30)


async def test_a_start_cache_that_does_not_fit_is_ignored(kafka_runtime: KafkaRuntime, tmp_path: Path) -> None:
    """A damaged one costs a second, not the broker."""
    damaged = tmp_path / "damaged.aot"
    damaged.write_bytes(b"no such cache" * 1_000)
    untuned = KafkaRuntime(kafka_runtime.java, kafka_runtime.class_path)
    async with EmbeddedKafka(untuned.with_start_cache(damaged), tmp_path / "data") as kafka:
        assert await broker_answers(kafka.bootstrap, timeout_s=30)
