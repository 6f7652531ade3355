"""The contract suite runs against both adapters."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from collegium.log.port import Log
from contract.log.clusters import Cluster, KafkaCluster, MemoryCluster


@pytest.fixture(params=["memory", "kafka"])
def bootstrap(request: pytest.FixtureRequest) -> str | None:
    """Where Kafka is, or None for the memory log; the broker is started when the first test needs it."""
    return None if request.param == "memory" else str(request.getfixturevalue("kafka_bootstrap"))


@pytest.fixture
async def cluster(bootstrap: str | None) -> AsyncIterator[Cluster]:
    """A cluster; everything that a test has opened on it is closed afterwards."""
    async with AsyncExitStack() as stack:
        yield MemoryCluster(stack) if bootstrap is None else KafkaCluster(stack, bootstrap)


@pytest.fixture
def log(cluster: Cluster) -> Log:
    """One client's connection to the cluster."""
    return cluster.connect()
