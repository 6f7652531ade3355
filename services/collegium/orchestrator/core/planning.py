"""From playbook to plan: the first version, the next round of its loop, and the checks that every plan must pass."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collegium.orchestrator.core.model import Run
from collegium.orchestrator.core.questions import Question, decompose
from collegium.orchestrator.core.sizes import MAX_PARAMS_BYTES, MAX_PLAN_BYTES, params_bytes, params_fit, plan_bytes
from collegium_schemas import limits
from collegium_schemas.base import Scalar
from collegium_schemas.objective import ObjectiveSubmitted
from collegium_schemas.plan import PlanChange, SubtaskSpec
from collegium_schemas.playbook import Playbook, PlaybookStep, find_cycle
from collegium_schemas.state import SubtaskPart, SubtaskStatus
from collegium_schemas.tasks import FollowUp


class PlanError(ValueError):
    """A proposed plan breaks a rule; the message says which."""


def first_plan(playbook: Playbook, objective: ObjectiveSubmitted) -> PlanChange:
    """The plan that a playbook proposes for an objective.

    Raises:
        PlanError: the plan would break a limit.
    """
    questions = decompose(objective.goal, playbook.decomposition.max_questions)
    builder = _Builder(playbook, objective, {}, round_number=1)
    for step in _in_order(playbook):
        builder.add(step, questions)
    count = f"{len(questions)} sub-question" + ("s" if len(questions) > 1 else "")
    validate(builder.added, builder.added_ids)
    return PlanChange(version=1, reason=f"playbook {playbook.name}: {count}", added=tuple(builder.added))


def next_round(playbook: Playbook, run: Run, follow_ups: Sequence[FollowUp], reason: str) -> PlanChange | None:
    """Another round of the playbook's loop, starting at the earliest step that the follow-ups name.

    Subtasks that have not started and wait for what is repeated are replaced by ones that wait for the new round.

    Returns:
        The change, or None when the loop has no round left or the follow-ups name no step of it.

    Raises:
        PlanError: the plan would break a limit.
    """
    loop, objective = playbook.loop, run.objective
    if loop is None or objective is None or run.plan is None or run.header.round >= loop.max_rounds:
        return None
    wanted = {follow_up.step for follow_up in follow_ups}
    starts = [index for index, step in enumerate(loop.repeat) if step in wanted]
    if not starts:
        return None
    round_number = run.header.round + 1
    repeated = [playbook.step(step) for step in loop.repeat[starts[0] :]]
    waiting = tuple(subtask_id for subtask_id, part in run.subtasks.items() if part.status is SubtaskStatus.PENDING)
    kept = {k: part for k, part in run.subtasks.items() if part.status is not SubtaskStatus.PENDING}
    builder = _Builder(playbook, objective, kept, round_number)
    again = {step.id for step in repeated}
    open_specs = [run.subtasks[subtask_id].spec for subtask_id in waiting]
    replaced = {spec.step for spec in open_specs} - again
    for step in _in_order(playbook):
        if step.id in again or step.id in replaced:
            builder.add(step, _asked(step, follow_ups, open_specs))
    validate((*(part.spec for part in kept.values()), *builder.added), builder.added_ids | kept.keys())
    return PlanChange(
        version=run.plan.version + 1, reason=reason, round=round_number, added=tuple(builder.added), removed=waiting
    )


def _in_order(playbook: Playbook) -> list[PlaybookStep]:
    """The steps, each after all that it waits for; otherwise as the playbook lists them."""
    ordered: list[PlaybookStep] = []
    placed: set[str] = set()
    while len(ordered) < len(playbook.steps):  # the contract allows no cycle, so each turn places one
        step = next(s for s in playbook.steps if s.id not in placed and {*s.inputs, *s.after} <= placed)
        ordered.append(step)
        placed.add(step.id)
    return ordered


def _asked(step: PlaybookStep, follow_ups: Sequence[FollowUp], replaced: Sequence[SubtaskSpec]) -> tuple[Question, ...]:
    """What a step for each question asks in a new round: what it had not come to yet, and what the follow-ups ask."""
    if step.for_each is None:
        return ()
    unasked = tuple(
        Question(str(spec.params["question_id"]), str(spec.params["question"]))
        for spec in replaced
        if spec.step == step.id
    )
    return unasked + tuple(
        Question(follow_up.question_id or f"q{number}", follow_up.question)
        for number, follow_up in enumerate(follow_ups, 1)
        if follow_up.step == step.id and follow_up.question.strip()
    )


@dataclass(slots=True)
class _Builder:
    """Collects the subtasks of one plan version, resolving step names to the subtasks they stand for."""

    playbook: Playbook
    objective: ObjectiveSubmitted
    kept: Mapping[str, SubtaskPart]
    round_number: int
    added: list[SubtaskSpec]
    by_step: dict[str, list[SubtaskSpec]]
    """Step id -> its subtasks over all rounds."""

    def __init__(
        self, playbook: Playbook, objective: ObjectiveSubmitted, kept: Mapping[str, SubtaskPart], round_number: int
    ) -> None:
        self.playbook = playbook
        self.objective = objective
        self.kept = kept
        self.round_number = round_number
        self.added = []
        self.by_step = {}
        for part in kept.values():
            self.by_step.setdefault(part.spec.step, []).append(part.spec)

    @property
    def added_ids(self) -> set[str]:
        return {spec.subtask_id for spec in self.added}

    def add(self, step: PlaybookStep, questions: Sequence[Question]) -> None:
        params: dict[str, Scalar] = {**self.playbook.params, **self.objective.params, **step.params}
        if self.round_number > 1:
            params["round"] = self.round_number
        if step.for_each is None:
            self._append(step, step.id, {}, params)
            return
        if len(questions) > limits.MAX_FAN_OUT:
            raise PlanError(f"step {step.id} would fan out to {len(questions)}; the limit is {limits.MAX_FAN_OUT}")
        for number, question in enumerate(questions, 1):
            asked = {**params, "question_id": question.question_id, "question": question.text}
            self._append(step, f"{step.id}.{number}", {"question": question.text}, asked)

    def _append(self, step: PlaybookStep, name: str, fields: Mapping[str, str], params: dict[str, Scalar]) -> None:
        sources = [(needed, self._standing_for(needed)) for needed in step.inputs]
        sources += [(needed, self._previous(needed)) for needed in step.revises]
        after = [s for needed in step.after for s in self._standing_for(needed)]
        inputs = tuple(dict.fromkeys(s for _, found in sources for s in found))
        depends_on = tuple(dict.fromkeys((*inputs, *after)))
        if len(depends_on) > limits.MAX_FAN_OUT:
            most = f"the limit is {limits.MAX_FAN_OUT}"
            raise PlanError(f"subtask {name} would wait for {len(depends_on)} others; {most}")
        given = sum(len(self.playbook.step(needed).outputs) * len(found) for needed, found in sources)
        if given > limits.MAX_INPUTS:
            most = f"the limit is {limits.MAX_INPUTS}"
            raise PlanError(f"subtask {name} would be given {given} outputs of others; {most}")
        _check_params(f"subtask {name}", params)
        if step.compensate is not None:
            _check_params(f"the compensation of subtask {name}", {**params, **step.compensate.params})
        loop = self.playbook.loop
        again = self.round_number > 1 and loop is not None and step.id in loop.repeat
        instruction = step.instruction.replace("{goal}", self.objective.goal[:1000])
        for field, value in fields.items():
            instruction = instruction.replace(f"{{{field}}}", value)
        self._take(
            SubtaskSpec(
                subtask_id=f"{name}.r{self.round_number}" if again else name,
                step=step.id,
                role=step.role,
                instruction=instruction[: limits.MAX_TEXT_CHARS],
                params=params,
                depends_on=depends_on,
                inputs=inputs,
                outputs=step.outputs,
                min_confidence=step.min_confidence,
                optional=step.optional,
                timeout_ms=step.timeout_ms,
                heartbeat_timeout_ms=step.heartbeat_timeout_ms,
                retry=step.retry,
                strategy=step.strategy,
                round=self.round_number,
                effects=step.effects,
                compensate=step.compensate,
            )
        )

    def _standing_for(self, step_id: str) -> tuple[str, ...]:
        """All subtasks of a fan-out step over all rounds; the latest of any other step."""
        of_step = self._of_step(step_id)
        return of_step if self.playbook.step(step_id).for_each is not None else of_step[-1:]

    def _previous(self, step_id: str) -> tuple[str, ...]:
        before = [spec for spec in self.by_step.get(step_id, ()) if spec.round < self.round_number]
        return tuple(spec.subtask_id for spec in before[-1:])

    def _of_step(self, step_id: str) -> tuple[str, ...]:
        return tuple(spec.subtask_id for spec in self.by_step.get(step_id, ()))

    def _take(self, spec: SubtaskSpec) -> None:
        self.added.append(spec)
        self.by_step.setdefault(spec.step, []).append(spec)


def _check_params(what: str, params: Mapping[str, Scalar]) -> None:
    """Refused when planned: once there are effects, a compensation that cannot be planned would leave them."""
    if len(params) > limits.MAX_PARAMS:
        raise PlanError(f"{what} would have {len(params)} parameters; the limit is {limits.MAX_PARAMS}")
    if not params_fit(params):
        said = f"{what} would have {params_bytes(params)} bytes of parameters; the limit is {MAX_PARAMS_BYTES}"
        raise PlanError(f"{said}: ask for less, or put long text into a corpus")


def validate(specs: Sequence[SubtaskSpec], known: Iterable[str]) -> None:
    """Check a plan against the rules that hold for every plan, whoever proposed it.

    Raises:
        PlanError: it is too large, too deep or cyclic, names unknown subtasks, or uses what it does not wait for.
    """
    subtasks = len(specs) + sum(spec.compensate is not None for spec in specs)
    if subtasks > limits.MAX_PLAN_SUBTASKS:
        message = f"the plan has {subtasks} subtasks, compensations included; the limit is {limits.MAX_PLAN_SUBTASKS}"
        raise PlanError(message)
    size = plan_bytes(specs)
    if size > MAX_PLAN_BYTES:
        most = f"the limit is {MAX_PLAN_BYTES}"
        raise PlanError(
            f"the plan has {size} bytes; {most}: shorten instructions or parameters, or ask fewer questions"
        )
    effects = sum(_effects(spec) for spec in specs)
    if effects > limits.MAX_RUN_EFFECTS:
        message = f"the plan has {effects} effects, compensations included; the limit is {limits.MAX_RUN_EFFECTS}"
        raise PlanError(message)
    ids = set(known)
    if len({spec.subtask_id for spec in specs}) != len(specs):
        raise PlanError("the plan names a subtask twice")
    for spec in specs:
        missing = [needed for needed in spec.depends_on if needed not in ids]
        if missing:
            raise PlanError(f"subtask {spec.subtask_id} waits for {missing[0]}, which is not in the plan")
        if not set(spec.inputs) <= set(spec.depends_on):
            raise PlanError(f"subtask {spec.subtask_id} uses the output of a subtask that it does not wait for")
    needs = {spec.subtask_id: spec.depends_on for spec in specs}
    cycle = find_cycle(needs)
    if cycle:
        raise PlanError(f"subtasks wait for each other in a circle: {' -> '.join(cycle)}")
    depth = _depth(needs)
    if depth > limits.MAX_PLAN_DEPTH:
        raise PlanError(f"the plan is {depth} subtasks deep; the limit is {limits.MAX_PLAN_DEPTH}")


def _effects(spec: SubtaskSpec) -> int:
    """How many keys a subtask and its compensation may claim."""
    how = spec.compensate
    undoing = () if how is None else spec.effects if how.effects is None else how.effects
    return len(spec.effects) + len(undoing)


def _depth(needs: Mapping[str, Sequence[str]]) -> int:
    """The longest chain of subtasks that wait for each other; `needs` has no cycle."""
    waits = {node: set(of) for node, of in needs.items()}
    depth, level = 0, [node for node, of in waits.items() if not of]
    dependents: dict[str, list[str]] = {}
    for node, of in needs.items():
        for needed in dict.fromkeys(of):
            dependents.setdefault(needed, []).append(node)
    while level:
        depth += 1
        following: list[str] = []
        for node in level:
            for other in dependents.get(node, ()):
                waits[other].discard(node)
                if not waits[other]:
                    following.append(other)
        level = following
    return depth
