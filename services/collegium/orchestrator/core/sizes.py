"""How many bytes a plan may take, and how a decision that no record can hold becomes several.

The bounds follow from one another: `MAX_PARAMS_BYTES` is so chosen that the largest subtask with all that later events
add to it, and the largest task, fit in a record (tests/unit/limits/test_part_bounds.py builds them).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from collegium_schemas.base import Scalar
from collegium_schemas.events import Event, PlanAdopted, RunDecided
from collegium_schemas.plan import PlanChange, SubtaskSpec

MAX_PARAMS_BYTES: Final = 65_536
"""Parameters of one subtask, the playbook's, the objective's, the step's and its question together, as JSON."""

MAX_PLAN_BYTES: Final = 8_388_608
"""All subtasks of a plan as JSON, their compensations included: each is written twice and sent in its task."""

MAX_DISPATCHED_BYTES: Final = 4_194_304
"""Tasks that one decision sends, without content that they carry. What is beyond it later decisions send.

Beside them a decision may hold a plan twice, as an event and as state, content and one outcome: together they stay
below `MAX_DECISION_BYTES` (tests/unit/limits/test_dispatch_bounds.py)."""

_LARGEST_SPEC_BYTES: Final = 262_144
"""More than a subtask can take with parameters within their bound."""

_JSON_PER_CHAR: Final = 6
"""The most that JSON makes of a character: `\\u0001`."""

_NOT_EVENTS_BYTES: Final = 64
"""Room for what grows from one part of a decision to the next: its version."""


def params_fit(params: Mapping[str, Scalar]) -> bool:
    """Whether a subtask may have these parameters. Encodes them only when their length leaves it open."""
    chars = sum(len(name) + len(str(value)) + _JSON_PER_CHAR for name, value in params.items())
    return chars * _JSON_PER_CHAR <= MAX_PARAMS_BYTES or params_bytes(params) <= MAX_PARAMS_BYTES


def params_bytes(params: Mapping[str, Scalar]) -> int:
    """How long the parameters are as JSON."""
    return len(json.dumps(params, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def plan_bytes(specs: Sequence[SubtaskSpec]) -> int:
    """How long the subtasks of a plan are as JSON; 0 for so few that they cannot be too long together."""
    if len(specs) * _LARGEST_SPEC_BYTES <= MAX_PLAN_BYTES:
        return 0
    return sum(len(spec.to_json()) for spec in specs)


def in_parts(decided: RunDecided, most_bytes: int) -> Iterator[RunDecided]:
    """A decision as several, each within so many bytes, with the versions that follow on one another.

    A plan change that no record can hold is adopted as several plan versions. The subtasks of a change wait only for
    ones before them, so that each of these versions is a plan of its own.

    Args:
        decided: The decision. Every event of it fits by itself, and every subtask that a plan change adds.
        most_bytes: What the JSON of each part may take.
    """
    room = most_bytes - len(decided.model_copy(update={"events": ()}).to_json()) - _NOT_EVENTS_BYTES
    version, size, taken = decided.version, 0, list[Event]()
    for event in _pieces(decided.events, room):
        needed = len(event.to_json()) + 1
        if taken and size + needed > room:
            yield decided.model_copy(update={"version": version, "events": tuple(taken)})
            version, size, taken = version + 1, 0, []
        taken.append(event)
        size += needed
    yield decided.model_copy(update={"version": version, "events": tuple(taken)})


def _pieces(events: Sequence[Event], room: int) -> Iterator[Event]:
    """The events, of which each plan change that is too long is several."""
    more = 0
    for event in events:
        if not isinstance(event, PlanAdopted):
            yield event
            continue
        change = event.change.model_copy(update={"version": event.change.version + more})
        for number, piece in enumerate(_changes(change, room)):
            more += number > 0
            yield event.model_copy(update={"change": piece})


def _changes(change: PlanChange, room: int) -> Iterator[PlanChange]:
    """A plan change as consecutive ones, each within the room that a record has for an event."""
    first = change.model_copy(update={"added": ()})
    after = first.model_copy(update={"removed": (), "continues": True})
    frame = len(PlanAdopted(change=first).to_json()) + _NOT_EVENTS_BYTES
    taken: list[SubtaskSpec] = []
    size, number = frame, 0
    for spec in change.added:
        needed = len(spec.to_json()) + 1
        if taken and size + needed > room:
            yield _numbered(first if number == 0 else after, change.version + number, taken)
            size, number, taken = frame, number + 1, []
        taken.append(spec)
        size += needed
    yield _numbered(first if number == 0 else after, change.version + number, taken)


def _numbered(change: PlanChange, version: int, added: Sequence[SubtaskSpec]) -> PlanChange:
    return change.model_copy(update={"version": version, "added": tuple(added)})
