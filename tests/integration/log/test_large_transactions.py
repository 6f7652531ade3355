"""The largest transaction that an orchestrator may write, on a real broker."""

import uuid

from collegium.log.kafka import open_log
from collegium.log.port import NewTopic, Outgoing, TopicPartition
from collegium.log.settings import KafkaSettings
from collegium.orchestrator.shell.owner import OwnerLimits
from collegium.orchestrator.shell.writing import MAX_DECISION_BYTES
from collegium_schemas.limits import MAX_MESSAGE_BYTES
from contract.log.clusters import stable_up_to


async def test_the_largest_transaction_is_committed_whole(kafka_bootstrap: str) -> None:
    """A batch that is nearly full, and then the largest decision: every record is there, in order."""
    topic = f"large-{uuid.uuid4()}"
    count = (OwnerLimits().written_bytes + MAX_DECISION_BYTES) // MAX_MESSAGE_BYTES
    async with open_log(KafkaSettings(bootstrap=kafka_bootstrap)) as log:
        await log.create([NewTopic(topic, 1, {"max.message.bytes": "1200000"})])
        producer = await log.transactional_producer(f"{topic}.0")
        await producer.begin()
        for number in range(count):
            await producer.send(Outgoing(topic, b"%d" % number, bytes([number]) * MAX_MESSAGE_BYTES, partition=0))
        await producer.commit()
        await stable_up_to(log, TopicPartition(topic, 0), count + 1)
        found: list[tuple[bytes | None, int]] = []
        at, source = 0, TopicPartition(topic, 0)
        while at < count:
            pairs, at = await log.scan(source, at)
            found += [(key, len(value or b"")) for key, value in pairs]
        assert found == [(b"%d" % number, MAX_MESSAGE_BYTES) for number in range(count)]
