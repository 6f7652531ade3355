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
