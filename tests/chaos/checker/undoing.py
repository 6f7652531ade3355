"""Effects of runs that failed are undone once each, the latest first: by the topics, and by the target's own record.

The rule is for playbooks whose effects follow each other: there the order in which they happened is known.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chaos.checker.canonical import Object, member, members, word
from chaos.checker.facts import Facts, Finding
from chaos.checker.invariants import ended_as


@dataclass(frozen=True, slots=True)
class Change:
    """One call that the target met."""

    key: str
    """`run/subtask/name`."""
    withdraws: str = ""
    """The key of the effect that this one undoes; empty for an effect."""

    @property
    def run_id(self) -> str:
        """The run that asked for it."""
        return self.key.partition("/")[0]


@dataclass(slots=True)
class _Saga:
    """What a run's history says of its effects."""

    compensated: set[str] = field(default_factory=set[str])
    """Subtasks whose effects can be undone."""
    undoing: dict[str, str] = field(default_factory=dict[str, str])
    """Subtasks that undo -> what they undo."""
    succeeded: list[str] = field(default_factory=list[str])
    """Compensated subtasks in the order in which they succeeded."""
    undone: list[str] = field(default_factory=list[str])
    """The same for what was undone."""
    hasty: list[str] = field(default_factory=list[str])
    """Subtasks that were sent for undoing before all that was asked to be undone earlier had been."""

    def take(self, event: Object) -> None:
        for spec in members(member(event, "change"), "added"):
            if word(spec, "compensates"):
                self.undoing[word(spec, "subtask_id")] = word(spec, "compensates")
            elif isinstance(spec.get("compensate"), dict):
                self.compensated.add(word(spec, "subtask_id"))
        kind, name = word(event, "type"), word(event, "subtask_id")
        if kind == "attempt_succeeded" and name in self.undoing:
            self.undone.append(self.undoing[name])
        elif kind == "attempt_succeeded" and name in self.compensated:
            self.succeeded.append(name)
        elif kind == "attempt_dispatched" and name in self.undoing:
            before = list(self.undoing.values())[: list(self.undoing).index(name)]
            if set(before) - set(self.undone):
                self.hasty.append(self.undoing[name])


def undoing(facts: Facts, record: Sequence[Change]) -> Iterator[Finding]:
    """Every effect of a run that failed was undone exactly once, after all later ones; no effect of any other run.

    Args:
        facts: The topics.
        record: Every call of the target, in the order in which it met them.
    """
    changes = dict[str, list[Change]]()
    for change in record:
        changes.setdefault(change.run_id, []).append(change)
    for run_id, decisions in facts.runs.items():
        saga = _Saga()
        for event in facts.events(run_id, "plan_adopted", "attempt_dispatched", "attempt_succeeded"):
            saga.take(event)
        if ended_as(decisions) == "failed":
            yield from _by_topics(run_id, saga)
            yield from _by_record(run_id, saga, changes.get(run_id, []))
        elif saga.undoing or any(change.withdraws for change in changes.get(run_id, [])):
            yield Finding("undoing", run_id, f"it ended as {ended_as(decisions)}, and effects were undone")


def _by_topics(run_id: str, saga: _Saga) -> Iterator[Finding]:
    if saga.undone != saga.succeeded[::-1]:
        yield Finding("undoing", run_id, f"{saga.succeeded} succeeded, and {saga.undone} were undone, in this order")
    for name in saga.hasty:
        yield Finding("undoing", f"{run_id}/{name}", "its undoing was sent before those that come first had ended")


def _by_record(run_id: str, saga: _Saga, changes: Sequence[Change]) -> Iterator[Finding]:
    can_be_undone = {f"{run_id}/{name}" for name in saga.compensated}
    happened = [each.key for each in changes if not each.withdraws and _subtask(each.key) in can_be_undone]
    withdrawn = [each.withdraws for each in changes if each.withdraws]
    counts = Counter(withdrawn)
    for key in dict.fromkeys((*happened, *withdrawn)):
        if counts[key] != 1 or key not in happened:
            what = "it happened" if key in happened else "it never happened"
            yield Finding("undoing", key, f"{what}, and its target undid it {counts[key]} times")
    if set(happened) == set(withdrawn) and list(dict.fromkeys(withdrawn)) != happened[::-1]:
        yield Finding("undoing", run_id, f"its target met {happened} and undid {withdrawn}, in this order")
    for each in changes:
        if each.withdraws and f"{run_id}/{saga.undoing.get(_name(each.key))}" != _subtask(each.withdraws):
            yield Finding("undoing", each.key, f"it undid {each.withdraws}, and its plan says otherwise")
    undo_began = next((place for place, each in enumerate(changes) if each.withdraws), len(changes))
    for each in changes[undo_began:]:
        if not each.withdraws:
            yield Finding("undoing", each.key, "it happened after its run had begun to undo")


def _subtask(key: str) -> str:
    """`run/subtask` of an effect's key."""
    return key.rpartition("/")[0]


def _name(key: str) -> str:
    """The subtask of an effect's key."""
    return _subtask(key).rpartition("/")[2]
