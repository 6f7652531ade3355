"""One cell under way: what its fault may reach, and what is measured meanwhile."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic

from chaos.brokers import B
from chaos.fleet import Fleet
from chaos.history import History
from chaos.load import Load
from collegium.log.topics import TopicNames

BOUND_S = 60.0


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault's moment, and what must be decided on again before the system counts as recovered."""

    at_s: float
    partitions: frozenset[int] = frozenset()
    """Each of these, by somebody else than the victim."""
    runs: frozenset[str] = frozenset()
    """Each of these, by anybody."""
    not_by: str = ""
    """The end of the victim's name, when somebody else must have taken over."""


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

        The system has recovered when each partition that the victim decided on last has a new decision.

        Args:
            victim: The orchestrator process that was struck; without it, every partition must have a new decision.
            at_s: When, if not now.
            alone: Nobody can take over from the victim: its own next decisions end the outage.
        """
        moment = time.monotonic() if at_s is None else at_s
        mark = "" if victim is None else f":{victim}"
        last = self.history.last_before(moment)
        owned = frozenset(partition for partition, decision in last.items() if decision.owner.endswith(mark))
        self.strikes.append(Strike(moment, partitions=owned, not_by="" if alone else mark))

    def struck_specialist(self, *, at_s: float | None = None) -> None:
        """The same for a specialist: recovered when each run that was under way has a new decision."""
        moment = time.monotonic() if at_s is None else at_s
        self.strikes.append(Strike(moment, runs=self.history.under_way(moment)))

    def recovery_s(self) -> float | None:
        """The longest time from a strike to the decision that ended its outage; None when one never came."""
        took = [self._recovery_s(strike) for strike in self.strikes]
        return None if None in took else max((each for each in took if each is not None), default=None)

    def _recovery_s(self, strike: Strike) -> float | None:
        partitions: dict[int, float] = {}
        runs: dict[str, float] = {}
        for decision in self.history.decisions:
            if decision.seen_s > strike.at_s:
                runs.setdefault(decision.run_id, decision.seen_s - strike.at_s)
                if not strike.not_by or not decision.owner.endswith(strike.not_by):
                    partitions.setdefault(decision.partition, decision.seen_s - strike.at_s)
        waited = [*map(partitions.get, strike.partitions), *map(runs.get, strike.runs)]
        if not waited:  # nothing was in its hands: whatever is decided next
            return min(runs.values(), default=None)
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
