"""Sends a human's word on a run and waits until the run's history shows what it led to."""

from dataclasses import dataclass, replace
from typing import Final

from uuid6 import uuid7

from collegium.cli.errors import NotFound, Refused, TimedOut
from collegium.cli.following import RunFollower, follow
from collegium.cli.questions import Answered, Question, question_meant
from collegium.cli.sending import send
from collegium.cli.session import Session
from collegium.cli.users import user_name
from collegium.ledger.folding import RunRecord, fold
from collegium.ledger.views import RunView
from collegium_schemas.events import ApprovalAnswered, ApprovalRequested, InputRefused, RunEnding
from collegium_schemas.objective import Action, Intervention, RunStatus
from collegium_schemas.tasks import TaskProgress

_POLL_MS: Final = 100
_DONE: Final[dict[Action, str]] = {
    Action.CANCEL: "cancelled",
    Action.PAUSE: "paused",
    Action.RESUME: "resumed",
    Action.APPROVE: "approved: counted as done",
    Action.RETRY: "will be tried again",
    Action.DENY: "denied: counted as not done",
}
_UNDOING: Final = "is being cancelled: its effects are undone first"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look at the run's history showed."""

    record: RunRecord
    refusal: str | None = None
    shown: str | None = None
    """What the word has led to, when the history shows it."""
    asked: tuple[Question, ...] = ()
    """What the run has asked so far, in order."""


async def intervene(
    session: Session, reference: str, action: Action, *, reason: str, timeout_ms: int, said: Answered | None = None
) -> None:
    """Send a word on a run, and wait until the run's history shows what it led to.

    Args:
        session: The command's session.
        reference: The run.
        action: What it is told.
        reason: Kept in its history.
        timeout_ms: How long to wait.
        said: Of an answer: which question it is for.

    Raises:
        NotFound: there is no such run.
        Refused: the run's state does not allow it, or it is not certain which question is answered.
        TimedOut: nothing happened in time.
    """
    view = await session.lookup.view(reference)
    if view.history is None:
        raise NotFound(f"the history of run {view.run_id} is not known")
    names = session.names
    async with (
        session.log() as log,
        follow(log, names, view.run_id, start=view.history.first_offset) as follower,
    ):
        seen, shown = await _caught_up(follower, view.version, session, timeout_ms), _DONE[action]
        record = seen.record
        if not _has_effect(record, action):
            question = None if said is None else question_meant(record.view() or view, seen.asked, said)
            word = Intervention(
                run_id=view.run_id,
                action=action,
                requester=user_name() or "anonymous",
                reason=reason,
                subtask_id=None if question is None else question.subtask_id,
                attempt=None if question is None else question.attempt,
            )
            async with session.tracing() as tracing:
                await send(
                    log,
                    tracing,
                    names("interventions"),
                    word,
                    run_id=view.run_id,
                    message_id=str(uuid7()),
                    now_ms=session.now_ms(),
                )
            record, shown = await _effect(follower, record, word, session, timeout_ms)
    after = record.view() or view
    answer = {"run_id": after.run_id, "action": action.value, "status": after.status.value, "version": after.version}
    session.out.answer(answer, f"{after.run_id} {shown}")


async def _caught_up(follower: RunFollower, version: int, session: Session, timeout_ms: int) -> _Seen:
    seen = _Seen(RunRecord())
    give_up_at_ms = session.now_ms() + timeout_ms
    while seen.record.version < version:
        step = await _step(follower, seen.record, None)
        seen = replace(step, asked=(*seen.asked, *step.asked))
        if session.now_ms() > give_up_at_ms:
            raise TimedOut(f"the run's history could not be read within {timeout_ms / 1000:g} s")
    return seen


async def _effect(
    follower: RunFollower, record: RunRecord, word: Intervention, session: Session, timeout_ms: int
) -> tuple[RunRecord, str]:
    give_up_at_ms = session.now_ms() + timeout_ms
    while True:
        seen = await _step(follower, record, word)
        record = seen.record
        if seen.refusal is not None:
            raise Refused(seen.refusal)
        if seen.shown is not None:
            return record, seen.shown
        if _has_effect(record, word.action):
            return record, _DONE[word.action]
        if session.now_ms() > give_up_at_ms:
            raise TimedOut(
                f"no orchestrator has acted within {timeout_ms / 1000:g} s: the word is sent and will be read; "
                "look at `collegium status`"
            )


async def _step(follower: RunFollower, record: RunRecord, word: Intervention | None) -> _Seen:
    refusal: str | None = None
    shown: str | None = None
    asked: list[Question] = []
    for update in await follower.poll(_POLL_MS):
        if isinstance(update, TaskProgress):
            continue
        record = fold(record, update.decided, update.source)
        for event in update.decided.events:
            match event:
                case InputRefused(what="intervention"):
                    refusal = event.reason
                case ApprovalRequested():
                    asked.append(Question(event.subtask_id, event.attempt))
                case ApprovalAnswered() if word is not None and _answers(event, word):
                    shown = f"{event.subtask_id}, attempt {event.attempt}, {_DONE[word.action]}"
                case RunEnding() if word is not None and word.action is Action.CANCEL:
                    shown = _UNDOING
                case _:
                    pass
    return _Seen(record, refusal, shown, tuple(asked))


def _answers(event: ApprovalAnswered, word: Intervention) -> bool:
    return (event.action, event.subtask_id, event.attempt) == (word.action, word.subtask_id, word.attempt)


def _has_effect(record: RunRecord, action: Action) -> bool:
    """Whether the run is as the action wants it.

    Raises:
        Refused: it has ended in another way, so it never will be.
    """
    view = record.view()
    if view is None:
        return False
    if view.status.terminal:
        return _ended(view, action)
    if action is Action.PAUSE:
        return view.status is RunStatus.PAUSED
    if action is Action.RESUME:
        return view.status is not RunStatus.PAUSED
    return False


def _ended(view: RunView, action: Action) -> bool:
    if action is Action.CANCEL and view.status is RunStatus.CANCELLED:
        return True
    raise Refused(f"run {view.run_id} has already ended as {view.status}: {view.reason}")
