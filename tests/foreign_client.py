"""Another client on the same broker: librdkafka, with its own defaults and none of our checks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from collegium.log.topics import TopicNames

_FLUSH_S = 60
_LARGEST_BYTES = 100_000_000

ForeignHeaders = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True)
class Sent:
    """Where a record was written."""

    partition: int
    offset: int


class ForeignClient:
    """Writes any bytes anywhere. Without a partition librdkafka's default partitioner chooses (CRC32, not murmur2)."""

    def __init__(self, bootstrap: str, names: TopicNames, **settings: str | int) -> None:
        self._names = names
        self._settings = {
            "bootstrap.servers": bootstrap,
            "message.max.bytes": _LARGEST_BYTES,
            "log_level": 2,
            **settings,
        }
        self._producer = Producer(self._settings)

    async def send(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        headers: ForeignHeaders = (),
        partition: int = -1,
    ) -> Sent:
        """Write a record to a topic, named without prefix.

        Raises:
            KafkaException: the broker refuses it.
        """
        [sent] = await self.send_all([(topic, value, key, headers, partition)])
        return sent

    async def send_all(
        self, records: Sequence[tuple[str, bytes | None, bytes | None, ForeignHeaders, int]]
    ) -> list[Sent]:
        """Write records and wait for their acknowledgements."""
        told: list[KafkaError | Sent] = []

        def tell(error: KafkaError | None, message: Message) -> None:
            told.append(error or Sent(message.partition() or 0, message.offset() or 0))

        for topic, value, key, headers, partition in records:
            self._producer.produce(self._names(topic), value, key, partition, headers=list(headers), on_delivery=tell)
        await asyncio.to_thread(self._producer.flush, _FLUSH_S)
        refused = [each for each in told if isinstance(each, KafkaError)]
        if refused or len(told) != len(records):
            raise KafkaException(refused[0] if refused else KafkaError(KafkaError._MSG_TIMED_OUT))
        return [each for each in told if isinstance(each, Sent)]
