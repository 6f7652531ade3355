"""One shared aiokafka client for single requests: metadata, offsets, administration and point reads."""
# pyright: reportUnknownVariableType=false

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Final, TypeVar

from aiokafka import errors as kafka_errors
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.api import Request
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest

from collegium.log.errors import LogUnavailable, TopicMismatch
from collegium.log.kafka.connection import RETRY_BACKOFF_MS, Connection
from collegium.log.kafka.diagnosis import why_unavailable
from collegium.log.kafka.leaders import elected
from collegium.log.port import TopicPartition

_ANY_REPLICA: Final = -1
READ_UNCOMMITTED: Final = 0
READ_COMMITTED: Final = 1
EARLIEST: Final = -2
LATEST: Final = -1
_DIAGNOSIS_MS: Final = 1_000
_ATTEMPTS: Final = 3
"""Time for so many attempts in a call's time-out, when each has to be given up."""
_LEAST_ATTEMPT_MS: Final = 2_500
"""A busy broker is not a silent one: shorter calls have one attempt."""
_DRAWS: Final = 8

_Answer = TypeVar("_Answer")


class Wire:
    """Sends requests to the right broker; connects at the first one, and again after a broker's restart.

    Unlike aiokafka's own clients it never creates a topic by asking for it (`allow_auto_topic_creation`).
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client: AIOKafkaClient | None = None
        self._connecting = asyncio.Lock()
        self._leaders: dict[TopicPartition, int] = {}
        self._copies: dict[TopicPartition, tuple[int, ...]] = {}
        self._partitions: dict[str, int] = {}
        self._silent: object = None
        """The node that did not answer last."""

    async def ready(self) -> None:
        """Connect, if that has not happened yet.

        Raises:
            LogUnavailable: no broker answers within the connect time-out.
        """
        await self._connected()

    def known_partitions(self, topic: str) -> int | None:
        """A topic's partition count, if it has been asked for before."""
        return self._partitions.get(topic)

    async def partitions_of(self, topics: Iterable[str]) -> dict[str, int]:
        """Partition counts of topics.

        Raises:
            TopicMismatch: some of them do not exist.
        """
        asked = frozenset(topics)
        if not asked <= self._partitions.keys():
            await self.refresh(asked)
        missing = sorted(asked - self._partitions.keys())
        if missing:
            raise TopicMismatch(tuple(f"topic {name} does not exist" for name in missing))
        return {name: self._partitions[name] for name in asked}

    async def check(self, partitions: Iterable[TopicPartition]) -> None:
        """Raise TopicMismatch unless all these partitions exist."""
        asked = list(partitions)
        counts = await self.partitions_of(partition.topic for partition in asked)
        if any(partition.partition >= counts[partition.topic] for partition in asked):
            await self.refresh(counts)  # partitions may have been added
            counts = await self.partitions_of(counts)
        wrong = [partition for partition in asked if not 0 <= partition.partition < counts[partition.topic]]
        if wrong:
            raise TopicMismatch(tuple(f"topic {each.topic} has no partition {each.partition}" for each in wrong))

    async def refresh(self, topics: Collection[str]) -> Mapping[str, int]:
        """Ask for these topics again; returns how many of each one's partitions have a leader."""
        metadata = await self.retrying(
            "list topics", lambda: self.any_node(MetadataRequest(sorted(topics), allow_auto_topic_creation=False))
        )
        led: dict[str, int] = {}
        for code, topic, _, partitions in metadata.topics:
            if code not in {kafka_errors.NoError.errno, kafka_errors.LeaderNotAvailableError.errno}:
                self._partitions.pop(topic, None)
                continue
            self._partitions[topic] = len(partitions)
            leaders = {TopicPartition(topic, number): leader for _, number, leader, *_ in partitions}
            self._copies.update({TopicPartition(topic, number): tuple(nodes) for _, number, _, nodes, *_ in partitions})
            self._leaders.update(leaders)
            led[topic] = sum(leader >= 0 for leader in leaders.values())
        return led

    async def offsets(
        self, partitions: Collection[TopicPartition], which: int, isolation: int = READ_COMMITTED
    ) -> dict[TopicPartition, int]:
        """The earliest or latest offsets that a reader may see; never a past end as the latest one."""
        await self.check(partitions)
        return await self.retrying("list offsets", lambda: self._offsets(partitions, which, isolation))

    async def _offsets(
        self, partitions: Collection[TopicPartition], which: int, isolation: int
    ) -> dict[TopicPartition, int]:
        by_leader: dict[int, dict[str, list[tuple[int, int]]]] = {}
        for partition, leader in (await self.confirmed(partitions)).items():
            topics = by_leader.setdefault(leader, {})
            topics.setdefault(partition.topic, []).append((partition.partition, which))
        found: dict[TopicPartition, int] = {}
        for leader, topics in by_leader.items():
            response = await self.send(leader, OffsetRequest(_ANY_REPLICA, isolation, list(topics.items())))
            for topic, answers in response.topics:
                for number, code, _, offset in answers:
                    self.check_code(code, TopicPartition(topic, number))
                    found[TopicPartition(topic, number)] = offset
        return found

    async def leader(self, partition: TopicPartition) -> int:
        """The node that leads a partition."""
        if self._leaders.get(partition, -1) < 0:
            await self.refresh([partition.topic])
        leader = self._leaders.get(partition, -1)
        if leader < 0:
            raise kafka_errors.LeaderNotAvailableError(partition)
        return leader

    async def confirmed(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The nodes that lead, by the word of a majority of those with copies; costs nothing where there is one copy.

        Raises:
            KafkaError: now there is no majority, or no leader.
        """
        if unknown := {each.topic for each in partitions if self._leaders.get(each, -1) < 0}:
            await self.refresh(unknown)
        copies = {each: self._copies.get(each, ()) for each in partitions}
        if any(len(holders) > 1 for holders in copies.values()):
            client = await self._connected()
            request = MetadataRequest(sorted({each.topic for each in partitions}), allow_auto_topic_creation=False)

            async def ask(node: int) -> Any:  # noqa: ANN401 - aiokafka builds response classes at run time
                return await client.send(node, request)

            self._leaders.update(await elected(ask, copies))
        return {each: await self.leader(each) for each in partitions}

    def check_code(self, code: int, partition: TopicPartition) -> None:
        """Raise what a broker's error code says; a stale leader is forgotten."""
        if code == kafka_errors.NoError.errno:
            return
        error = kafka_errors.for_code(code)
        if error.invalid_metadata:
            self._leaders.pop(partition, None)
        raise error(f"code {code} for {partition.topic}-{partition.partition}")

    async def send(self, node: int, request: Request[Any]) -> Any:  # noqa: ANN401 - aiokafka builds response classes at run time
        """Send a request to one node."""
        client = await self._connected()
        if client.cluster.broker_metadata(node) is None:
            await client.force_metadata_update()
        return await self._answer(client, node, request)

    async def controller(self, request: Request[Any]) -> Any:  # noqa: ANN401 - aiokafka builds response classes at run time
        """Send a request to the controller, or in KRaft to a broker that forwards it."""
        client = await self._connected()
        controller: Any = client.cluster.controller
        return await self._answer(client, controller.nodeId, request)

    async def any_node(self, request: Request[Any]) -> Any:  # noqa: ANN401 - aiokafka builds response classes at run time
        """Send a request to some broker; to another one than the last that did not answer, if there is one."""
        client = await self._connected()
        drawn: list[Any] = [client.get_random_node() for _ in range(_DRAWS)]
        return await self._answer(client, next((each for each in drawn if each != self._silent), drawn[0]), request)

    async def _answer(self, client: AIOKafkaClient, node: Any, request: Request[Any]) -> Any:  # noqa: ANN401 - see above
        try:
            answer: Any = await client.send(node, request)
        except BaseException:
            # No answer, perhaps only within somebody's time-out. The node may be dead or stand still, and then never
            # tells that it does not lead any more: ask others who does.
            self._silent = node
            self._leaders = {partition: leader for partition, leader in self._leaders.items() if leader != node}
            raise
        if self._silent == node:
            self._silent = None
        return answer

    async def retrying(
        self, doing: str, attempt: Callable[[], Awaitable[_Answer]], timeout_ms: int | None = None
    ) -> _Answer:
        """Try until it succeeds, fails for good, or takes too long.

        An attempt that one silent node holds up is given up early enough to try another node.
        """
        limit_ms = self._connection.settings.request_timeout_ms if timeout_ms is None else timeout_ms
        attempt_s = max(limit_ms / _ATTEMPTS, _LEAST_ATTEMPT_MS) / 1_000
        async with self._connection.bounded(doing, timeout_ms):
            while True:
                try:
                    async with asyncio.timeout(attempt_s):
                        return await attempt()
                except TimeoutError:
                    continue
                except kafka_errors.KafkaError as error:
                    if not error.retriable:
                        raise
                await asyncio.sleep(RETRY_BACKOFF_MS / 1_000)

    async def _connected(self) -> AIOKafkaClient:
        async with self._connecting:
            if self._client is None:
                limit_ms = self._connection.settings.connect_timeout_ms
                try:
                    self._client = await self._connection.opened(self._open, "connect", limit_ms)
                except LogUnavailable as error:
                    raise await self._explained() from error
            return self._client

    async def _explained(self) -> LogUnavailable:
        settings = self._connection.settings
        why = await why_unavailable(self._connection, min(settings.connect_timeout_ms, _DIAGNOSIS_MS))
        waited_s = settings.connect_timeout_ms / 1_000
        return LogUnavailable(f"Kafka at {settings.bootstrap} did not let us connect within {waited_s:g} s: {why}")

    async def _open(self) -> AIOKafkaClient:
        settings = self._connection.settings
        client = AIOKafkaClient(**self._connection.arguments, request_timeout_ms=settings.request_timeout_ms)
        try:
            await client.bootstrap()
        except BaseException:
            await client.close()
            raise
        return client

    async def close(self) -> None:
        """Release the connection."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()
