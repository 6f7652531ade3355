"""The quick cells of the crash matrix, as CI runs them: the same trials as `make chaos-quick`, one test for each."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from chaos.brokers import Site, nothing_missing
from chaos.cells import CELLS
from chaos.disk import disk_missing
from chaos.matrix import AnyCell
from chaos.network import network_missing
from chaos.running import Runner
from collegium.embedded.runtime import KafkaRuntime
from needs import needs

QUICK = [cell for cell in CELLS if cell.quick]

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(200)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(kafka_runtime: KafkaRuntime, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Runner]:
    """Keeps its brokers from one cell to the next."""
    runner = Runner(Site(kafka_runtime, Path(tmp_path_factory.mktemp("chaos"))), print)
    try:
        yield runner
    finally:
        await runner.close()


_NEEDS = {disk_missing: "mounts", network_missing: "namespaces"}
"""What a plan may lack, as tests say it."""


def _marks(cell: AnyCell) -> list[pytest.MarkDecorator]:
    return [] if cell.brokers.missing is nothing_missing else [needs(_NEEDS[cell.brokers.missing])]


@pytest.mark.parametrize("cell", [pytest.param(cell, id=cell.name, marks=_marks(cell)) for cell in QUICK])
async def test_no_invariant_breaks(runner: Runner, cell: AnyCell) -> None:
    """The fault happens under load, everything acknowledged ends, and the independent checker finds nothing."""
    outcome = await runner.run_one(cell)
    assert outcome.passed, "\n".join(outcome.faults)
    assert outcome.verdict is not None
    assert outcome.verdict.counts.objectives >= 20
