"""Effects: what a specialist with execution rights may change outside the system, and the port to what is changed.

A specialist names its targets in `effect_targets`; a playbook step grants some of them in `effects`. In `perform` it
asks `bench.effects` for one by that name. The runtime then makes sure that the target is called at most once for the
subtask, however many attempts, redeliveries, crashes and zombies there are (docs/effects.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from pydantic import SecretStr

from collegium_schemas.tasks import FailureKind


@dataclass(frozen=True, slots=True)
class EffectCall:
    """One request to a target."""

    key: str
    """`run_id/subtask_id/name`: the same for every attempt. A target that deduplicates does so by this."""
    content: bytes
    """What is asked for; the same bytes for every attempt."""
    withdraws: str | None = None
    """The key of the earlier effect that this one undoes. One that never happened is thereby prevented."""

    @property
    def run_id(self) -> str:
        """The run that asks."""
        return self.key.partition("/")[0]


class Found(StrEnum):
    """What a target knows of a key."""

    DONE = "done"
    ABSENT = "absent"
    """It did not happen, as far as the target has heard."""
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Sought:
    """A target's answer about a key."""

    found: Found
    receipt: str = ""


class NotDone(Exception):
    """The target certainly did not do it, now or later. Any other error of `call` means that nobody knows."""

    def __init__(self, kind: FailureKind, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.permanent = permanent
        """True when asking again cannot help."""


class Target(Protocol):
    """Something outside the system that can be changed."""

    @property
    def kind(self) -> str:
        """What it is, such as `files` or `webhook`."""
        ...

    @property
    def deduplicates(self) -> bool:
        """True when a second call with the same key, even at the same time, changes nothing further."""
        ...

    @property
    def timeout_ms(self) -> int:
        """After this long a call is given up; nothing that was sent by then can arrive much later."""
        ...

    async def call(self, call: EffectCall) -> str:
        """Do it, or undo `withdraws`.

        Returns:
            A receipt for whoever looks the effect up, at most `limits.MAX_RECEIPT_CHARS`.

        Raises:
            NotDone: it certainly did not happen. Any other exception means that it may have.
        """
        ...

    async def find(self, key: str) -> Sought:
        """Whether the effect of this key has happened. An exception counts as `CANNOT_TELL`."""
        ...


class Effects(Protocol):
    """The desk at which an attempt asks for its effects."""

    async def execute(self, name: str, content: bytes) -> str:
        """Have an effect happen, once for the subtask.

        Args:
            name: One of the task's `effects`.
            content: The request, the same for every attempt: free of times, attempt numbers and chance.

        Returns:
            The receipt, also when an earlier attempt had it happen.

        Raises:
            SpecialistFailure: `unauthorised` without the right to it; `outcome_unknown` when nobody can tell whether
                it happened; else what the target says.
        """
        ...

    async def withdraw(self, name: str) -> str | None:
        """In a compensation: undo the effect of this name of the compensated subtask, once.

        Returns:
            The receipt of the withdrawal; None when the effect never happened. It cannot happen any more then.

        Raises:
            SpecialistFailure: as for `execute`.
        """
        ...


@runtime_checkable
class Executing(Protocol):
    """A specialist that can be given execution rights."""

    @property
    def effect_targets(self) -> Mapping[str, Target]:
        """What it can change, by the name under which playbook steps grant it."""
        ...


@runtime_checkable
class Confidential(Protocol):
    """A target that is given secrets."""

    def secrets(self) -> tuple[SecretStr, ...]:
        """What no log and no trace may show."""
        ...


def targets_of(specialist: object) -> tuple[Target, ...]:
    """What a specialist can change; nothing when it cannot be given execution rights."""
    return tuple(specialist.effect_targets.values()) if isinstance(specialist, Executing) else ()
