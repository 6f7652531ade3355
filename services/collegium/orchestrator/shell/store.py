"""The runs of one partition in memory: bytes for all of them, decoded ones for those that are busy."""

import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from itertools import islice

from collegium.orchestrator.core.model import Run
from collegium.orchestrator.shell.parts import HEADER, assemble, read_part
from collegium_schemas.state import RunHeader


class RunStore:
    """What run-state holds for one partition, as of the last commit.

    Args:
        decoded_runs: How many runs are kept decoded, least recently used first out.
    """

    def __init__(self, decoded_runs: int = 2_000) -> None:
        self._parts: dict[str, dict[str, bytes]] = {}
        self._decoded: OrderedDict[str, Run] = OrderedDict()
        self._most_decoded = decoded_runs
        self._ended: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._parts)

    @property
    def live(self) -> int:
        """Runs that have not ended."""
        return len(self._parts) - len(self._ended)

    @property
    def ended(self) -> int:
        """Terminal runs that are still remembered."""
        return len(self._ended)

    def oldest_ended(self, most: int) -> tuple[str, ...]:
        """Terminal runs, at most so many, the ones that ended first."""
        return tuple(islice(self._ended, max(0, most)))

    def load(self, run_id: str) -> Run | None:
        """The run, or None when there is none."""
        run = self._decoded.get(run_id)
        if run is not None:
            self._decoded.move_to_end(run_id)
            return run
        parts = self._parts.get(run_id)
        run = None if parts is None else assemble(parts)
        if run is not None:
            self._remember(run_id, run)
        return run

    def restore(self, run_id: str, part: str, value: bytes | None) -> None:
        """Take one record of run-state, in the topic's order; None is a tombstone."""
        name = sys.intern(part)
        if value is not None:
            self._parts.setdefault(run_id, {})[name] = value
            return
        parts = self._parts.get(run_id)
        if parts is not None:
            parts.pop(name, None)
            if not parts:
                del self._parts[run_id]

    def restored(self) -> Iterator[tuple[RunHeader, Mapping[str, bytes]]]:
        """After the last `restore`: each run's header and parts, terminal ones in the order of their end."""
        ended: list[tuple[int, str]] = []
        for run_id in [run_id for run_id, parts in self._parts.items() if HEADER not in parts]:
            del self._parts[run_id]
        for run_id, parts in self._parts.items():
            header = read_part(RunHeader, f"{run_id}/{HEADER}", parts[HEADER])
            if header.ended_at_ms is not None:
                ended.append((header.ended_at_ms, run_id))
            yield header, parts
        self._ended = OrderedDict.fromkeys(run_id for _, run_id in sorted(ended))

    def publish(self, run_id: str, run: Run | None, changed: Mapping[str, bytes | None]) -> None:
        """Take over what a commit wrote."""
        for part, value in changed.items():
            self.restore(run_id, part, value)
        if run is None:
            self._decoded.pop(run_id, None)
            self._ended.pop(run_id, None)
            return
        self._remember(run_id, run)
        if run.header.status.terminal:
            self._ended.setdefault(run_id)

    def _remember(self, run_id: str, run: Run) -> None:
        self._decoded[run_id] = run
        self._decoded.move_to_end(run_id)
        while len(self._decoded) > self._most_decoded:
            self._decoded.popitem(last=False)
