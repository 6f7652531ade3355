"""The largest plan that is allowed, of subtasks like those of the playbook that we ship, from objective to end."""

import json
from collections import Counter

from collegium.ledger.folding import RunRecord, fold
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import Run
from collegium.orchestrator.shell.parts import changed_parts
from collegium_schemas import limits
from collegium_schemas.events import AttemptDispatched, PlanAdopted, RunDecided, RunEnded
from collegium_schemas.objective import RunStatus
from collegium_schemas.playbook import Playbook
from memory_worlds import MemoryWorld, done, running, until
from orchestrator_worlds import REPORT

QUESTIONS = 249
ROLES = ("alpha", "beta")


def largest() -> Playbook:
    """20 steps for each of 249 questions, of which half wait for the first of a chain of 20 steps: 5,000 subtasks."""
    told = [step.instruction for step in REPORT.steps]
    chain = [
        {
            "id": f"link-{number}",
            "role": ROLES[number % 2],
            "instruction": told[number % len(told)],
            "inputs": [f"link-{number - 1}"] if number else [],
        }
        for number in range(20)
    ]
    wide = [
        {
            "id": f"retrieve-{number}",
            "role": ROLES[number % 2],
            "instruction": told[0],
            "for_each": "question",
            "after": ["link-0"] if number % 2 else [],
            "timeout_ms": 86_400_000,
        }
        for number in range(20)
    ]
    full = {"decomposition": {"max_questions": QUESTIONS}, "max_steps": 100_000, "deadline_ms": 86_400_000}
    return Playbook.model_validate({"name": "largest", "steps": [*chain, *wide], **full})


def plan_of(history: list[RunDecided]) -> list[PlanAdopted]:
    """The parts in which the plan was adopted."""
    return [event for decided in history for event in decided.events if isinstance(event, PlanAdopted)]


async def test_the_largest_plan_runs_from_its_objective_to_its_end() -> None:
    """Each of 5,000 subtasks is dispatched once and ends; the history has no gap and folds to what is stored."""
    it = MemoryWorld(largest(), 1)
    await it.prepare()
    goal = "\n".join(f"q{number} a" for number in range(QUESTIONS))
    async with running(it.orchestrator("one").run(), *(it.specialist(role, done) for role in ROLES)):
        await it.send("objectives", json.dumps({"goal": goal, "playbook": "largest"}).encode())
        await until(lambda: len(it.dispatched) >= limits.MAX_PLAN_SUBTASKS, within_s=120)
        [history] = (await it.until_history(lambda runs: has_ended(*runs.values()), within_s=120)).values()
    assert [decided.version for decided in history] == list(range(1, len(history) + 1))
    assert all(len(record.value or b"") <= limits.MAX_MESSAGE_BYTES for record in await it.read("run-events"))
    events = [event for decided in history for event in decided.events]
    dispatched = Counter(event.subtask_id for event in events if isinstance(event, AttemptDispatched))
    assert len(dispatched) == limits.MAX_PLAN_SUBTASKS
    assert set(dispatched.values()) == {1}
    [ended] = [event for event in events if isinstance(event, RunEnded)]
    assert ended.status is RunStatus.COMPLETED
    assert await stored(it, history[0].run_id) == folded(history)


async def test_a_plan_that_no_record_can_hold_is_one_plan_for_those_who_watch() -> None:
    """It is adopted as several versions, each a plan of its own, and not one of them counts as a re-plan."""
    it = MemoryWorld(largest(), 1)
    await it.prepare()
    goal = "\n".join(f"q{number} a" for number in range(QUESTIONS))
    async with running(it.orchestrator("one").run()):
        await it.send("objectives", json.dumps({"goal": goal, "playbook": "largest"}).encode())
        [history] = (await it.until_history(bool)).values()
    parts = plan_of(history)
    assert len(parts) > 1
    assert [part.change.version for part in parts] == list(range(1, len(parts) + 1))
    assert [part.change.continues for part in parts] == [None] + [True] * (len(parts) - 1)
    known: set[str] = set()
    for part in parts:
        known |= {spec.subtask_id for spec in part.change.added}
        assert all(set(spec.depends_on) <= known for spec in part.change.added)
    record = RunRecord()
    for decided in history:
        record = fold(record, decided)
    view = record.view()
    assert view is not None
    assert (view.replans, view.subtasks_total, len(view.plans)) == (0, limits.MAX_PLAN_SUBTASKS, len(parts))


def has_ended(history: list[RunDecided]) -> bool:
    """Whether the run's last decision ends it."""
    return any(isinstance(event, RunEnded) for event in history[-1].events)


def folded(history: list[RunDecided]) -> dict[str, bytes]:
    """The parts of a run's state, as its history makes them."""
    run: Run | None = None
    for decided in history:
        run = evolve(run, decided)
    return {name: part.to_json() for name, part in changed_parts(None, run) if part is not None}


async def stored(it: MemoryWorld, run_id: str) -> dict[str, bytes]:
    """The parts of a run's state, as run-state has them."""
    parts: dict[str, bytes] = {}
    for record in await it.read("run-state"):
        owner, _, name = (record.key or b"").decode().partition("/")
        if owner == run_id and record.value is not None:
            parts[name] = record.value
        elif owner == run_id:
            parts.pop(name, None)
    return parts
