"""`decide`: what follows from one input to one run."""

from typing import assert_never

from collegium.orchestrator.core.compensating import not_undone, to_undo
from collegium.orchestrator.core.decision import Decided, Decision
from collegium.orchestrator.core.model import (
    Input,
    InterventionArrived,
    Moment,
    ObjectiveArrived,
    ObjectiveInvalid,
    OutcomeArrived,
    Rules,
    Run,
    Timer,
    TimerFired,
)
from collegium.orchestrator.core.people import Word
from collegium.orchestrator.core.planning import PlanError, first_plan
from collegium_schemas.events import (
    AttemptFailed,
    Event,
    InputRefused,
    PlanAdopted,
    RunAccepted,
    RunArchived,
    RunEnded,
    RunRejected,
)
from collegium_schemas.limits import MAX_EPOCH_MS, MAX_TEXT_CHARS
from collegium_schemas.objective import RunStatus
from collegium_schemas.playbook import Playbook
from collegium_schemas.state import SubtaskStatus
from collegium_schemas.tasks import TaskFailed


def decide(run: Run | None, happened: Input, rules: Rules, moment: Moment) -> Decided:
    """The decision on one input. Pure: the same arguments give the same events.

    Args:
        run: The run that the input is about, or None when run-state has none of that id.
        happened: The input.
        rules: Playbooks and bounds.
        moment: The time, and the randomness that back-off may use.
    """
    match happened:
        case ObjectiveArrived():
            return _objective(run, happened, rules, moment)
        case ObjectiveInvalid():
            return _invalid(run, happened, rules, moment)
        case InterventionArrived():
            if run is None:
                return Decided(unusable=f"there is no run {happened.run_id}: it has not started or is archived")
            if run.header.status.terminal:
                return Decided(unusable=f"run {happened.run_id} has already ended as {run.header.status}")
            return Word(run, happened.run_id, rules, moment).intervene(happened.intervention)
        case OutcomeArrived():
            return _outcome(run, happened, rules, moment)
        case TimerFired():
            return _timer(run, happened.timer, rules, moment)
        case _:
            assert_never(happened)


def give_up(run: Run | None, happened: Input, reason: str, rules: Rules, moment: Moment) -> Decided:
    """What ends a run on whose input no decision can be made, or only one that no record can hold.

    Args:
        run: The run, as for `decide`.
        happened: The input.
        reason: Why, for whoever reads the run's history.
        rules: Playbooks and bounds.
        moment: The time.
    """
    if run is None:
        if not isinstance(happened, ObjectiveArrived | ObjectiveInvalid):
            return Decided(unusable=reason)
        return _only(None, _rejected(happened, reason), happened.run_id, rules, moment)
    if run.header.status.terminal:
        return Decided(unusable=reason)
    undone = [part.spec.subtask_id for part, _ in to_undo(run)] if run.header.ending is None else not_undone(run)
    left = ", ".join(undone)
    said = f"{reason[: MAX_TEXT_CHARS // 2]}; not undone: {left}" if left else reason
    return _only(run, RunEnded(status=RunStatus.FAILED, reason=said[:MAX_TEXT_CHARS]), happened.run_id, rules, moment)


def fail_undoing(run: Run, reason: str, rules: Rules, moment: Moment) -> Decided | None:
    """What ends a live run as failed and undoes its effects; None when it has ended or undoes them already.

    Args:
        run: The run.
        reason: Why, for whoever reads the run's history.
        rules: Playbooks and bounds.
        moment: The time.
    """
    if run.header.status.terminal or run.header.ending is not None:
        return None
    decision = Decision(run, run.header.run_id, rules, moment)
    decision.fail(reason)
    return decision.decided()


def _objective(run: Run | None, arrived: ObjectiveArrived, rules: Rules, moment: Moment) -> Decided:
    if run is not None:
        if run.header.objective_sha256 == arrived.objective_sha256:
            return Decided(dropped="duplicate_objective")
        reason = "another objective with this run_id and other content was accepted before: choose a new run_id"
        return _only(run, InputRefused(what="objective", reason=reason), arrived.run_id, rules, moment)
    objective = arrived.objective
    playbook = rules.playbooks.get(objective.playbook)
    fault = _fault(arrived, playbook, rules, moment)
    if fault is not None or playbook is None:
        return _only(None, _rejected(arrived, fault or "no playbook"), arrived.run_id, rules, moment)
    decision = Decision(None, arrived.run_id, rules, moment)
    deadline_at_ms = moment.now_ms + playbook.deadline_ms
    if objective.deadline is not None:
        deadline_at_ms = int(objective.deadline.timestamp() * 1000)
    try:
        change = first_plan(playbook, objective)
    except PlanError as error:
        rejected = _rejected(arrived, f"no plan within the limits: {error}")
        return _only(None, rejected, arrived.run_id, rules, moment)
    decision.add(
        RunAccepted(
            objective=objective,
            objective_sha256=arrived.objective_sha256,
            deadline_at_ms=deadline_at_ms,
            trace=arrived.trace,
            trace_parent=arrived.trace_parent,
        )
    )
    decision.add(PlanAdopted(change=change))
    decision.dispatch(tuple(spec.subtask_id for spec in change.added))
    return decision.decided()


def _fault(arrived: ObjectiveArrived, playbook: Playbook | None, rules: Rules, moment: Moment) -> str | None:
    objective = arrived.objective
    if objective.playbook in rules.invalid_playbooks:
        return f"playbook {objective.playbook!r} is invalid: {rules.invalid_playbooks[objective.playbook]}"[:4000]
    if playbook is None:
        known = ", ".join(sorted(rules.playbooks)) or "none"
        return f"unknown playbook {objective.playbook!r}; known: {known}"
    unknown = sorted(set(objective.params) - set(playbook.params))
    if unknown:
        known = ", ".join(sorted(playbook.params)) or "none"
        return f"unknown parameter {unknown[0]!r} for playbook {playbook.name!r}; known: {known}"
    if objective.deadline is not None and objective.deadline.timestamp() * 1000 <= moment.now_ms:
        return f"the deadline {objective.deadline.isoformat()} is in the past"
    if objective.deadline is not None and objective.deadline.timestamp() * 1000 > MAX_EPOCH_MS:
        return f"the deadline {objective.deadline.isoformat()} lies beyond the year 9999"
    return None


def _rejected(arrived: ObjectiveArrived | ObjectiveInvalid, reason: str) -> RunRejected:
    return RunRejected(
        reason=reason[:MAX_TEXT_CHARS],
        objective_sha256=arrived.objective_sha256,
        trace=arrived.trace,
        trace_parent=arrived.trace_parent,
    )


def _only(run: Run | None, event: Event, run_id: str, rules: Rules, moment: Moment) -> Decided:
    """A decision of one event."""
    decision = Decision(run, run_id, rules, moment)
    decision.add(event)
    return decision.decided()


def _invalid(run: Run | None, arrived: ObjectiveInvalid, rules: Rules, moment: Moment) -> Decided:
    if run is None:
        return _only(None, _rejected(arrived, arrived.reason), arrived.run_id, rules, moment)
    if run.header.objective_sha256 == arrived.objective_sha256:
        return Decided(dropped="duplicate_objective")
    return _only(run, InputRefused(what="objective", reason=arrived.reason), arrived.run_id, rules, moment)


def _outcome(run: Run | None, arrived: OutcomeArrived, rules: Rules, moment: Moment) -> Decided:
    outcome = arrived.outcome
    if run is None or run.header.status.terminal or outcome.run_accepted_at_ms not in {None, run.header.accepted_at_ms}:
        return Decided(dropped="late_outcome")  # of an archived run with the same name, perhaps
    part = run.subtasks.get(outcome.subtask_id)
    decision = Decision(run, arrived.run_id, rules, moment)
    if part is not None and isinstance(outcome, TaskFailed) and decision.condemn(part, outcome):
        return decision.decided()
    if part is None or part.status is not SubtaskStatus.RUNNING or part.attempt != outcome.attempt:
        return Decided(dropped="duplicate_outcome")
    if isinstance(outcome, TaskFailed):
        decision.add(
            AttemptFailed(
                subtask_id=outcome.subtask_id, attempt=outcome.attempt, failure=outcome.failure, usage=outcome.usage
            )
        )
        if not decision.over_budget():
            decision.react(outcome.subtask_id, outcome.failure)
        return decision.decided()
    return decision.succeed(part, outcome, arrived)


def _timer(run: Run | None, timer: Timer, rules: Rules, moment: Moment) -> Decided:
    stale = Decided(dropped="stale_timer")
    if run is None or run.header.status.terminal is not (timer.kind == "archive"):
        return stale
    decision = Decision(run, timer.run_id, rules, moment)
    match timer.kind:
        case "archive":
            decision.add(RunArchived())
        case "run_deadline":
            if not decision.run_deadline(timer):
                return stale
        case "retry" | "attempt_deadline" | "silence":
            part = run.subtasks.get(timer.subtask_id)
            if part is None or not decision.attempt_timer(part, timer):
                return stale
        case _:
            assert_never(timer.kind)
    return decision.decided()
