"""What the topics say, in the form in which the invariants look at it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from chaos.checker.canonical import Object, members, number, parse, word
from chaos.checker.topics import Entry, Topics

ENDINGS = frozenset({"run_ended", "run_rejected"})


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold."""

    invariant: str
    subject: str
    """The run, record or partition that breaks it."""
    message: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.subject}: {self.message}"


@dataclass(frozen=True, slots=True)
class Decided:
    """One record of run-events."""

    entry: Entry
    body: Object

    @property
    def version(self) -> int:
        """The run's version that it makes."""
        return number(self.body, "version")

    @property
    def events(self) -> list[Object]:
        """What was decided."""
        return members(self.body, "events")


@dataclass(frozen=True, slots=True)
class Facts:
    """Decoded topics."""

    topics: Topics
    runs: dict[str, list[Decided]] = field(default_factory=dict[str, list[Decided]])
    """Each run's decisions in the order of its partition."""
    unreadable: list[Finding] = field(default_factory=list[Finding])

    def events(self, run_id: str, *kinds: str) -> Iterator[Object]:
        """A run's events of these kinds, in order."""
        for decided in self.runs.get(run_id, []):
            yield from (event for event in decided.events if word(event, "type") in kinds)

    def accepted_at_ms(self, run_id: str) -> int:
        """When a run was accepted; 0 for one without a decision."""
        decided = self.runs.get(run_id, [])
        return number(decided[0].body, "at_ms") if decided else 0

    def bodies(self, topic: str) -> Iterator[tuple[Entry, Object]]:
        """A topic's records that are JSON objects."""
        for entry in self.topics[topic]:
            try:
                yield entry, parse(entry.value)
            except ValueError:
                continue

    @property
    def task_topics(self) -> list[str]:
        """The roles' topics."""
        return [topic for topic in self.topics.entries if topic.startswith("tasks.")]


def facts(topics: Topics) -> Facts:
    """Decode run-events; a record there that cannot be read is a finding of its own."""
    known = Facts(topics)
    for entry in topics["run-events"]:
        try:
            body = parse(entry.value)
        except ValueError as error:
            where = f"run-events-{entry.partition} offset {entry.offset}"
            known.unreadable.append(Finding("history", where, f"cannot be read: {error}"))
            continue
        known.runs.setdefault(word(body, "run_id"), []).append(Decided(entry, body))
    return known


def task_id(run_id: str, told: Object) -> str:
    """`run/subtask/attempt`."""
    return f"{run_id}/{word(told, 'subtask_id')}/{number(told, 'attempt')}"
