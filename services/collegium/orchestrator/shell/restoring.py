"""Step 3 of the commit protocol: run-state of one partition, read to its end."""

import asyncio
import heapq
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from collegium.log.port import Log, TopicPartition
from collegium.orchestrator.core.model import Rules
from collegium.orchestrator.core.timing import TIMED, run_timer, subtask_timer
from collegium.orchestrator.shell.packing import pack, unpack
from collegium.orchestrator.shell.parts import HEADER, POSITION_KEY, SUBTASK, read_part
from collegium.orchestrator.shell.store import RunStore
from collegium.orchestrator.shell.timers import Timers
from collegium_schemas.state import InputPosition, RunHeader, SubtaskPart, SubtaskStatus

logger = logging.getLogger(__name__)

_LOOSE_BYTES: Final = 4_194_304
"""Bodies that are held unpacked while the topic is read, before they are packed."""

_RUNS_AT_ONCE: Final = 500
"""Runs that are worked on before other tasks get their turn: the group member's heartbeats must go on."""

_TIMED_MARKS: Final = tuple(f'"{status.value}"'.encode() for status in TIMED)
_OTHER_MARKS: Final = tuple(f'"{status.value}"'.encode() for status in SubtaskStatus if status not in TIMED)
"""Each status as a subtask's body holds it; other fields may hold the same text."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A partition as its last committed transaction left it."""

    store: RunStore
    timers: Timers
    positions: Mapping[str, int]
    """Next offsets by short topic name."""
    latest: Sequence[Mapping[str, bytes]]
    """The parts of the live runs that were changed last."""
    end: int
    """Where run-state ended."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A partition as its owner knew it when it was revoked: as good as a restore, if nobody has written since."""

    store: RunStore
    timers: Timers
    positions: Mapping[str, int]
    end: int
    """Where run-state ended after the last commit that is part of it."""

    async def restored(self, log: Log, source: TopicPartition) -> Restored | None:
        """The same as a restore, which it spares; None when run-state has changed, or may have.

        To be asked after the fence: from then on nobody else writes.

        Raises:
            LogUnavailable: the log cannot be reached.
        """
        end = (await log.end_offsets([source]))[source]
        return Restored(self.store, self.timers, self.positions, (), end) if end == self.end else None


async def restore(log: Log, source: TopicPartition, rules: Rules, store: RunStore, *, latest: int) -> Restored:
    """Read a partition of run-state from its beginning to where it ends now.

    Args:
        log: Where to read.
        source: The partition of run-state.
        rules: What timers depend on.
        store: An empty one, to be filled.
        latest: How many of the live runs that were changed last are returned beside it.

    Raises:
        LogUnavailable: the log cannot be reached.
        StateUnreadable: a newer version wrote the state.
    """
    reading = _Reading(rules)
    end = (await log.end_offsets([source]))[source]
    at = (await log.beginning_offsets([source]))[source]
    while at < end:
        pairs, at = await log.scan(source, at)
        reading.take(pairs)
        if reading.loose_bytes > _LOOSE_BYTES:
            await reading.settle()
    await reading.settle()
    reading.drop_remains()
    store.fill(reading.packed, reading.ended())
    changed = [unpack(reading.packed[run_id]) for run_id in reading.changed(latest)]
    return Restored(store, reading.timers, reading.positions, changed, end)


async def existing(log: Log, inputs: Mapping[str, TopicPartition], wanted: Mapping[str, int]) -> dict[str, int]:
    """Positions that the input topics have: records may have expired, or an operator recreated a topic.

    Args:
        log: Where to ask.
        inputs: The partition in each input topic, by topic.
        wanted: The positions that run-state names, by topic.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    asked = list(inputs.values())
    starts, ends = await log.beginning_offsets(asked), await log.end_offsets(asked)
    found: dict[str, int] = {}
    for topic, source in inputs.items():
        found[topic] = max(wanted[topic], starts[source])
        if found[topic] > ends[source]:
            logger.warning("%s-%d ends before %d: it is read anew", topic, source.partition, found[topic])
            found[topic] = starts[source]
    return found


class _Reading:
    """Runs in the order in which the topic tells them: the latest records loose, all earlier ones settled.

    Settled means packed, with timers armed. What a run's timers and place depend on is decoded then, once, and nothing
    else is: most subtasks have no timer, which their bytes tell.
    """

    def __init__(self, rules: Rules) -> None:
        self.packed: dict[str, bytes] = {}
        self.timers = Timers()
        self.positions: dict[str, int] = {}
        self.loose_bytes = 0
        self._rules = rules
        self._loose: dict[str, dict[str, bytes | None]] = {}
        self._times: dict[str, tuple[int, int | None]] = {}
        """Run id -> when its header was changed last, and when it ended."""

    def take(self, pairs: Sequence[tuple[bytes | None, bytes | None]]) -> None:
        """What comes next in the topic: keys, and bodies of parts, None for tombstones."""
        loose, intern, size = self._loose, sys.intern, 0
        for raw, body in pairs:
            key = (raw or b"").decode()
            if key.startswith(POSITION_KEY):
                if body is not None:
                    self.positions[key[len(POSITION_KEY) :]] = read_part(InputPosition, key, body).next_offset
                continue
            run_id, _, part = key.partition("/")
            parts = loose.get(run_id)
            if parts is None:
                parts = loose[run_id] = {}
            parts[intern(part)] = body
            if body is not None:
                size += len(body)
        self.loose_bytes += size

    async def settle(self) -> None:
        """Pack what is loose, and arm its timers."""
        for number, (run_id, parts) in enumerate(self._loose.items(), 1):
            earlier = self.packed.pop(run_id, b"")
            if HEADER in parts:
                self._header(run_id, parts[HEADER])
            if run_id in self._times or HEADER not in parts:  # else it is archived
                self.packed[run_id] = earlier + pack(parts)
            for name, body in parts.items():
                if name.startswith(SUBTASK) and (earlier or _may_have_timer(body)):
                    self._subtask(run_id, name[len(SUBTASK) :], body)
            if number % _RUNS_AT_ONCE == 0:
                await asyncio.sleep(0)
        self._loose, self.loose_bytes = {}, 0

    def drop_remains(self) -> None:
        """Forget what has no header: an archived run whose other tombstones are not compacted away alike."""
        for run_id in self.packed.keys() - self._times.keys():
            for name in unpack(self.packed.pop(run_id)):
                self.timers.disarm(run_id, name.removeprefix(SUBTASK))

    def ended(self) -> Iterator[str]:
        """The terminal runs, in the order of their end."""
        return (run for _, run in sorted((ended, run) for run, (_, ended) in self._times.items() if ended is not None))

    def changed(self, most: int) -> Sequence[str]:
        """The live runs that were changed last, at most so many."""
        live = ((changed, run) for run, (changed, ended) in self._times.items() if ended is None)
        return [run for _, run in heapq.nlargest(most, live)]

    def _header(self, run_id: str, body: bytes | None) -> None:
        timer = None
        if body is None:
            self._times.pop(run_id, None)
        else:
            header = read_part(RunHeader, HEADER, body)
            self._times[run_id] = header.updated_at_ms, header.ended_at_ms
            timer = run_timer(header, self._rules)
        if timer is None:
            self.timers.disarm(run_id)
        else:
            self.timers.arm(timer)

    def _subtask(self, run_id: str, subtask_id: str, body: bytes | None) -> None:
        timer = None
        if body is not None and _may_have_timer(body):
            timer = subtask_timer(run_id, read_part(SubtaskPart, SUBTASK + subtask_id, body), self._rules)
        if timer is None:
            self.timers.disarm(run_id, subtask_id)
        else:
            self.timers.arm(timer)


def _may_have_timer(body: bytes | None) -> bool:
    """Whether a subtask's part must be decoded for its timer. Most have none, and their bytes tell.

    True also for a status that this version does not know: decoding then says so.
    """
    if body is None:
        return False
    for mark in _TIMED_MARKS:
        if mark in body:
            return True
    for mark in _OTHER_MARKS:
        if mark in body:
            return False
    return True
