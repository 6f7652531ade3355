"""Step 2 of the commit protocol: what an owner makes sure of before it reads."""

import uuid
from dataclasses import replace

from prometheus_client import CollectorRegistry

from collegium.log.memory import MemoryLog
from collegium.log.port import Outgoing, TopicPartition
from collegium.orchestrator.shell.metrics import OrchestratorMetrics
from collegium.orchestrator.shell.owner import OwnerLimits
from collegium.orchestrator.shell.service import Orchestrator
from memory_worlds import NAMES, MemoryWorld, done, running, until
from orchestrator_worlds import line

LIMITS = OwnerLimits(settle_ms=10, first_pause_ms=1, longest_pause_ms=5)


async def test_a_partition_with_a_hanging_transaction_is_not_served() -> None:
    """Its records may or may not have been committed: other partitions go on, and this one when it has ended."""
    it, registry = MemoryWorld(line("alpha"), 2), CollectorRegistry()
    await it.prepare()
    source = TopicPartition(NAMES("run-events"), 1)

    def refused() -> bool:
        return bool(
            registry.get_sample_value("collegium_orchestrator_transactions_unknown_total", {"kind": "TransactionHangs"})
        )

    async with MemoryLog(it.broker) as log:
        hanging = await log.transactional_producer("of-a-broker-that-lost-its-end")
        await hanging.begin()
        await (await hanging.send(Outgoing(source.topic, b"k", b"v", partition=source.partition)))
        orchestrator = Orchestrator(replace(it.context(log, LIMITS), metrics=OrchestratorMetrics(registry)))
        async with running(orchestrator.run(), it.specialist("alpha", done)):
            await until(refused)
            assert orchestrator.owned == (0, 1)
            assert not orchestrator.ready
            assert it.broker.partition(source).stable == 0
            await hanging.abort()
            await until(lambda: orchestrator.ready)
            for number in range(4):
                run_id = str(uuid.UUID(int=number))
                body = b'{"goal":"What is a topic?","playbook":"line","run_id":"%s"}' % run_id.encode()
                await it.send("objectives", body, run_id)
            await it.until_ended(4)
