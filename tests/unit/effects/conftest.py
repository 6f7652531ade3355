"""The rig on the memory log."""

from collections.abc import AsyncIterator

import pytest

from agent_rig import Rig, rigged
from collegium.log.memory import MemoryBroker, MemoryLog


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A memory log."""
    broker = MemoryBroker()
    async with rigged(lambda: MemoryLog(broker)) as made:
        yield made
