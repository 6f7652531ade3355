"""A target outside the system that forgives nothing: each call adds a line, whatever was there before.

It cannot promise that a call is not still on its way, so the runtime never repeats one by itself: a human is asked.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collegium.agent.effects import EffectCall, Found, Sought

TALLIED_BY = "worker"
"""The directory within a trial's where the target is, whichever role calls it."""

_FILE = "tally.log"


@dataclass(frozen=True, slots=True)
class Line:
    """One call."""

    key: str
    withdraws: str
    """The key of the effect that it undid; empty for an effect."""


class Tally:
    """Implements `collegium.agent.effects.Target`: a file with one line for each call, and a look at its lines."""

    kind = "tally"
    deduplicates = False
    timeout_ms = 2_000

    def __init__(self, directory: Path) -> None:
        self._path = directory / _FILE

    async def call(self, call: EffectCall) -> str:
        """Add a line."""
        await asyncio.to_thread(self._add, f"{call.key} {call.withdraws or ''}\n".encode())
        return f"line of {call.key}"

    def _add(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(file, line)
        finally:
            os.close(file)

    async def find(self, key: str) -> Sought:
        """Whether there is such a line."""
        return Sought(Found.DONE if key in tallied(self._path.parent) else Found.ABSENT)


def lines(directory: Path) -> Sequence[Line]:
    """Every call in the order in which the target met them."""
    path = directory / _FILE
    told = path.read_text().splitlines() if path.exists() else []
    return [Line(key, withdraws) for key, _, withdraws in (line.partition(" ") for line in told)]


def tallied(directory: Path) -> Counter[str]:
    """How often each effect was executed; what undoes one is an effect of its own."""
    return Counter(line.key for line in lines(directory))
