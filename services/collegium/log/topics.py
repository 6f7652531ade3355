"""Topic names with their prefix, and what must exist before a service starts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from collegium.log.errors import TopicMismatch
from collegium.log.port import MAX_RECORD_BYTES, Log, NewTopic, TopicDescription
from collegium.log.sizes import MAX_TOPIC_RECORD_BYTES
from collegium_schemas.catalogue import CO_PARTITIONED, TOPICS, TopicSpec, tasks_topic

DEFAULT_PREFIX: Final = "collegium."
DEFAULT_CO_PARTITIONS: Final = 4
SIZE_LIMIT: Final = "max.message.bytes"


@dataclass(frozen=True, slots=True)
class TopicNames:
    """Full topic names for one prefix."""

    prefix: str = DEFAULT_PREFIX

    def __call__(self, name: str) -> str:
        """The full name of a topic such as `run-events`."""
        return self.prefix + name

    def tasks(self, role: str) -> str:
        """The full name of a role's task topic."""
        return f"{self.prefix}tasks.{role}"

    def short(self, full: str) -> str:
        """The name without prefix."""
        return full.removeprefix(self.prefix)


def required(names: TopicNames, roles: Iterable[str], co_partitions: int) -> tuple[NewTopic, ...]:
    """Every topic that a system with these roles needs, as it should be created."""
    specs = (*TOPICS, *(tasks_topic(role) for role in sorted(set(roles))))
    return tuple(_new_topic(names, spec, co_partitions) for spec in specs)


def _new_topic(names: TopicNames, spec: TopicSpec, co_partitions: int) -> NewTopic:
    limit = MAX_RECORD_BYTES if spec.name == "dead-letters" else MAX_TOPIC_RECORD_BYTES
    configuration = {
        "cleanup.policy": spec.cleanup,
        SIZE_LIMIT: str(limit),
    }
    if spec.retention_ms is not None:
        configuration["retention.ms"] = str(spec.retention_ms)
    return NewTopic(names(spec.name), spec.partitions or co_partitions, configuration)


async def check(log: Log, names: TopicNames, roles: Iterable[str]) -> int:
    """Compare what exists with what a system with these roles needs.

    Returns:
        The co-partitioned topics' partition count.

    Raises:
        TopicMismatch: topics are missing, the co-partitioned ones differ in partitions, or one takes smaller records
            than its messages may be; it says how to mend it.
    """
    needed = required(names, roles, 1)
    existing = await log.describe([topic.name for topic in needed])
    problems = [
        f"topic {topic.name} is missing: run `collegium topics create`"
        for topic in needed
        if topic.name not in existing
    ]
    counts = {names(name): existing[names(name)].partitions for name in CO_PARTITIONED if names(name) in existing}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name}={count}" for name, count in sorted(counts.items()))
        problems.append(
            f"co-partitioned topics differ in partitions ({listed}): recreate the ones that differ with one count, "
            "because a run's home must be the same partition in all of them"
        )
    problems += [fault for topic in needed if (fault := _size_fault(topic, existing.get(topic.name))) is not None]
    if problems:
        raise TopicMismatch(tuple(problems))
    return next(iter(counts.values()))


def _size_fault(needed: NewTopic, existing: TopicDescription | None) -> str | None:
    """A record that its topic does not take would be tried again for ever."""
    if existing is None or SIZE_LIMIT not in existing.configuration:
        return None
    limit, wanted = int(existing.configuration[SIZE_LIMIT]), int(needed.configuration[SIZE_LIMIT])
    if limit >= wanted:
        return None
    return (
        f"topic {needed.name} takes records of at most {limit} bytes and needs {wanted}: run `kafka-configs.sh --alter "
        f"--entity-type topics --entity-name {needed.name} --add-config {SIZE_LIMIT}={wanted}`"
    )
