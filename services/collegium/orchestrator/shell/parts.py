"""Run state as records: one per part, keyed `run_id/part`, in the run's home partition."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from pydantic import ValidationError

from collegium.orchestrator.core.folding import dependents_of
from collegium.orchestrator.core.model import Run
from collegium.orchestrator.core.subtasks import NONE, Subtasks
from collegium.orchestrator.errors import StateUnreadable
from collegium_schemas.base import Message
from collegium_schemas.state import InputPosition, ObjectivePart, PlanPart, RunHeader, SubtaskPart

HEADER: Final = "header"
OBJECTIVE: Final = "objective"
PLAN: Final = "plan"
SUBTASK: Final = "subtask/"
POSITION_KEY: Final = "__pos/"

M = TypeVar("M", bound=Message)
Part = RunHeader | ObjectivePart | PlanPart | SubtaskPart | InputPosition


def changed_parts(before: Run | None, after: Run | None) -> Iterator[tuple[str, Part | None]]:
    """What a commit has to write: each part that differs, by name; None where a part is gone."""
    if after is not None and (before is None or after.header is not before.header):
        yield HEADER, after.header
    if before is not None and after is None:
        yield HEADER, None
    old, new = (None if run is None else run.objective for run in (before, after))
    if new is not old:
        yield OBJECTIVE, None if new is None else ObjectivePart(objective=new)
    old_plan, new_plan = (None if run is None else run.plan for run in (before, after))
    if new_plan is not old_plan:
        yield PLAN, new_plan
    earlier, later = (NONE if run is None else run.subtasks for run in (before, after))
    for subtask_id, part in later.changed_from(earlier):
        yield SUBTASK + subtask_id, part


def read_part(kind: type[M], key: str, body: bytes) -> M:
    """A record of run-state.

    Raises:
        StateUnreadable: it breaks the contract, which a newer version may have changed.
    """
    try:
        return kind.read(body)
    except ValidationError as error:
        raise StateUnreadable(key, error) from error


def assemble(parts: Mapping[str, bytes]) -> Run | None:
    """A run from its parts' bytes; None when the header is missing, which is how an archived run reads.

    Raises:
        StateUnreadable: a part breaks its contract.
    """
    header = parts.get(HEADER)
    if header is None:
        return None
    objective, plan = parts.get(OBJECTIVE), parts.get(PLAN)
    decoded_plan = None if plan is None else read_part(PlanPart, PLAN, plan)
    subtasks: dict[str, SubtaskPart] = {}
    if decoded_plan is not None:
        for subtask_id in decoded_plan.subtask_ids:
            subtasks[subtask_id] = read_part(SubtaskPart, SUBTASK + subtask_id, parts[SUBTASK + subtask_id])
    return Run(
        header=read_part(RunHeader, HEADER, header),
        objective=None if objective is None else read_part(ObjectivePart, OBJECTIVE, objective).objective,
        plan=decoded_plan,
        subtasks=Subtasks.of(subtasks),
        dependents=dependents_of(subtasks.values()),
    )
