"""The largest part of a run's state, the largest task and the largest event that the contracts allow fit in a record.

Control characters are the worst text: JSON writes six bytes for each. What comes as one record, an outcome or an
objective, cannot be larger than a record either; these are larger than that, and still fit.
"""

import pytest

from collegium.orchestrator.core.messages import MAX_INLINE_PER_TASK_BYTES
from collegium.orchestrator.core.sizes import MAX_PARAMS_BYTES, in_parts, params_bytes
from collegium.orchestrator.shell.intake import MAX_NUMBER
from collegium_schemas import limits
from collegium_schemas.base import Contract, Scalar, TraceContext, Usage
from collegium_schemas.events import (
    ApprovalRequested,
    AttemptSucceeded,
    Event,
    Origin,
    PlanAdopted,
    RunAccepted,
    RunDecided,
    RunEnding,
)
from collegium_schemas.objective import Budget, ObjectiveSubmitted, RunStatus
from collegium_schemas.plan import Compensation, PlanChange, RetryPolicy, SubtaskSpec
from collegium_schemas.state import Ending, ObjectivePart, PlanPart, RunHeader, SubtaskPart, SubtaskStatus
from collegium_schemas.tasks import (
    ContextRef,
    EffectWord,
    Failure,
    FailureKind,
    FollowUp,
    ReviewSummary,
    TaskInput,
    TaskRequested,
)

RUN = "0190aaaa-0000-7000-8000-000000000001"
WORST = "\u0001"
TEXT = WORST * limits.MAX_TEXT_CHARS
NAME = "n" * limits.MAX_NAME_CHARS
IDENTIFIER = WORST * limits.MAX_ID_CHARS
PARAMS: dict[str, Scalar] = {"p": "x" * (MAX_PARAMS_BYTES - params_bytes({"p": ""}))}
PATIENT = RetryPolicy(max_attempts=20, base_delay_ms=600_000, max_delay_ms=3_600_000)
EFFECTS = tuple(f"{number}".rjust(limits.MAX_NAME_CHARS, "n") for number in range(limits.MAX_STEP_EFFECTS))
OUTPUTS = tuple(f"{number}".rjust(limits.MAX_NAME_CHARS, "n") for number in range(limits.MAX_OUTPUTS))
TRACE = TraceContext(traceparent=f"00-{'a' * 32}-{'b' * 16}-01", tracestate=WORST * 512)
USAGE = Usage(input_tokens=MAX_NUMBER, output_tokens=MAX_NUMBER, micro_usd=MAX_NUMBER)
FAILURE = Failure(kind=FailureKind.DEPENDENCY_UNAVAILABLE, message=TEXT, permanent=True)
LATE = limits.MAX_EPOCH_MS


def ids(count: int) -> tuple[str, ...]:
    """So many names of subtasks, as long as they may be."""
    return tuple(f"{number}".rjust(64, "s") for number in range(count))


def ref(name: str = NAME, inline: str | None = None) -> ContextRef:
    """Where content lies."""
    return ContextRef(
        name=name,
        partition=MAX_NUMBER,
        offset=MAX_NUMBER,
        sha256="a" * 64,
        size_bytes=limits.MAX_MESSAGE_BYTES,
        inline=inline,
    )


SPEC = SubtaskSpec(
    subtask_id=ids(1)[0],
    step=NAME,
    role="r" * 32,
    instruction=TEXT,
    params=PARAMS,
    depends_on=ids(limits.MAX_FAN_OUT),
    inputs=ids(limits.MAX_FAN_OUT),
    outputs=OUTPUTS,
    min_confidence=0.1234567890123456,
    optional=False,
    timeout_ms=86_400_000,
    heartbeat_timeout_ms=86_400_000,
    retry=PATIENT,
    strategy="deterministic",
    round=11,
    effects=EFFECTS,
    compensate=Compensation(
        role="r" * 32, instruction=TEXT, params=PARAMS, effects=EFFECTS, timeout_ms=86_400_000, retry=PATIENT
    ),
    compensates=ids(1)[0],
)
REVIEW = ReviewSummary(
    supported=MAX_NUMBER,
    refuted=MAX_NUMBER,
    not_enough_evidence=MAX_NUMBER,
    passed=False,
    follow_ups=(FollowUp(step=NAME, question=TEXT, question_id=IDENTIFIER, reason=TEXT),) * limits.MAX_FOLLOW_UPS,
)
SUBTASK = SubtaskPart(
    spec=SPEC,
    status=SubtaskStatus.SUCCEEDED,
    attempt=20,
    strategy="deterministic",
    dispatched_at_ms=LATE,
    deadline_at_ms=LATE,
    retry_at_ms=LATE,
    outputs=tuple(ref(name) for name in OUTPUTS),
    confidence=0.1234567890123456,
    review=REVIEW,
    failure=FAILURE,
    trace=TRACE,
    effect_word=EffectWord(assume="absent", through_attempt=20),
    ended_version=MAX_NUMBER,
)
OBJECTIVE = ObjectiveSubmitted(
    goal="a" + WORST * (limits.MAX_GOAL_CHARS - 1),
    run_id=RUN,
    corpus=NAME,
    playbook=NAME,
    params=PARAMS,
    budget=Budget(tokens=10**12, micro_usd=10**12, steps=100_000),
    tenant=NAME,
    team=NAME,
    requester=IDENTIFIER,
)
HEADER = RunHeader(
    run_id=RUN,
    version=MAX_NUMBER,
    status=RunStatus.WAITING_APPROVAL,
    playbook=NAME,
    plan_version=MAX_NUMBER,
    round=MAX_NUMBER,
    open_subtasks=limits.MAX_PLAN_SUBTASKS,
    steps=MAX_NUMBER,
    usage=USAGE,
    objective_sha256="a" * 64,
    accepted_at_ms=LATE,
    updated_at_ms=LATE,
    deadline_at_ms=LATE,
    ended_at_ms=LATE,
    reason=TEXT,
    limit="deadline",
    ending=Ending(status=RunStatus.CANCELLED, reason=TEXT, limit="deadline", requester=IDENTIFIER),
    effects=(f"{ids(1)[0]}/{NAME}",) * limits.MAX_RUN_EFFECTS,
    trace=TRACE,
    trace_parent=TRACE,
)
PLAN = PlanPart(version=MAX_NUMBER, reason=TEXT, subtask_ids=ids(limits.MAX_PLAN_SUBTASKS))
INLINE = '"' * limits.MAX_INLINE_BYTES
TASK = TaskRequested(
    run_id=RUN,
    subtask_id=ids(1)[0],
    attempt=20,
    role="r" * 32,
    step=NAME,
    instruction=TEXT,
    goal=OBJECTIVE.goal,
    corpus=NAME,
    params=PARAMS,
    inputs=tuple(
        TaskInput(
            subtask_id=ids(1)[0],
            step=NAME,
            ref=ref(inline=INLINE if number < MAX_INLINE_PER_TASK_BYTES // limits.MAX_INLINE_BYTES else None),
        )
        for number in range(limits.MAX_INPUTS)
    ),
    outputs=OUTPUTS,
    strategy="deterministic",
    plan_version=MAX_NUMBER,
    round=11,
    dispatched_at_ms=LATE,
    deadline_at_ms=LATE,
    heartbeat_timeout_ms=86_400_000,
    tenant=NAME,
    team=NAME,
    requester=IDENTIFIER,
    effects=EFFECTS,
    effect_word=EffectWord(assume="absent", through_attempt=20),
    compensates=ids(1)[0],
    run_accepted_at_ms=LATE,
)
SUCCEEDED = AttemptSucceeded(
    subtask_id=ids(1)[0],
    attempt=20,
    outputs=SUBTASK.outputs,
    confidence=0.1234567890123456,
    evidence_count=MAX_NUMBER,
    note=TEXT,
    review=REVIEW,
    usage=USAGE,
    worker=IDENTIFIER,
    started_at_ms=LATE,
    ended_at_ms=LATE,
    trace=TRACE,
)
ADOPTED = PlanAdopted(
    change=PlanChange(version=MAX_NUMBER, reason=TEXT, round=11, added=(SPEC,), removed=ids(limits.MAX_PLAN_SUBTASKS))
)
EVENTS: tuple[Event, ...] = (
    RunAccepted(objective=OBJECTIVE, objective_sha256="a" * 64, deadline_at_ms=LATE, trace=TRACE, trace_parent=TRACE),
    SUCCEEDED,
    ADOPTED,
    ApprovalRequested(subtask_id=ids(1)[0], attempt=20, question=TEXT, effects=EFFECTS, expires_at_ms=LATE),
    RunEnding(status=RunStatus.CANCELLED, reason=TEXT, limit="deadline", requester=IDENTIFIER, deadline_at_ms=LATE),
)


@pytest.mark.parametrize(
    "largest", [HEADER, ObjectivePart(objective=OBJECTIVE), PLAN, SUBTASK, TASK], ids=lambda each: type(each).__name__
)
def test_the_largest_part_and_the_largest_task_fit_in_a_record(largest: Contract) -> None:
    """Whatever a run goes through, its state can be written and its tasks can be sent."""
    assert largest.model_fields_set == type(largest).model_fields.keys()
    body = largest.to_json()
    assert len(body) <= limits.MAX_MESSAGE_BYTES
    assert type(largest).read(body) == largest


def test_the_largest_subtask_says_all_that_a_subtask_can_say() -> None:
    """Else a new field would not be counted."""
    assert SPEC.model_fields_set == SubtaskSpec.model_fields.keys()


@pytest.mark.parametrize("largest", EVENTS, ids=lambda each: type(each).__name__)
def test_the_largest_event_fits_in_a_decision_that_fits_in_a_record(largest: Event) -> None:
    """A decision can be parted between events, and a plan change between subtasks, so that each part fits."""
    whole = RunDecided(
        run_id=RUN,
        version=MAX_NUMBER - 10,
        at_ms=LATE,
        origin=Origin(kind="intervention", topic=IDENTIFIER, partition=MAX_NUMBER, offset=MAX_NUMBER),
        owner=IDENTIFIER,
        events=(largest, largest),
    )
    parts = list(in_parts(whole, limits.MAX_MESSAGE_BYTES))
    assert sum(len(part.events) for part in parts) == 2
    assert all(len(part.to_json()) <= limits.MAX_MESSAGE_BYTES for part in parts)


def test_the_bound_on_parameters_leaves_little_room() -> None:
    """The largest subtask takes most of a record: with twice the parameters it would not fit."""
    twice: dict[str, Scalar] = {"p": "x" * (2 * MAX_PARAMS_BYTES)}
    undo = Compensation(instruction=TEXT, params=twice)
    spec = SPEC.model_copy(update={"params": twice, "compensate": undo})
    assert len(SUBTASK.model_copy(update={"spec": spec}).to_json()) > limits.MAX_MESSAGE_BYTES
