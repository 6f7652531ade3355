"""How long an outage was: from a strike to what ended it, by the decisions that a reader has seen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chaos.history import Decision, Subtask


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault's moment, and what must go on before the system counts as recovered."""

    at_s: float
    partitions: frozenset[int] = frozenset()
    """Each of these must have a decision, by somebody else than the victim."""
    subtasks: frozenset[Subtask] = frozenset()
    """Each of these must succeed, or be given up, and not by the victim: what that had reported was not lost."""
    not_by: str = ""
    """The end of the victim's name, when somebody else must have taken over."""

    def outages(self, decisions: Sequence[Decision]) -> list[float | None]:
        """How long each partition and subtask waited; None for one that still waits."""
        later = [each for each in decisions if each.seen_s > self.at_s]
        return [*self._of_partitions(later), *self._of_subtasks(later)]

    def _of_partitions(self, later: Sequence[Decision]) -> Iterable[float | None]:
        decided: dict[int, float] = {}
        for decision in later:
            if not self._victims(decision.owner):
                decided.setdefault(decision.partition, decision.seen_s - self.at_s)
        return map(decided.get, self.partitions)

    def _of_subtasks(self, later: Sequence[Decision]) -> Iterable[float | None]:
        ended: dict[Subtask, tuple[str, float]] = {}
        for decision in later:
            for subtask, worker in decision.ended:
                ended.setdefault(subtask, (worker, decision.seen_s - self.at_s))
        for subtask in self.subtasks:
            worker, took_s = ended.get(subtask, ("", None))
            if not self._victims(worker):
                yield took_s

    def _victims(self, name: str) -> bool:
        return bool(self.not_by) and name.endswith(self.not_by)


def last_before(decisions: Iterable[Decision], moment_s: float) -> dict[int, Decision]:
    """Each partition's last decision before a moment."""
    return {each.partition: each for each in decisions if each.seen_s <= moment_s}


def held_by(decisions: Iterable[Decision], mark: str, moment_s: float) -> frozenset[int]:
    """The partitions on which an owner, known by the end of its name, was the last to decide before a moment."""
    last = last_before(decisions, moment_s)
    return frozenset(partition for partition, decision in last.items() if decision.owner.endswith(mark))


def under_way(decisions: Iterable[Decision], moment_s: float) -> frozenset[int]:
    """Partitions with runs that had been seen to begin before a moment, and not to end: these must go on."""
    begun: dict[str, int] = {}
    ended: set[str] = set()
    for decision in decisions:
        if decision.seen_s <= moment_s:
            begun[decision.run_id] = decision.partition
            if decision.ending is not None:
                ended.add(decision.run_id)
    return frozenset(partition for run_id, partition in begun.items() if run_id not in ended)


def in_hand(decisions: Iterable[Decision], role: str, moment_s: float) -> frozenset[Subtask]:
    """Subtasks of a role that had been dispatched before a moment, without any outcome."""
    roles: dict[Subtask, str] = {}
    sent: set[Subtask] = set()
    for decision in decisions:
        if decision.seen_s <= moment_s:
            roles |= decision.planned
            sent = (sent - decision.answered) | decision.sent
    return frozenset(subtask for subtask in sent if roles.get(subtask) == role)
