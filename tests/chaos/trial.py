"""One cell under way: what its fault may reach, and what is measured meanwhile."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Generic

from chaos.brokers import B
from chaos.fleet import Fleet
from chaos.history import History
from chaos.load import Load
from chaos.recovery import Strike, held_by, in_hand, under_way
from collegium.log.topics import TopicNames

BOUND_S = 60.0


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

    def struck(
        self, victim: int | None = None, *, at_s: float | None = None, alone: bool = False, fed: bool = False
    ) -> None:
        """The fault happens now, or happened at a moment of the monotonic clock: the recovery's clock starts.

        The system has recovered when each partition that the victim decided on last, and that had runs under way, has a
        new decision.

        Args:
            victim: The orchestrator process that was struck; without it, it does not matter who decided last.
            at_s: When, if not now.
            alone: Nobody can take over from the victim: its own next decisions end the outage.
            fed: Objectives keep arriving until the outage has ended: partitions without a run under way count too.
        """
        moment = time.monotonic() if at_s is None else at_s
        mark = "" if victim is None else f":{victim}"
        owned = held_by(self.history.decisions, mark, moment)
        if not fed:
            owned &= under_way(self.history.decisions, moment)
        self.strikes.append(Strike(moment, partitions=owned, not_by="" if alone else mark))

    def struck_specialist(self, victim: int, role: str, *, at_s: float | None = None) -> None:
        """The same for a process of a specialist.

        The system has recovered when each subtask that waited for an outcome of that role has ended by another process.
        """
        moment = time.monotonic() if at_s is None else at_s
        waiting = in_hand(self.history.decisions, role, moment)
        self.strikes.append(Strike(moment, subtasks=waiting, not_by=f":{victim}"))

    async def deciding(self, pid: int) -> None:
        """Wait until an orchestrator process is the one that decided last on some partition."""
        held = partial(held_by, self.history.decisions, f":{pid}")
        await self.until(lambda: bool(held(time.monotonic())), f"process {pid} decides on a partition")

    def undoing(self, role: str, at_s: float | None = None) -> int:
        """How many runs had been given subtasks of a role that undoes, and had not ended; now, or at a moment."""
        moment = time.monotonic() if at_s is None else at_s
        seen = [decision for decision in self.history.decisions if decision.seen_s <= moment]
        begun = {decision.run_id for decision in seen if role in decision.planned.values()}
        return len(begun - {decision.run_id for decision in seen if decision.ending is not None})

    def recovery_s(self) -> float | None:
        """The longest outage; None when nothing had to wait, or something still does."""
        outages = self._outages()
        return None if None in outages else max((each for each in outages if each is not None), default=None)

    def recovered(self) -> bool:
        """Whether every outage has ended."""
        return None not in self._outages()

    def _outages(self) -> list[float | None]:
        return [each for strike in self.strikes for each in strike.outages(self.history.decisions)]

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
