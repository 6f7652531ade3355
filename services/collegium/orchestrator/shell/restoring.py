"""Step 3 of the commit protocol: run-state of one partition, read to its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from collegium.log.port import Log, Record, TopicPartition
from collegium.orchestrator.core.model import Rules
from collegium.orchestrator.core.timing import timers
from collegium.orchestrator.shell.parts import POSITION_KEY, SUBTASK, read_part
from collegium.orchestrator.shell.store import RunStore
from collegium.orchestrator.shell.timers import Timers
from collegium_schemas.state import InputPosition, RunHeader, SubtaskPart

_POLL_RECORDS: Final = 5_000
_POLL_MS: Final = 500


@dataclass(frozen=True, slots=True)
class Restored:
    """A partition as its last committed transaction left it."""

    store: RunStore
    timers: Timers
    positions: Mapping[str, int]
    """Next offsets by short topic name."""
    headers: Sequence[RunHeader]


async def restore(log: Log, source: TopicPartition, rules: Rules, decoded_runs: int) -> Restored:
    """Read a partition of run-state from its beginning to where it ends now.

    Raises:
        LogUnavailable: the log cannot be reached.
        StateUnreadable: a newer version wrote the state.
    """
    store, armed, positions = RunStore(decoded_runs), Timers(), dict[str, int]()
    end = (await log.end_offsets([source]))[source]
    reader = await log.assign({source: "earliest"})
    try:
        while await reader.position(source) < end:
            for records in (await reader.poll(max_records=_POLL_RECORDS, timeout_ms=_POLL_MS)).values():
                for record in records:
                    _take(record, store, positions)
    finally:
        await reader.close()
    headers: list[RunHeader] = []
    for header, parts in store.restored():
        headers.append(header)
        for timer in timers(header, _subtasks(header, parts), rules):
            armed.arm(timer)
    return Restored(store, armed, positions, headers)


def _take(record: Record, store: RunStore, positions: dict[str, int]) -> None:
    key = (record.key or b"").decode()
    if key.startswith(POSITION_KEY):
        if record.value is not None:
            positions[key[len(POSITION_KEY) :]] = read_part(InputPosition, key, record.value).next_offset
        return
    run_id, _, part = key.partition("/")
    store.restore(run_id, part, record.value)


def _subtasks(header: RunHeader, parts: Mapping[str, bytes]) -> list[SubtaskPart]:
    if header.status.terminal:
        return []
    return [read_part(SubtaskPart, name, body) for name, body in parts.items() if name.startswith(SUBTASK)]
