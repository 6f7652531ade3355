"""What all tests share."""

import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from collegium.embedded.kafka import EmbeddedKafka
from collegium.embedded.progress import SilentProgress
from collegium.embedded.runtime import KafkaRuntime
from collegium.embedded.settings import EmbeddedSettings
from collegium.embedded.setup import prepare_kafka

pytest_plugins = ("needs", "jaeger")

# Tests assert no time; Hypothesis would fail an example that takes 200 ms, and data that are slow to draw.
settings.register_profile("without-time", deadline=None, suppress_health_check=(HealthCheck.too_slow,))
settings.load_profile("without-time")


def pytest_configure() -> None:
    """Hear Ctrl-C, and so let the processes that tests start hear it.

    A shell starts what it puts into the background with SIGINT ignored, and children inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka_runtime() -> KafkaRuntime:
    """Java and Kafka's jars, fetched once per machine into the cache that users have as well."""
    return await prepare_kafka(EmbeddedSettings().cache_dir, progress=SilentProgress())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka_bootstrap(
    kafka_runtime: KafkaRuntime, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[str, None]:
    """The address of a real broker that the whole session shares; name topics so that tests do not meet."""
    data_dir: Path = tmp_path_factory.mktemp("kafka")
    async with EmbeddedKafka(kafka_runtime, data_dir) as kafka:
        yield kafka.bootstrap
