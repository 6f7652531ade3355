"""Building blocks for orchestrator tests: playbooks, inputs, and a driver that folds what is decided."""

from dataclasses import dataclass, field
from hashlib import sha256

from collegium.orchestrator.core.deciding import decide
from collegium.orchestrator.core.decision import Decided
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import (
    Input,
    InterventionArrived,
    Moment,
    ObjectiveArrived,
    OutcomeArrived,
    Rules,
    Run,
    Timer,
    TimerFired,
    TimerKind,
)
from collegium.orchestrator.core.sizes import MAX_DISPATCHED_BYTES
from collegium.orchestrator.playbooks import load_library
from collegium.telemetry.tracing import run_trace
from collegium_schemas.events import Event, Origin, RunDecided, RunEnded
from collegium_schemas.objective import Action, Intervention, ObjectiveSubmitted
from collegium_schemas.playbook import Playbook
from collegium_schemas.state import SubtaskPart
from collegium_schemas.tasks import ContextRef, Failure, FailureKind, ReviewSummary, TaskFailed, TaskSucceeded

RUN = "0190aaaa-0000-7000-8000-000000000001"
REPORT = load_library().playbooks["research-report"]


def line(*roles: str, **extra: object) -> Playbook:
    """A playbook of steps that follow each other, one for each role."""
    steps = [
        {"id": role, "role": role, "instruction": role, "inputs": [roles[number - 1]] if number else []}
        for number, role in enumerate(roles)
    ]
    return Playbook.model_validate({"name": "line", "steps": steps, **extra})


def arrived(goal: str = "What is a topic?", run_id: str = RUN, **fields: object) -> ObjectiveArrived:
    """A well-formed objective at its home."""
    objective = ObjectiveSubmitted.model_validate({"goal": goal, "run_id": run_id, **fields})
    digest = sha256(objective.to_json()).hexdigest()
    return ObjectiveArrived(run_id, objective, digest, run_trace(run_id, None), None)


def word(action: Action, run_id: str = RUN) -> InterventionArrived:
    """A human's word."""
    return InterventionArrived(run_id, Intervention(run_id=run_id, action=action, requester="ann"))


@dataclass
class World:
    """One run under test: applies inputs, keeps the history, and checks that folding it gives the same run."""

    playbooks: dict[str, Playbook] = field(default_factory=lambda: {"research-report": REPORT})
    now_ms: int = 1_000_000
    dispatched_bytes: int = MAX_DISPATCHED_BYTES
    run: Run | None = None
    history: list[RunDecided] = field(default_factory=list[RunDecided])
    last: Decided = field(default_factory=Decided)

    def take(self, happened: Input) -> list[Event]:
        """Decide on an input and fold the decision."""
        rules = Rules(self.playbooks, dispatched_bytes=self.dispatched_bytes)
        self.now_ms += 10
        self.last = decide(self.run, happened, rules, Moment(self.now_ms, 0.5))
        if self.last.events:
            version = 1 if self.run is None else self.run.header.version + 1
            decided = RunDecided(
                run_id=happened.run_id,
                version=version,
                at_ms=self.now_ms,
                origin=Origin(kind="result"),
                owner="test",
                events=self.last.events,
            )
            self.history.append(decided)
            self.run = evolve(self.run, decided)
        return list(self.last.events)

    def live(self) -> Run:
        """The run, which must exist."""
        assert self.run is not None
        return self.run

    def part(self, subtask_id: str) -> SubtaskPart:
        """A subtask's state."""
        return self.live().subtasks[subtask_id]

    def running(self) -> list[str]:
        """Subtasks with an attempt under way."""
        return [name for name, part in self.live().subtasks.items() if part.status == "running"]

    def succeed(self, subtask_id: str, **fields: object) -> list[Event]:
        """The current attempt's success."""
        part = self.part(subtask_id)
        return self.take(succeeded(part, self.live().header.run_id, **fields))

    def fail(
        self,
        subtask_id: str,
        kind: FailureKind,
        *,
        permanent: bool = False,
        attempt: int | None = None,
        run_accepted_at_ms: int | None = None,
    ) -> list[Event]:
        """The failure of an attempt, the current one unless another is named."""
        part = self.part(subtask_id)
        outcome = TaskFailed(
            run_id=self.live().header.run_id,
            subtask_id=subtask_id,
            attempt=attempt or part.attempt,
            role=part.spec.role,
            worker="w",
            run_accepted_at_ms=run_accepted_at_ms,
            started_at_ms=1,
            ended_at_ms=2,
            failure=Failure(kind=kind, message=f"{kind} happened", permanent=permanent),
        )
        return self.take(OutcomeArrived(outcome.run_id, outcome, None))

    def fire(self, kind: TimerKind, subtask_id: str = "", attempt: int = 0) -> list[Event]:
        """A timer."""
        return self.take(TimerFired(Timer(self.now_ms, self.live().header.run_id, kind, subtask_id, attempt)))


def succeeded(part: SubtaskPart, run_id: str, **fields: object) -> OutcomeArrived:
    """A success of a subtask's current attempt, with every output that it owes."""
    refs = [
        ContextRef(name=name, partition=0, offset=1, sha256="ab" * 32, size_bytes=2).model_dump()
        for name in part.spec.outputs
    ]
    outcome = TaskSucceeded.model_validate(
        {
            "run_id": run_id,
            "subtask_id": part.spec.subtask_id,
            "attempt": part.attempt,
            "role": part.spec.role,
            "worker": "w",
            "started_at_ms": 1,
            "ended_at_ms": 2,
            "outputs": refs,
            **fields,
        }
    )
    return OutcomeArrived(run_id, outcome, None)


def review(*steps: str, refuted: int = 1) -> ReviewSummary:
    """A review that did not pass and asks for these steps again."""
    follow_ups = [{"step": step, "question": "what else?", "question_id": "q1", "reason": "thin"} for step in steps]
    return ReviewSummary.model_validate(
        {"supported": 1, "refuted": refuted, "not_enough_evidence": 0, "passed": False, "follow_ups": follow_ups}
    )


def types(events: list[Event]) -> list[str]:
    """The events' types."""
    return [event.type for event in events]


def started(*roles: str, **extra: object) -> World:
    """A run of steps that follow each other."""
    world = World({"line": line(*(roles or ("one",)), **extra)})
    world.take(arrived(playbook="line"))
    return world


def steps(*given: dict[str, object], goal: str = "What is tea?", **extra: object) -> World:
    """A run of a playbook with these steps."""
    full = [{"role": step["id"], "instruction": "x", **step} for step in given]
    world = World({"line": Playbook.model_validate({"name": "line", "steps": full, **extra})})
    world.take(arrived(goal, playbook="line"))
    return world


def ended(world: World) -> RunEnded:
    """How the run ended."""
    event = world.last.events[-1]
    assert isinstance(event, RunEnded)
    return event
