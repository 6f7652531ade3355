"""What follows from a human's word on a live run."""

from typing import Final, Literal, assert_never

from collegium.orchestrator.core.decision import Decided, Decision
from collegium_schemas import limits
from collegium_schemas.events import ApprovalAnswered, InputRefused, RunPaused, RunResumed
from collegium_schemas.objective import Action, Intervention, RunStatus
from collegium_schemas.state import SubtaskStatus
from collegium_schemas.tasks import Failure, FailureKind

_ANSWERS: Final[dict[Action, Literal["approve", "retry", "deny"]]] = {
    Action.APPROVE: "approve",
    Action.RETRY: "retry",
    Action.DENY: "deny",
}


class Word(Decision):
    """A decision on an intervention."""

    def intervene(self, word: Intervention) -> Decided:
        """Apply a human's word to a live run."""
        status = self._fold.header.status
        match word.action:
            case Action.CANCEL if self._fold.header.ending is not None:
                ending = self._fold.header.ending
                self._refuse(f"the run is ending as {ending.status} already: its effects are being undone")
            case Action.CANCEL:
                self._end(RunStatus.CANCELLED, word.reason or "cancelled on request", requester=word.requester)
            case Action.PAUSE:
                if status is RunStatus.PAUSED:
                    return Decided(dropped="already_paused")
                self.add(RunPaused(requester=word.requester, reason=word.reason))
            case Action.RESUME:
                if status is not RunStatus.PAUSED:
                    return Decided(dropped="not_paused")
                self.add(RunResumed(requester=word.requester, reason=word.reason))
                self.dispatch(tuple(self._fold.subtasks))
            case Action.APPROVE | Action.RETRY | Action.DENY:
                self._answer(word)
            case Action.AMEND | Action.RAISE_BUDGET:
                self._refuse(f"{word.action} does not apply to a run under way: cancel, pause and resume do")
            case _:
                assert_never(word.action)
        return self.decided()

    def _refuse(self, reason: str) -> None:
        self.add(InputRefused(what="intervention", reason=reason[:4000]))

    def _answer(self, word: Intervention) -> None:
        """Apply a human's word on an effect whose outcome is unknown."""
        waiting = {k: part for k, part in self._fold.subtasks.items() if part.status is SubtaskStatus.WAITING}
        if not waiting:
            self._refuse(f"{word.action} does not apply: the run waits for no approval; cancel, pause and resume do")
            return
        subtask_id = next(iter(waiting)) if word.subtask_id is None and len(waiting) == 1 else word.subtask_id
        part = waiting.get(subtask_id or "")
        if part is None:
            meant = "several subtasks wait" if subtask_id is None else f"subtask {subtask_id} waits for no word"
            self._refuse(f"{meant}: name one of {', '.join(waiting)}")
            return
        if word.attempt not in (None, part.attempt):
            which = f"attempt {part.attempt}, not {word.attempt}"
            self._refuse(f"subtask {part.spec.subtask_id} waits for a word on {which}")
            return
        answered = _ANSWERS[word.action]
        if answered != "deny" and part.attempt >= limits.MAX_ATTEMPTS:
            self._refuse(f"{part.spec.subtask_id} has used its {limits.MAX_ATTEMPTS} attempts: deny, or cancel the run")
            return
        self.add(
            ApprovalAnswered(
                subtask_id=part.spec.subtask_id,
                attempt=part.attempt,
                action=answered,
                requester=word.requester,
                reason=word.reason,
            )
        )
        if answered == "deny":
            said = f"{word.requester} says that its effect did not happen" + (f": {word.reason}" if word.reason else "")
            self._fail(part, Failure(kind=FailureKind.OUTCOME_UNKNOWN, message=said[:4000], permanent=True))
        self.dispatch(tuple(self._fold.subtasks))
