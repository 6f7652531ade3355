"""Playbooks: how a kind of objective is decomposed, looped and bounded. Written as YAML, validated as this."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from collegium_schemas import limits
from collegium_schemas.base import Contract, Name, Params, Role, Share, Text
from collegium_schemas.plan import Compensation, RetryPolicy
from collegium_schemas.tasks import HeartbeatTimeoutMs, Strategy

StepId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


def _fault(message: str, *at: str | int) -> PydanticCustomError:
    """An error of the whole playbook that knows its place: pydantic gives none to what a model's validator finds."""
    return PydanticCustomError("playbook", "{message}", {"message": message, "at": at})


class PlaybookStep(Contract):
    """One kind of subtask. It starts when every subtask of `inputs` and `after` has ended."""

    id: StepId
    role: Role
    instruction: Text
    """What the specialist is told; `{goal}` and, in a step for each question, `{question}` are filled in."""
    for_each: Literal["question"] | None = None
    """Makes one subtask for each sub-question of the goal, all in parallel."""
    inputs: Annotated[tuple[StepId, ...], Field(max_length=16)] = ()
    """Steps whose outputs it is given: all subtasks of a `for_each` step, the latest of any other."""
    revises: Annotated[tuple[StepId, ...], Field(max_length=16)] = ()
    """From the second round on, it is also given what these steps returned in the round before."""
    after: Annotated[tuple[StepId, ...], Field(max_length=16)] = ()
    """Steps that must have ended first, whose outputs it does not need."""
    outputs: Annotated[tuple[Name, ...], Field(max_length=limits.MAX_OUTPUTS)] = ()
    params: Params = Field(default_factory=dict)
    min_confidence: Share = 0.0
    optional: bool = False
    timeout_ms: Annotated[int, Field(ge=1, le=86_400_000)] = 60_000
    heartbeat_timeout_ms: HeartbeatTimeoutMs | None = None
    retry: RetryPolicy = RetryPolicy()
    strategy: Strategy = "deterministic"
    effects: Annotated[tuple[Name, ...], Field(max_length=limits.MAX_STEP_EFFECTS)] = ()
    """Execution rights: the targets outside the system that the step may change, such as `reports`. Each is changed
    at most once for each subtask, however many attempts it takes."""
    compensate: Compensation | None = None
    """What undoes these effects when the run fails, is halted or is cancelled after them."""

    @model_validator(mode="after")
    def _as_0_1_0_meant_it(self) -> Self:
        """As in plans and tasks: a delivery step that does not speak of effects publishes to `reports`."""
        if self.role == "delivery" and "effects" not in self.model_fields_set:
            object.__setattr__(self, "effects", ("reports",))  # the contract is frozen for everybody else
        return self


class ReviewLoop(Contract):
    """What is repeated, as a new plan version, when a review does not pass."""

    review: StepId
    """The step whose review decides; the last one of `repeat`."""
    repeat: Annotated[tuple[StepId, ...], Field(min_length=1, max_length=16)]
    """Steps that may run again, in order. A round starts at the earliest one that the review asks for."""
    max_rounds: Annotated[int, Field(ge=1, le=limits.MAX_ROUNDS)] = 3
    """Rounds in all, the first included."""


class Decomposition(Contract):
    """How the goal becomes sub-questions."""

    max_questions: Annotated[int, Field(ge=1, le=limits.MAX_FAN_OUT)] = 8


class Playbook(Contract):
    """A declarative description of how a kind of objective is worked on."""

    name: Name
    version: Annotated[int, Field(ge=1)] = 1
    description: Text = ""
    decomposition: Decomposition = Decomposition()
    params: Params = Field(default_factory=dict)
    """Parameters that an objective may set, with their defaults; every task is given them."""
    steps: Annotated[tuple[PlaybookStep, ...], Field(min_length=1, max_length=64)]
    loop: ReviewLoop | None = None
    deadline_ms: Annotated[int, Field(ge=1, le=30 * 86_400_000)] = 600_000
    """A run's deadline when the objective names none, counted from its acceptance."""
    max_steps: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Attempts that one run may dispatch, retries included."""
    compensation_ms: Annotated[int, Field(ge=1, le=30 * 86_400_000)] = 600_000
    """How long a run that fails after effects may take to undo them."""

    @model_validator(mode="after")
    def _graph_is_sound(self) -> Self:
        seen: set[str] = set()
        known = {step.id: number for number, step in enumerate(self.steps)}
        for number, step in enumerate(self.steps):
            if step.id in seen:
                raise _fault(f"step {step.id!r} is defined twice: give each step its own id", "steps", number, "id")
            for field, named in (("inputs", step.inputs), ("after", step.after), ("revises", step.revises)):
                for needed in named:
                    if needed not in known:
                        message = f"step {step.id!r} names {needed!r}, which is no step of this playbook"
                        raise _fault(message, "steps", number, field)
            seen.add(step.id)
        cycle = find_cycle({step.id: (*step.inputs, *step.after) for step in self.steps})
        if cycle:
            field = "inputs" if cycle[1] in self.step(cycle[0]).inputs else "after"
            message = f"steps wait for each other in a circle: {' -> '.join(cycle)}"
            raise _fault(message, "steps", known[cycle[0]], field)
        if self.loop is not None:
            unknown = [step for step in (*self.loop.repeat, self.loop.review) if step not in known]
            if unknown:
                raise _fault(f"loop names {unknown[0]!r}, which is no step of this playbook", "loop")
            if self.loop.repeat[-1] != self.loop.review:
                raise _fault("loop.review must be the last step of loop.repeat", "loop", "review")
        return self

    @model_validator(mode="after")
    def _effects_are_sound(self) -> Self:
        for number, step in enumerate(self.steps):
            if len(set(step.effects)) < len(step.effects):
                raise _fault(f"step {step.id!r} names an effect twice", "steps", number, "effects")
            if step.compensate is not None:
                self._compensation_is_sound(number, step, step.compensate)
            if step.effects and self.loop is not None and step.id in self.loop.repeat:
                message = f"step {step.id!r} has effects and stands in the loop, which would execute them in each round"
                raise _fault(message, "steps", number, "effects")
        return self

    @staticmethod
    def _compensation_is_sound(number: int, step: PlaybookStep, how: Compensation) -> None:
        """It names effects of its step, at least one: any other undoing would succeed and undo nothing."""
        if not step.effects:
            message = f"step {step.id!r} has nothing to compensate: it declares no `effects`"
            raise _fault(message, "steps", number, "compensate")
        if how.effects is None:
            return
        place = ("steps", number, "compensate", "effects")
        if not how.effects:
            raise _fault(f"the compensation of step {step.id!r} names no effect: leave `effects` out for all", *place)
        for name in how.effects:
            if name not in step.effects:
                raise _fault(f"the compensation of step {step.id!r} names {name!r}, no effect of that step", *place)
        if len(set(how.effects)) < len(how.effects):
            raise _fault(f"the compensation of step {step.id!r} names an effect twice", *place)

    def step(self, step_id: str) -> PlaybookStep:
        """The step of that id.

        Raises:
            KeyError: there is none.
        """
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)


def find_cycle(needs: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """A cycle in a graph given as node -> the nodes it waits for, first node repeated at the end; empty if none."""
    done: set[str] = set()
    for start in needs:
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            node, turn = stack.pop()
            if turn == 0:
                if node in done:
                    continue
                path.append(node)
                on_path.add(node)
            following = needs.get(node, ())
            if turn < len(following):
                stack.append((node, turn + 1))
                target = following[turn]
                if target in on_path:
                    return (*path[path.index(target) :], target)
                stack.append((target, 0))
            else:
                path.pop()
                on_path.discard(node)
                done.add(node)
    return ()
