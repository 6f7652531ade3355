"""Describing and creating topics, every topic's error checked."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, Final

from aiokafka import errors as kafka_errors
from aiokafka.protocol.admin import CreateTopicsRequest, DescribeConfigsRequest

from collegium.log.errors import LogError
from collegium.log.kafka.connection import RETRY_BACKOFF_MS
from collegium.log.kafka.wire import Wire
from collegium.log.port import NewTopic, TopicDescription

_TOPIC: Final = 2
"""The resource type in DescribeConfigs."""

_CREATE_TIMEOUT_MS: Final = 10_000


async def describe(wire: Wire, topics: Collection[str]) -> dict[str, TopicDescription]:
    """The existing ones among these topics, with their whole configuration, defaults included."""
    if not topics:
        return {}
    led = await wire.refresh(topics)
    counts = await wire.partitions_of(led)
    configurations = await wire.retrying("describe topics", lambda: _configurations(wire, sorted(counts)))
    return {name: TopicDescription(name, count, configurations[name]) for name, count in counts.items()}


async def _configurations(wire: Wire, topics: Collection[str]) -> Mapping[str, dict[str, str]]:
    if not topics:
        return {}
    response = await wire.any_node(DescribeConfigsRequest([(_TOPIC, name, None) for name in topics]))
    found: dict[str, dict[str, str]] = {}
    for code, message, _, name, entries in response.resources:
        if code != kafka_errors.NoError.errno:
            raise kafka_errors.for_code(code)(f"topic {name}: {message}")
        found[name] = {key: value for key, value, *_ in entries if value is not None}
    return found


async def create(wire: Wire, topics: Collection[NewTopic]) -> None:
    """Create the topics that do not exist yet, and wait until they can be used."""
    if not topics:
        return
    await wire.retrying("create topics", lambda: _create(wire, topics))
    wanted = {topic.name for topic in topics}
    await wire.retrying("find leaders for new topics", lambda: _until_led(wire, wanted))


async def _create(wire: Wire, topics: Collection[NewTopic]) -> None:
    requests: list[Any] = [
        (topic.name, topic.partitions, topic.replication_factor, [], list(topic.configuration.items()))
        for topic in topics
    ]
    response = await wire.controller(CreateTopicsRequest(requests, _CREATE_TIMEOUT_MS, validate_only=False))
    fine = {kafka_errors.NoError.errno, kafka_errors.TopicAlreadyExistsError.errno}
    failed = [(name, code, message) for name, code, message in response.topic_errors if code not in fine]
    if any(kafka_errors.for_code(code).retriable for _, code, _ in failed):
        raise kafka_errors.for_code(failed[0][1])(str(failed))
    if failed:
        listed = "; ".join(
            f"topic {name} cannot be created: {message or kafka_errors.for_code(code).description}"
            for name, code, message in failed
        )
        raise LogError(listed)


async def _until_led(wire: Wire, topics: Collection[str]) -> None:
    while True:
        led = await wire.refresh(topics)
        counts = await wire.partitions_of(led)
        if len(led) == len(topics) and led == counts:
            return
        await asyncio.sleep(RETRY_BACKOFF_MS / 1_000)
