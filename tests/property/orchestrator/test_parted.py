"""A decision in parts is the same decision, whatever it holds and however small the parts must be."""

from hypothesis import given
from hypothesis import strategies as st

from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import Run
from collegium.orchestrator.core.sizes import in_parts
from collegium.telemetry.tracing import run_trace
from collegium_schemas.events import AttemptDispatched, Event, Origin, PlanAdopted, RunAccepted, RunDecided
from collegium_schemas.objective import ObjectiveSubmitted
from collegium_schemas.plan import PlanChange, SubtaskSpec

RUN = "0190aaaa-0000-7000-8000-000000000001"
WORDS = st.text(max_size=60)
LEAST = 1_500
"""Room for a decision with the largest of these events, or with the largest of these subtasks."""


def decision(*events: Event, version: int) -> RunDecided:
    """A decision of some events."""
    origin = Origin(kind="timer")
    return RunDecided(run_id=RUN, version=version, at_ms=1, origin=origin, owner="o", events=events)


def change(version: int, words: list[str], removed: tuple[str, ...] = ()) -> PlanAdopted:
    """A plan version with a subtask for each word, each of which waits for the one before."""
    names = [f"s{version}-{number}" for number in range(len(words))]
    added = [
        SubtaskSpec(
            subtask_id=name,
            step="s",
            role="r",
            instruction=word,
            depends_on=tuple(names[number - 1 : number]),
            inputs=(),
        )
        for number, (name, word) in enumerate(zip(names, words, strict=True))
    ]
    return PlanAdopted(change=PlanChange(version=version, reason="why", added=tuple(added), removed=removed))


def dispatched(adopted: PlanAdopted) -> list[AttemptDispatched]:
    """An attempt at each subtask that a change adds."""
    return [
        AttemptDispatched(subtask_id=spec.subtask_id, attempt=1, strategy="deterministic", deadline_at_ms=2)
        for spec in adopted.change.added
    ]


@given(
    firsts=st.lists(WORDS, min_size=1, max_size=30),
    seconds=st.lists(WORDS, max_size=30),
    most_bytes=st.integers(LEAST, 4 * LEAST),
)
def test_the_parts_fit_and_fold_to_the_same_run(firsts: list[str], seconds: list[str], most_bytes: int) -> None:
    """Two plan versions and their attempts in one decision: versions follow on, and nothing is lost or told twice."""
    opened = RunAccepted(
        objective=ObjectiveSubmitted(goal="g", run_id=RUN), objective_sha256="0" * 64, trace=run_trace(RUN, None)
    )
    one = change(1, firsts)
    two = change(2, seconds, removed=(one.change.added[-1].subtask_id,))
    events = (opened, one, *dispatched(one)[:-1], two, *dispatched(two))
    whole = evolve(None, decision(*events, version=1))
    assert whole is not None
    run: Run | None = None
    told: list[Event] = []
    plans: list[int] = []
    for version, part in enumerate(in_parts(decision(*events, version=1), most_bytes), 1):
        assert part.version == version
        assert len(part.to_json()) <= most_bytes
        run = evolve(run, part)
        plans += [event.change.version for event in part.events if isinstance(event, PlanAdopted)]
        told += [event for event in part.events if not isinstance(event, PlanAdopted)]
    assert run is not None
    assert told == [event for event in events if not isinstance(event, PlanAdopted)]
    assert plans == list(range(1, len(plans) + 1))
    assert run.subtasks == whole.subtasks
    assert run.dependents == whole.dependents
    assert run.header.model_copy(update={"version": 1, "plan_version": 2}) == whole.header
    assert run.plan is not None
    assert whole.plan is not None
    assert run.plan.subtask_ids == whole.plan.subtask_ids
    assert run.plan.version == plans[-1]
