"""A decision that no record can hold becomes several, which say the same in the same order."""

import pytest

from collegium.orchestrator.core.sizes import in_parts
from collegium_schemas.events import Origin, PlanAdopted, RunDecided, RunPaused
from collegium_schemas.plan import PlanChange, SubtaskSpec
from orchestrator_worlds import RUN


def change(version: int, *, first: int, removed: tuple[str, ...] = ()) -> PlanChange:
    """A plan change of nine subtasks."""
    added = tuple(
        SubtaskSpec(subtask_id=f"s{number}", step="s", role="r", instruction="x" * 500)
        for number in range(first, first + 9)
    )
    return PlanChange(version=version, reason="why", round=2, added=added, removed=removed)


CHANGES = (change(2, first=10, removed=("old",)), change(3, first=20))
WHOLE = RunDecided(
    run_id=RUN,
    version=5,
    at_ms=1,
    origin=Origin(kind="result"),
    owner="one",
    events=(*(RunPaused(requester="ann") for _ in range(9)), *(PlanAdopted(change=each) for each in CHANGES)),
)


def test_a_decision_that_fits_stays_whole() -> None:
    """Nothing is cut."""
    assert list(in_parts(WHOLE, 100_000)) == [WHOLE]


@pytest.mark.parametrize("most_bytes", range(3_000, 4_600, 100))
def test_parts_follow_on_one_another_and_say_the_whole(most_bytes: int) -> None:
    """None is too large; versions have no gap; the first piece of a plan change says what goes, the others go on."""
    parts = list(in_parts(WHOLE, most_bytes))
    assert all(len(part.to_json()) <= most_bytes for part in parts)
    assert [part.version for part in parts] == list(range(5, 5 + len(parts)))
    events = [event for part in parts for event in part.events]
    assert events[:9] == list(WHOLE.events[:9])
    assert len(parts[0].events) >= 9
    pieces = [event.change for event in events if isinstance(event, PlanAdopted)]
    assert len(pieces) == len(events) - 9
    assert [piece.version for piece in pieces] == list(range(2, 2 + len(pieces)))
    assert len(pieces) < 18 // 2
    assert [spec for piece in pieces for spec in piece.added] == [spec for each in CHANGES for spec in each.added]
    begins = [number for number, piece in enumerate(pieces) if piece.added[0].subtask_id in {"s10", "s20"}]
    assert len(begins) == 2
    assert [number for number, piece in enumerate(pieces) if not piece.continues] == begins
    assert [piece.removed for piece in pieces] == [("old",), *(() for _ in pieces[1:])]


VERSION_ROOM = 64
"""Left in every record for a version that grows from part to part."""


def written(*items: PlanAdopted | RunPaused | SubtaskSpec) -> int:
    """How long items of a list are, each with its comma."""
    return sum(len(item.to_json()) + 1 for item in items)


def test_a_part_takes_as_many_events_as_fit_and_not_one_more() -> None:
    """To the byte, in the first part and in later ones, where nothing is carried over from the one before."""
    events = tuple(RunPaused(requester="ann" * number) for number in (2, 1, 1, 2))
    whole = WHOLE.model_copy(update={"events": events})
    frame = len(whole.model_copy(update={"events": ()}).to_json()) + VERSION_ROOM
    most = frame + written(*events[:2])
    assert [part.events for part in in_parts(whole, most)] == [events[:2], events[2:]]
    assert [part.events for part in in_parts(whole, most - 1)] == [events[:1], events[1:3], events[3:]]
    assert list(in_parts(whole, frame + written(*events))) == [whole]


def test_a_piece_of_a_plan_change_takes_as_many_subtasks_as_fit_and_not_one_more() -> None:
    """To the byte, and so does each later piece."""
    adopted = PlanAdopted(change=CHANGES[0])
    added = CHANGES[0].added
    empty = PlanAdopted(change=CHANGES[0].model_copy(update={"added": ()}))
    whole = WHOLE.model_copy(update={"events": (adopted,)})
    frame = len(whole.model_copy(update={"events": ()}).to_json()) + VERSION_ROOM
    most = frame + len(empty.to_json()) + VERSION_ROOM + written(*added[:4])
    for most_bytes, sizes in ((most, [4, 4, 1]), (most - 1, [3, 3, 3])):
        parts = list(in_parts(whole, most_bytes))
        pieces = [event.change for part in parts for event in part.events if isinstance(event, PlanAdopted)]
        assert [len(piece.added) for piece in pieces] == sizes
