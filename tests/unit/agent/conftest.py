"""The rig on the memory log."""

from collections.abc import AsyncIterator

import pytest

from agent_rig import Rig, rigged
from collegium.log.memory import MemoryBroker, MemoryLog


@pytest.fixture
def broker() -> MemoryBroker:
    """What all connections of a test share."""
    return MemoryBroker()


@pytest.fixture
async def rig(broker: MemoryBroker) -> AsyncIterator[Rig]:
    """A system's topics on a memory log."""
    async with rigged(lambda: MemoryLog(broker)) as rig:
        yield rig
