"""A decision in the making: events, the run as they leave it, and the rules for what follows from what."""

from dataclasses import dataclass
from typing import Final, assert_never

from collegium.orchestrator.core.acceptance import acceptance_fault
from collegium.orchestrator.core.compensating import compensation_plan, not_undone
from collegium.orchestrator.core.dispatching import Room, ready
from collegium.orchestrator.core.folding import Folding
from collegium.orchestrator.core.model import Moment, OutcomeArrived, Rules, Run, Timer
from collegium.orchestrator.core.planning import PlanError, next_round
from collegium.orchestrator.core.reactions import REACTIONS, Reaction, backoff_ms
from collegium_schemas.events import (
    ApprovalRequested,
    AttemptDispatched,
    AttemptFailed,
    AttemptSucceeded,
    Event,
    PlanAdopted,
    RetryScheduled,
    RunEnded,
    RunEnding,
    SubtaskFailed,
)
from collegium_schemas.objective import Limit, RunStatus
from collegium_schemas.playbook import Playbook
from collegium_schemas.state import SubtaskPart, SubtaskStatus
from collegium_schemas.tasks import Failure, FailureKind, FollowUp, TaskFailed, TaskSucceeded

_COMPENSATION_MS: Final = 600_000
"""When the playbook is not known any more."""
_LOST: Final = "the worker is not heard of any more: it has ended, hangs, or cannot reach Kafka"


@dataclass(frozen=True, slots=True)
class Decided:
    """What an input leads to: events, or a reason why it changes nothing."""

    events: tuple[Event, ...] = ()
    after: Run | None = None
    """The run as the events leave it: what `evolve` makes of them."""
    dropped: str | None = None
    """Why nothing follows, as a short label: `duplicate`, `late`, `stale_timer`, ..."""
    unusable: str | None = None
    """Set when the sender should find the input among the dead letters: it names no run that could take it."""


class Decision:
    """Events in the making, and the run as they leave it."""

    def __init__(self, run: Run | None, run_id: str, rules: Rules, moment: Moment) -> None:
        self._before = run
        self._run_id = run_id
        self._fold = Folding(run, run_id, moment.now_ms)
        self._rules = rules
        self._moment = moment
        self._events: list[Event] = []
        self._room = Room(rules.dispatched_bytes)

    def add(self, event: Event) -> None:
        """Take an event into the decision, and its effect into the run."""
        self._events.append(event)
        self._fold.apply(event)

    def decided(self) -> Decided:
        """The events, and the run that they lead to."""
        return Decided(tuple(self._events), self._fold.run())

    def _withhold(self) -> None:
        """Take back what this decision was about to dispatch, because it ends the run."""
        kept: list[Event] = [event for event in self._events if not _begins(event)]
        if len(kept) < len(self._events):
            self._events, self._room = kept, Room(self._rules.dispatched_bytes)
            self._fold = Folding(self._before, self._run_id, self._moment.now_ms)
            for event in kept:
                self._fold.apply(event)

    @property
    def _playbook(self) -> Playbook | None:
        return self._rules.playbooks.get(self._fold.header.playbook or "")

    # -- outcomes

    def succeed(self, part: SubtaskPart, outcome: TaskSucceeded, arrived: OutcomeArrived) -> Decided:
        """Accept a success, or treat it as a failure when it misses the acceptance criteria."""
        failure = acceptance_fault(part, outcome)
        if failure is not None:
            self.add(
                AttemptFailed(
                    subtask_id=outcome.subtask_id, attempt=outcome.attempt, failure=failure, usage=outcome.usage
                )
            )
            if not self.over_budget():
                self.react(outcome.subtask_id, failure)
            return self.decided()
        self.add(
            AttemptSucceeded(
                subtask_id=outcome.subtask_id,
                attempt=outcome.attempt,
                outputs=tuple(ref.model_copy(update={"inline": None}) for ref in outcome.outputs),
                confidence=outcome.confidence,
                evidence_count=outcome.evidence_count,
                note=outcome.note,
                review=outcome.review,
                usage=outcome.usage,
                worker=outcome.worker,
                started_at_ms=outcome.started_at_ms,
                ended_at_ms=outcome.ended_at_ms,
                trace=arrived.trace,
            )
        )
        if self.over_budget():
            return self.decided()
        self._review(part, outcome)
        self._advance(outcome.subtask_id)
        return self.decided()

    def _review(self, part: SubtaskPart, outcome: TaskSucceeded) -> None:
        """A review that did not pass leads to another round, while the playbook has one left."""
        playbook = self._playbook
        review = outcome.review
        if review is None or review.passed or playbook is None or playbook.loop is None:
            return
        if playbook.loop.review != part.spec.step:
            return
        found = [f"{review.refuted} refuted", f"{review.not_enough_evidence} without enough evidence"]
        wants = "; ".join(dict.fromkeys(f"{f.step}: {f.reason}" for f in review.follow_ups if f.reason))
        self._replan(review.follow_ups, f"review of round {part.spec.round}: {', '.join(found)}; {wants}"[:4000])

    def _replan(self, follow_ups: tuple[FollowUp, ...], reason: str) -> bool:
        playbook, run = self._playbook, self._fold.run()
        if playbook is None or run is None:
            return False
        try:
            change = next_round(playbook, run, follow_ups, reason)
        except PlanError:
            return False
        if change is None:
            return False
        self.add(PlanAdopted(change=change))
        self.dispatch(tuple(spec.subtask_id for spec in change.added))
        return True

    # -- failures

    def attempt_timer(self, part: SubtaskPart, timer: Timer) -> bool:
        """Act on a subtask's timer; False when it no longer fits."""
        if timer.kind == "retry":
            due = part.status is SubtaskStatus.BACKOFF and part.attempt + 1 == timer.attempt
            if not due or self._fold.header.status is not RunStatus.RUNNING:
                return False
            self.dispatch((timer.subtask_id,), due=True)
            return True
        if part.status is not SubtaskStatus.RUNNING or part.attempt != timer.attempt:
            return False
        failure = Failure(kind=FailureKind.TIMEOUT, message=f"no outcome within {part.spec.timeout_ms} ms")
        if timer.kind == "silence":
            failure = Failure(kind=FailureKind.WORKER_LOST, message=_LOST)
        self.add(AttemptFailed(subtask_id=timer.subtask_id, attempt=timer.attempt, failure=failure))
        self.react(timer.subtask_id, failure)
        return True

    def condemn(self, part: SubtaskPart, outcome: TaskFailed) -> bool:
        """Fail a subtask whose earlier attempt has turned out as poison: the later ones would kill as well.

        Returns:
            False when the outcome is no such word.
        """
        live = {SubtaskStatus.RUNNING, SubtaskStatus.BACKOFF}
        earlier = outcome.attempt < part.attempt or part.status is SubtaskStatus.BACKOFF
        if outcome.failure.kind is not FailureKind.POISON or part.status not in live or not earlier:
            return False
        if part.status is SubtaskStatus.RUNNING:
            self.add(AttemptFailed(subtask_id=part.spec.subtask_id, attempt=part.attempt, failure=outcome.failure))
        self.react(part.spec.subtask_id, outcome.failure)
        return True

    def react(self, subtask_id: str, failure: Failure) -> None:
        """Take the first possible reaction to a failed attempt."""
        part = self._fold.subtasks[subtask_id]
        for reaction in REACTIONS[failure.kind]:
            match reaction:
                case Reaction.ASK:
                    self._ask(part, failure)
                    return
                case Reaction.RETRY:
                    if not failure.permanent and part.attempt < part.spec.retry.max_attempts:
                        self._retry(part)
                        return
                case Reaction.REPLAN:
                    if not failure.permanent and self._replan_failed(part, failure):
                        return
                case Reaction.FALL_BACK:
                    if part.strategy == "model" and part.attempt < part.spec.retry.max_attempts:
                        self._again(part, self._moment.now_ms, "deterministic")
                        return
                case Reaction.HALT if self._fold.header.ending is None:
                    self.halt("budget", failure.message)
                    return
                case Reaction.HALT:
                    break
                case Reaction.FAIL:
                    break
                case _:
                    assert_never(reaction)
        self._fail(part, failure)

    def _retry(self, part: SubtaskPart) -> None:
        delay = backoff_ms(part.spec.retry, part.attempt, self._moment.entropy)
        self._again(part, self._moment.now_ms + delay, part.strategy)

    def _again(self, part: SubtaskPart, at_ms: int, strategy: str) -> None:
        self.add(
            RetryScheduled(
                subtask_id=part.spec.subtask_id,
                attempt=part.attempt + 1,
                at_ms=at_ms,
                strategy="model" if strategy == "model" else "deterministic",
            )
        )

    def _replan_failed(self, part: SubtaskPart, failure: Failure) -> bool:
        playbook = self._playbook
        if playbook is None or playbook.loop is None or part.spec.step not in playbook.loop.repeat:
            return False
        if self._fold.header.ending is not None:
            return False
        if part.spec.params.get("question") is not None or self._fold.header.round >= playbook.loop.max_rounds:
            return False
        self.add(SubtaskFailed(subtask_id=part.spec.subtask_id, failure=failure, tolerated=True))
        again = FollowUp(step=part.spec.step, reason=failure.message)
        reason = f"{part.spec.subtask_id} failed as {failure.kind}: {failure.message}"[:4000]
        if not self._replan((again,), reason):
            self._end(RunStatus.FAILED, f"{part.spec.subtask_id}: {failure.message}")
        return True

    def _fail(self, part: SubtaskPart, failure: Failure) -> None:
        subtask_id = part.spec.subtask_id
        tolerated = part.spec.optional or self._fold.header.ending is not None
        self.add(SubtaskFailed(subtask_id=subtask_id, failure=failure, tolerated=tolerated))
        if tolerated:
            self._advance(subtask_id)
            return
        tries = f"after {part.attempt} attempts" if part.attempt > 1 else "at its first attempt"
        self._end(
            RunStatus.FAILED, f"{subtask_id} ({part.spec.role}) failed {tries}: {failure.kind}: {failure.message}"
        )

    def _ask(self, part: SubtaskPart, failure: Failure) -> None:
        """Let the run wait until a human has said what became of an effect."""
        question = (
            f"{failure.message}. approve: it happened, go on; retry: execute it again unless the target knows of it; "
            "deny: it did not happen, fail"
        )
        self.add(
            ApprovalRequested(
                subtask_id=part.spec.subtask_id,
                attempt=part.attempt,
                question=question[-4000:],
                effects=part.spec.effects,
                expires_at_ms=self._fold.header.deadline_at_ms,
            )
        )

    # -- progress

    def _advance(self, ended_subtask_id: str) -> None:
        """Dispatch what waited for a subtask; end the run when nothing is left."""
        if self._fold.header.status.terminal:
            return
        self.dispatch(self._fold.dependents.get(ended_subtask_id, ()))
        if self._fold.header.open_subtasks == 0 and not self._fold.header.status.terminal:
            if self._fold.header.ending is not None:
                self._end_undone()
            else:
                self._end(RunStatus.COMPLETED, "every subtask of the plan has ended")

    def dispatch(self, candidates: tuple[str, ...], *, due: bool = False) -> None:
        """Send the candidates that nothing holds back. A paused run holds all of them back.

        What has no room in this decision is in back-off from now on, over at once: a decision of its own sends it. Of
        what was in back-off already, as a run's subtasks may be that is resumed, the timers are armed anew.

        Args:
            candidates: Subtasks that may be ready.
            due: Their back-off is over because its timer says so, whatever the clock says now.
        """
        for subtask_id in candidates:
            if self._fold.header.status is not RunStatus.RUNNING:
                return
            part = self._fold.subtasks.get(subtask_id)
            if part is None or not ready(part, self._fold.subtasks, self._moment.now_ms, due=due):
                continue
            most = self._most_steps()
            if self._fold.header.steps + self._room.deferred >= most and self._fold.header.ending is None:
                self.halt("steps", f"the run has used its {most} steps")
                return
            if not self._room.takes(part, self._fold.subtasks, self._fold.objective):
                if part.status is SubtaskStatus.PENDING:
                    self._again(part, self._moment.now_ms, part.strategy)
                continue
            self.add(
                AttemptDispatched(
                    subtask_id=subtask_id,
                    attempt=part.attempt + 1,
                    strategy=part.strategy,
                    deadline_at_ms=self._moment.now_ms + part.spec.timeout_ms,
                )
            )

    def _most_steps(self) -> int:
        playbook, objective = self._playbook, self._fold.objective
        bounds = [playbook.max_steps] if playbook is not None else []
        if objective is not None and objective.budget.steps is not None:
            bounds.append(objective.budget.steps)
        return min(bounds, default=0)

    # -- ends

    def over_budget(self) -> bool:
        """End the run as halted when what it has settled exceeds its budget."""
        objective, usage = self._fold.objective, self._fold.header.usage
        if objective is None or self._fold.header.ending is not None:
            return False
        budget = objective.budget
        if budget.tokens is not None and usage.tokens > budget.tokens:
            self.halt("budget", f"{usage.tokens} tokens used; the budget is {budget.tokens}")
            return True
        if budget.micro_usd is not None and usage.micro_usd > budget.micro_usd:
            self.halt("budget", f"{usage.micro_usd} micro-USD spent; the budget is {budget.micro_usd}")
            return True
        return False

    def halt(self, limit: Limit, reason: str) -> None:
        """End the run because a bound is met."""
        self._end(RunStatus.HALTED, reason, limit)

    def fail(self, reason: str) -> None:
        """End the run as failed."""
        self._end(RunStatus.FAILED, reason)

    def run_deadline(self, timer: Timer) -> bool:
        """End the run because its time is over; False when the timer is of a deadline that no longer counts."""
        header = self._fold.header
        if header.ending is None:
            self.halt("deadline", "the run's deadline has passed")
            return True
        if header.deadline_at_ms is not None and timer.at_ms < header.deadline_at_ms:
            return False
        self._end_undone()
        return True

    def _end(self, status: RunStatus, reason: str, limit: Limit | None = None, requester: str | None = None) -> None:
        """End the run, or begin to undo its effects when it has any to undo."""
        self._withhold()
        reason, run = reason[:4000], self._fold.run()
        change = None
        if run is not None and status is not RunStatus.COMPLETED and run.header.ending is None:
            change = compensation_plan(run, reason)
        if change is None:
            self.add(RunEnded(status=status, reason=reason, limit=limit, requester=requester))
            return
        playbook = self._playbook
        within_ms = _COMPENSATION_MS if playbook is None else playbook.compensation_ms
        self.add(
            RunEnding(
                status=status,
                reason=reason,
                limit=limit,
                requester=requester,
                deadline_at_ms=self._moment.now_ms + within_ms,
            )
        )
        self.add(PlanAdopted(change=change))
        self.dispatch(tuple(spec.subtask_id for spec in change.added))

    def _end_undone(self) -> None:
        """End a run whose effects are undone, as it was to end; or as failed when some could not be."""
        run = self._fold.run()
        if run is None or run.header.ending is None:
            return
        ending, left = run.header.ending, not_undone(run)
        if left:
            reason = f"not undone: {', '.join(left)}; {ending.status} because: {ending.reason}"
            self.add(RunEnded(status=RunStatus.FAILED, reason=reason[:4000], requester=ending.requester))
            return
        self.add(RunEnded(status=ending.status, reason=ending.reason, limit=ending.limit, requester=ending.requester))


def _begins(event: Event) -> bool:
    """Whether a subtask's attempt is dispatched, or will be that was about to be."""
    return isinstance(event, AttemptDispatched) or (isinstance(event, RetryScheduled) and event.first)
