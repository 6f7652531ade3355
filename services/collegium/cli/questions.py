"""Which question of a run an answer is for. A word must not reach another question than the one a person has seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from collegium.cli.errors import Refused
from collegium.ledger.views import RunView


@dataclass(frozen=True, slots=True)
class Question:
    """An attempt that could not tell whether its effect happened."""

    subtask_id: str
    attempt: int

    def __str__(self) -> str:
        return f"--subtask {self.subtask_id} --attempt {self.attempt}"


@dataclass(frozen=True, slots=True)
class Answered:
    """What a person says of the question: all, a part, or nothing where the run has only ever asked one."""

    subtask_id: str | None = None
    attempt: int | None = None

    def fits(self, question: Question) -> bool:
        """Whether the question may be the one that is meant."""
        return self.subtask_id in (None, question.subtask_id) and self.attempt in (None, question.attempt)


def question_meant(view: RunView, asked: Sequence[Question], said: Answered) -> Question:
    """The one question that fits among all that the run has ever asked.

    Those answered before count as well: whoever saw one of them must not answer the next by mistake.

    Raises:
        Refused: none fits, several do, or the one that does waits no longer.
    """
    waiting = {part.subtask_id for part in view.subtasks if part.status == "waiting"}
    latest = {question.subtask_id: question for question in asked}
    still_open = [question for subtask_id, question in latest.items() if subtask_id in waiting]
    if not still_open:
        raise Refused(f"run {view.run_id} waits for no word; `collegium show {view.run_id}` tells how it stands")
    fitting = [question for question in dict.fromkeys(asked) if said.fits(question)]
    if len(fitting) == 1 and fitting[0] in still_open:
        return fitting[0]
    what = "has asked several times" if len(fitting) > 1 else "does not wait for a word on that"
    raise Refused(f"run {view.run_id} {what}: say what is meant, {' or '.join(map(str, still_open))}")
