"""The rig on the session's real broker, with topics of its own."""

import uuid
from collections.abc import AsyncIterator

import pytest

from agent_rig import Rig, rigged
from collegium.log.kafka import open_log
from collegium.log.settings import KafkaSettings


@pytest.fixture
async def rig(kafka_bootstrap: str) -> AsyncIterator[Rig]:
    """A system's topics on Kafka."""
    prefix = f"agent-{uuid.uuid4().hex[:8]}."
    settings = KafkaSettings(bootstrap=kafka_bootstrap, topic_prefix=prefix)
    async with rigged(lambda: open_log(settings), prefix) as rig:
        yield rig
