"""The runs of one partition in memory: packed bytes for all of them, decoded ones for those that are busy."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from collegium.orchestrator.core.model import Run
from collegium.orchestrator.shell.packing import pack, unpack
from collegium.orchestrator.shell.parts import assemble

DECODED_BYTES: Final = 16_777_216
"""Bodies of the parts that are kept decoded in one partition, which take about ten times their size."""


@dataclass(slots=True)
class _Parts:
    """A run's parts, and the bytes of their bodies."""

    bodies: dict[str, bytes]
    size: int

    def change(self, changed: Mapping[str, bytes | None]) -> None:
        for name, body in changed.items():
            self.size -= len(self.bodies.pop(name, b"")) if body is None else len(self.bodies.get(name, b""))
            if body is not None:
                self.bodies[name] = body
                self.size += len(body)


@dataclass(frozen=True, slots=True)
class _Busy:
    run: Run
    parts: _Parts


class RunStore:
    """What run-state holds for one partition, as of the last commit.

    Args:
        decoded_runs: How many runs are kept decoded, least recently used first out.
        decoded_bytes: The same for the bodies of their parts; the latest run is kept whatever its size.
    """

    def __init__(self, decoded_runs: int = 2_000, decoded_bytes: int = DECODED_BYTES) -> None:
        self._packed: dict[str, bytes] = {}
        self._busy: OrderedDict[str, _Busy] = OrderedDict()
        self._busy_bytes = 0
        self._most_runs = decoded_runs
        self._most_bytes = decoded_bytes
        self._ended: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._packed) + len(self._busy)

    @property
    def live(self) -> int:
        """Runs that have not ended."""
        return len(self) - len(self._ended)

    @property
    def ended(self) -> int:
        """Terminal runs that are still remembered."""
        return len(self._ended)

    @property
    def decoded(self) -> int:
        """Runs that are kept decoded."""
        return len(self._busy)

    def oldest_ended(self, most: int) -> tuple[str, ...]:
        """Terminal runs, at most so many, the ones that ended first."""
        return tuple(islice(self._ended, max(0, most)))

    def load(self, run_id: str) -> Run | None:
        """The run, or None when there is none."""
        busy = self._busy.get(run_id)
        if busy is not None:
            self._busy.move_to_end(run_id)
            return busy.run
        packed = self._packed.get(run_id)
        if packed is None:
            return None
        parts = _unpacked(packed)
        run = assemble(parts.bodies)
        if run is not None and not run.header.status.terminal:
            del self._packed[run_id]
            self._keep(run_id, run, parts)
        return run

    def fill(self, packed: dict[str, bytes], ended: Iterable[str]) -> None:
        """Take over what was restored; the terminal runs among it are named in the order of their end."""
        self._packed = packed
        self._ended = OrderedDict.fromkeys(ended)

    def publish(self, run_id: str, run: Run | None, changed: Mapping[str, bytes | None]) -> None:
        """Take over what a commit wrote."""
        parts = self._taken(run_id)
        parts.change(changed)
        if run is None:
            self._ended.pop(run_id, None)
        elif run.header.status.terminal:
            self._ended.setdefault(run_id)
            self._packed[run_id] = pack(parts.bodies)
        else:
            self._keep(run_id, run, parts)

    def _taken(self, run_id: str) -> _Parts:
        busy = self._busy.pop(run_id, None)
        if busy is None:
            return _unpacked(self._packed.pop(run_id, b""))
        self._busy_bytes -= busy.parts.size
        return busy.parts

    def _keep(self, run_id: str, run: Run, parts: _Parts) -> None:
        """Keep a run decoded, and as many of the others as the bounds allow."""
        self._busy[run_id] = _Busy(run, parts)
        self._busy_bytes += parts.size
        while len(self._busy) > 1 and (len(self._busy) > self._most_runs or self._busy_bytes > self._most_bytes):
            idle_id, idle = self._busy.popitem(last=False)
            self._busy_bytes -= idle.parts.size
            self._packed[idle_id] = pack(idle.parts.bodies)


def _unpacked(packed: bytes) -> _Parts:
    bodies = unpack(packed)
    return _Parts(bodies, sum(map(len, bodies.values())))
