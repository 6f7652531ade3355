"""A target outside the system that forgives nothing: each call adds a line, whatever was there before.

It cannot promise that a call is not still on its way, so the runtime never repeats one by itself: a human is asked.
"""

import asyncio
import os
from collections import Counter
from pathlib import Path

from collegium.agent.effects import EffectCall, Found, Sought

_FILE = "tally.log"


class Tally:
    """Implements `collegium.agent.effects.Target`: a file with one line for each call, and a look at its lines."""

    kind = "tally"
    deduplicates = False
    timeout_ms = 2_000

    def __init__(self, directory: Path) -> None:
        self._path = directory / _FILE

    async def call(self, call: EffectCall) -> str:
        """Add a line."""
        await asyncio.to_thread(self._add, f"{call.key}\n".encode())
        return f"line of {call.key}"

    def _add(self, line: bytes) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(file, line)
        finally:
            os.close(file)

    async def find(self, key: str) -> Sought:
        """Whether there is such a line."""
        return Sought(Found.DONE if key in tallied(self._path.parent) else Found.ABSENT)


def tallied(directory: Path) -> Counter[str]:
    """How often each effect was executed."""
    path = directory / _FILE
    return Counter(path.read_text().splitlines()) if path.exists() else Counter()
