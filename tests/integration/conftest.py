"""What integration tests of several folders share."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
import pytest_asyncio

from agent_rig import Rig, rigged
from collegium.log.kafka import open_log
from collegium.log.settings import KafkaSettings
from live_system import LiveSystem, live_system


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_system(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[LiveSystem]:
    """One system for all tests of input: starting it takes longer than most of them."""
    async with live_system(kafka_bootstrap, tmp_path_factory.mktemp("live")) as system:
        yield system


@pytest_asyncio.fixture(loop_scope="session")
async def system(running_system: LiveSystem) -> AsyncGenerator[LiveSystem]:
    """The system; after each test it must be unharmed, and do good work."""
    yield running_system
    await running_system.unharmed()


@pytest.fixture
async def rig(kafka_bootstrap: str) -> AsyncIterator[Rig]:
    """A rig on the session's real broker, with topics of its own."""
    prefix = f"rig-{uuid.uuid4().hex[:8]}."
    settings = KafkaSettings(bootstrap=kafka_bootstrap, topic_prefix=prefix)
    async with rigged(lambda: open_log(settings), prefix) as made:
        yield made
