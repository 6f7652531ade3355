"""The world outside the system, which effects change: what was done, how often, and what was undone."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from collegium.agent.effects import EffectCall, Found, NotDone, Sought
from collegium.simulation.errors import Violation
from collegium.simulation.link import Link
from collegium_schemas.tasks import FailureKind

TIMEOUT_MS: Final = 2_500
"""Longer than a late request takes to arrive: nothing that was sent comes after it."""


@dataclass(slots=True)
class Outside:
    """What has really happened.

    Args:
        deduplicates: Whether a second call with the same key changes nothing.
        tells: Whether it can say what happened.
    """

    deduplicates: bool
    tells: bool
    executed: dict[str, None] = field(default_factory=dict[str, None])
    """What happened, in that order: `run_id/subtask_id/name`, which is also what each call asks for."""
    undone: dict[str, None] = field(default_factory=dict[str, None])
    """Keys of effects that were withdrawn, or prevented."""
    left_standing: dict[str, None] = field(default_factory=dict[str, None])
    """Keys of effects whose compensation has failed for good: the ones before them are undone all the same."""
    _keys: dict[str, None] = field(default_factory=dict[str, None])
    _withdrawals: dict[str, None] = field(default_factory=dict[str, None])

    def happens(self, call: EffectCall) -> str:
        """A call arrives.

        Raises:
            Violation: it happens for the second time.
        """
        if call.withdraws is not None:
            return self._withdraw(call.key, call.withdraws)
        what = call.content.decode()
        if self.deduplicates and (call.key in self._keys or what in self.undone):
            return f"{what} again"
        if what in self.executed:
            raise Violation("effect_once", f"{what} was executed twice, the second time as {call.key}")
        self._keys[call.key] = None
        self.executed[what] = None
        return f"{what} done"

    def begins_again(self, run_id: str) -> None:
        """A run of this name begins, after one that was archived: its effects are others, whatever they are called."""
        for known in (self.executed, self.undone, self.left_standing, self._keys, self._withdrawals):
            for key in [each for each in known if each.startswith(f"{run_id}/")]:
                del known[key]

    def _withdraw(self, key: str, withdrawn: str) -> str:
        if key in self._withdrawals:
            if self.deduplicates:
                return f"{key} again"
            raise Violation("effect_once", f"{withdrawn} was undone twice")
        self._withdrawals[key] = None
        run_id = withdrawn.partition("/")[0]
        if withdrawn in self.executed and self.deduplicates:
            order = list(self.executed)
            for later in order[order.index(withdrawn) + 1 :]:
                if later.startswith(run_id) and later not in self.undone and later not in self.left_standing:
                    raise Violation("undone_in_reverse", f"{withdrawn} was undone before {later}")
        self.undone[withdrawn] = None
        return f"{withdrawn} undone"

    def knows(self, key: str) -> Sought:
        """What it says of a key."""
        if not self.tells:
            return Sought(Found.CANNOT_TELL)
        done = key in self._keys or key in self._withdrawals
        return Sought(Found.DONE, f"{key} done") if done else Sought(Found.ABSENT)

    def has_done(self, key: str) -> bool:
        """Whether the effect, or the withdrawal, of this key has happened."""
        return key in self.executed or key in self._withdrawals

    def must_have_done(self, key: str) -> None:
        """The log says that this effect happened.

        Raises:
            Violation: it did not.
        """
        if (
            key not in self.executed
            and key not in self._withdrawals
            and key not in self._keys
            and key not in self.undone
        ):
            raise Violation("effect_once", f"{key} counts as done, and did not happen")


class SimulatedTarget:
    """The outside as one node reaches it. Implements `collegium.agent.effects.Target`."""

    def __init__(self, outside: Outside, link: Link, refuses: float) -> None:
        self._outside = outside
        self._link = link
        self._refuses = refuses

    @property
    def kind(self) -> str:
        """What it is."""
        return "outside"

    @property
    def deduplicates(self) -> bool:
        """As the outside does."""
        return self._outside.deduplicates

    @property
    def timeout_ms(self) -> int:
        """When a call is given up."""
        return TIMEOUT_MS

    async def call(self, call: EffectCall) -> str:
        """Ask for it; the answer may get lost on its way, or the request may."""
        await self._reach()
        if self._link.draw() < self._refuses:
            raise NotDone(FailureKind.DEPENDENCY_UNAVAILABLE, "not now")
        return await self._link.call("effect", lambda: self._outside.happens(call))

    async def find(self, key: str) -> Sought:
        """Ask what happened."""
        await self._reach()
        return await self._link.call("find", lambda: self._outside.knows(key))

    async def _reach(self) -> None:
        self._link.check()
        if self._link.partitioned:
            await asyncio.sleep(TIMEOUT_MS / 1_000)
            raise OSError("nothing answers")
