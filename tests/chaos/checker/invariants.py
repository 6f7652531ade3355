"""The invariants of docs/architecture.md, each as a function from facts to findings."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

from chaos.checker.canonical import Object, members, number, word
from chaos.checker.facts import ENDINGS, Decided, Facts, Finding, task_id
from chaos.checker.topics import Entry

_TASK = b"collegium.task.requested.v1"
_ACCEPTED = ("attempt_succeeded", "attempt_failed")


def histories(facts: Facts) -> Iterator[Finding]:
    """Versions rise by one from 1, in one partition, under the record's own identifier."""
    for run_id, decisions in facts.runs.items():
        versions = [decided.version for decided in decisions]
        if versions != list(range(1, len(versions) + 1)):
            yield Finding("versions", run_id, f"they are {versions}")
        if len({decided.entry.partition for decided in decisions}) > 1:
            yield Finding("versions", run_id, "its history lies in several partitions")
        for decided in decisions:
            name, given = f"{run_id}/{decided.version}", decided.entry.headers.get("ce_id", b"").decode()
            if decided.entry.key != run_id or given != name:
                yield Finding("versions", name, f"the record's key is {decided.entry.key} and its id {given}")


def endings(facts: Facts, acknowledged: Sequence[str], unsure: Sequence[str]) -> Iterator[Finding]:
    """Every acknowledged objective ends exactly once; whatever else was accepted does, too."""
    for run_id in {*acknowledged, *facts.runs}:
        count = sum(1 for _ in facts.events(run_id, *ENDINGS))
        if count != 1 and not (count == 0 and run_id in unsure and run_id not in facts.runs):
            yield Finding("terminal", run_id, f"it has ended {count} times")


def strangers(facts: Facts, submitted: Sequence[str]) -> Iterator[Finding]:
    """There is no run that nobody asked for."""
    for run_id in set(facts.runs) - set(submitted):
        yield Finding("terminal", run_id, "nobody submitted it")


def positions(facts: Facts) -> Iterator[Finding]:
    """The committed positions never fall nor pass the topic's end."""
    reached: dict[tuple[str, int], int] = {}
    for entry, body in facts.bodies("run-state"):
        if entry.key is None or not entry.key.startswith("__pos/"):
            continue
        place = (word(body, "topic"), entry.partition)
        position = number(body, "next_offset")
        if position < reached.get(place, 0):
            yield Finding("inputs", f"{place[0]}-{place[1]}", f"the position fell from {reached[place]} to {position}")
        if position > facts.topics.ends.get(place, position):
            yield Finding("inputs", f"{place[0]}-{place[1]}", f"the position {position} is past the end")
        reached[place] = position


def dispatches(facts: Facts) -> Iterator[Finding]:
    """Each dispatch event has exactly one task record, each task record one event, and no attempt is sent twice."""
    decided = Counter(
        task_id(run_id, event) for run_id in facts.runs for event in facts.events(run_id, "attempt_dispatched")
    )
    sent: Counter[str] = Counter()
    for topic in facts.task_topics:
        for entry, body in facts.bodies(topic):
            if entry.headers.get("ce_type") != _TASK:
                continue  # what others put there is no task
            task = task_id(word(body, "run_id"), body)
            sent[task] += 1
            if f"tasks.{word(body, 'role')}" != topic or entry.key != word(body, "run_id"):
                yield Finding("dispatch", task, f"it was sent to {topic} under key {entry.key}")
    for task in {*decided, *sent}:
        if decided[task] != 1 or sent[task] != 1:
            yield Finding("dispatch", task, f"{decided[task]} dispatch events and {sent[task]} task records")


def results(facts: Facts) -> Iterator[Finding]:
    """An attempt's outcome is accepted at most once, after its dispatch, and a success is one that somebody sent."""
    reported = {
        (task_id(word(body, "run_id"), body), _named(body), word(body, "worker"))
        for _, body in facts.bodies("results")
        if "outputs" in body and number(body, "run_accepted_at_ms") == facts.accepted_at_ms(word(body, "run_id"))
    }
    for run_id in facts.runs:
        dispatched: set[str] = set()
        accepted: set[str] = set()
        for event in facts.events(run_id, "attempt_dispatched", *_ACCEPTED):
            task = task_id(run_id, event)
            if word(event, "type") == "attempt_dispatched":
                dispatched.add(task)
                continue
            if task in accepted:
                yield Finding("results", task, "its outcome was accepted twice")
            if task not in dispatched:
                yield Finding("results", task, "its outcome was accepted before it was dispatched")
            accepted.add(task)
            is_success = word(event, "type") == "attempt_succeeded"
            if is_success and (task, _named(event), word(event, "worker")) not in reported:
                yield Finding("results", task, "nobody reported the success that was accepted")


def _named(told: Object) -> tuple[tuple[int, int, str], ...]:
    return tuple(
        (number(ref, "partition"), number(ref, "offset"), word(ref, "sha256")) for ref in members(told, "outputs")
    )


def context(facts: Facts) -> Iterator[Finding]:
    """Every output of an accepted success can be read where it says, under its attempt's key, with its hash."""
    written: dict[tuple[int, int], Entry] = {
        (entry.partition, entry.offset): entry for entry in facts.topics["context"]
    }
    for run_id in facts.runs:
        for event in facts.events(run_id, "attempt_succeeded"):
            for ref in members(event, "outputs"):
                name = f"{task_id(run_id, event)}/{word(ref, 'name')}"
                entry = written.get((number(ref, "partition"), number(ref, "offset")))
                fault = _fault(entry, ref, name)
                if fault is not None:
                    yield Finding("context", name, fault)


def _fault(entry: Entry | None, ref: Object, name: str) -> str | None:
    if entry is None or entry.value is None:
        return "there is no such record"
    if entry.key != name:
        return f"the record there has the key {entry.key}"
    if hashlib.sha256(entry.value).hexdigest() != word(ref, "sha256") or len(entry.value) != number(ref, "size_bytes"):
        return "the record there has another hash or size"
    return None


def transactions(facts: Facts) -> Iterator[Finding]:
    """No transaction is left open."""
    for place in facts.topics.unfinished:
        yield Finding("transactions", place, "it ends with records of a transaction that nobody has ended")


def ended_as(decisions: list[Decided]) -> str:
    """A run's terminal status, or nothing."""
    for decided in decisions:
        for event in decided.events:
            if word(event, "type") in ENDINGS:
                return word(event, "status") or "failed"
    return ""
