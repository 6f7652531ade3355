"""One cell under way: what its fault may reach, and what is measured meanwhile."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic

from chaos.brokers import B
from chaos.fleet import Fleet
from chaos.history import Decision, History
from chaos.load import Load
from collegium.log.topics import TopicNames

BOUND_S = 60.0


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault's moment, and from which decision on the system has recovered."""

    at_s: float
    recovered: Callable[[Decision], bool]
    partitions: frozenset[int]
    """Each of these must see such a decision; without any, one decision anywhere is enough."""


@dataclass(slots=True)
class Trial(Generic[B]):
    """What a cell's `strike` is given."""

    prefix: str
    """Of its topics' names."""
    brokers: B
    fleet: Fleet
    load: Load
    history: History
    """Every decision that has been committed so far."""
    names: TopicNames
    """Of the trial's topics."""
    strikes: list[Strike] = field(default_factory=list[Strike])

    def struck(self, victim: int | None = None, *, at_s: float | None = None, alone: bool = False) -> None:
        """The fault happens now, or happened at a moment of the monotonic clock: the recovery's clock starts.

        Args:
            victim: The process that was struck. The system has recovered when each partition that it decided on last
                has a new decision (an orchestrator), or when another process's result of its role is accepted (a
                specialist). Without it: when every partition has a new decision.
            at_s: When, if not now.
            alone: Nobody can take over from the victim: its own next decisions end the outage.
        """
        moment = time.monotonic() if at_s is None else at_s
        mark = f":{victim}"
        owned = frozenset(
            partition
            for partition, decision in self.history.last_before(moment).items()
            if victim is None or decision.owner.endswith(mark)
        )
        roles = self.history.roles_of(mark) if victim is not None and not owned else frozenset[str]()
        if roles:
            self.strikes.append(
                Strike(
                    moment,
                    lambda decision: any(w.role in roles and not w.name.endswith(mark) for w in decision.workers),
                    frozenset(),
                )
            )
        else:
            self.strikes.append(Strike(moment, lambda decision: alone or not decision.owner.endswith(mark), owned))

    def recovery_s(self) -> float | None:
        """The longest time from a strike to the decision that ended its outage; None when one never came."""
        longest = 0.0
        for strike in self.strikes:
            took = self._recovery_s(strike)
            if took is None:
                return None
            longest = max(longest, took)
        return longest if self.strikes else None

    def _recovery_s(self, strike: Strike) -> float | None:
        first: dict[int, float] = {}
        for decision in self.history.decisions:
            if decision.seen_s > strike.at_s and strike.recovered(decision):
                first.setdefault(decision.partition, decision.seen_s - strike.at_s)
        if not strike.partitions:
            return min(first.values(), default=None)
        waited = [first.get(partition) for partition in strike.partitions]
        return None if None in waited else max(each for each in waited if each is not None)

    async def until(self, condition: Callable[[], bool], what: str, bound_s: float = BOUND_S) -> None:
        """Wait until the history or the fleet fulfils a condition."""
        try:
            async with asyncio.timeout(bound_s):
                while not condition():  # noqa: ASYNC110 - any condition, not one that somebody signals
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not within {bound_s} s: {what}") from None

    async def decided(self, more: int, bound_s: float = BOUND_S) -> None:
        """Wait for so many further decisions: the system works under load."""
        least = len(self.history.decisions) + more
        await self.until(lambda: len(self.history.decisions) >= least, f"{more} more decisions", bound_s)

    async def ended(self, more: int, bound_s: float = BOUND_S) -> None:
        """Wait for so many further runs to end."""
        least = len(self.history.ended) + more
        await self.until(lambda: len(self.history.ended) >= least, f"{more} more runs have ended", bound_s)
