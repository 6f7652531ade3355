"""One system for all end-to-end tests: starting it takes longer than most of them. It ends with the last of them."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from full_stack import FullStack, full_stack
from jaeger import RunningJaeger


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(jaeger: RunningJaeger, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[FullStack]:
    """Broker, orchestrator, five specialists and ledger as processes, sending their spans to a real Jaeger."""
    directory = tmp_path_factory.mktemp("e2e")
    async with full_stack(directory, jaeger.otlp_endpoint, jaeger.query_url) as running:
        yield running
        await running.healthy()
