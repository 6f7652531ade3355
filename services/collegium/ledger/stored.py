"""A run record as parts: what changed between two records, and a record from its parts."""

from collections.abc import Iterator, Mapping
from typing import Final

from collegium.ledger.folding import RunRecord
from collegium.ledger.views import Notice, PlanView, RunSummary, SubtaskView
from collegium_schemas.base import Contract
from collegium_schemas.events import RunDecided

HEAD: Final = "head"
_PLAN: Final = "plan/"
_SUBTASK: Final = "subtask/"
_WAITING: Final = "waiting/"


class StoredHead(Contract):
    """The part that says that a run is kept, and at which version."""

    summary: RunSummary
    notices: tuple[Notice, ...] = ()


def parts_of(before: RunRecord, after: RunRecord) -> Iterator[tuple[str, bytes | None]]:
    """The parts that differ, the head last before removals; None removes a part.

    Records share what has not changed, so this compares identities.
    """
    for version, plan in after.plans.items():
        if before.plans.get(version) is not plan:
            yield f"{_PLAN}{version}", plan.to_json()
    for subtask_id, subtask in after.subtasks.items():
        if before.subtasks.get(subtask_id) is not subtask:
            yield f"{_SUBTASK}{subtask_id}", subtask.to_json()
    for version, early in after.waiting.items():
        if before.waiting.get(version) is not early:
            yield f"{_WAITING}{version}", early.to_json()
    if after.summary is not None:
        yield HEAD, StoredHead(summary=after.summary, notices=after.notices).to_json()
    yield from ((f"{_PLAN}{version}", None) for version in before.plans if version not in after.plans)
    yield from ((f"{_WAITING}{version}", None) for version in before.waiting if version not in after.waiting)


def assemble(parts: Mapping[str, bytes]) -> RunRecord:
    """The record that these parts make; without a head, an empty one."""
    body = parts.get(HEAD)
    if body is None:
        return RunRecord()
    head = StoredHead.read(body)
    plans = [PlanView.read(value) for part, value in parts.items() if part.startswith(_PLAN)]
    plans.sort(key=lambda plan: plan.version)
    subtasks = [SubtaskView.read(value) for part, value in parts.items() if part.startswith(_SUBTASK)]
    place = {subtask_id: number for number, subtask_id in enumerate(_in_order(plans))}
    subtasks.sort(key=lambda subtask: (place.get(subtask.subtask_id, -1), subtask.plan_version, subtask.subtask_id))
    waiting = [RunDecided.read(value) for part, value in parts.items() if part.startswith(_WAITING)]
    return RunRecord(
        summary=head.summary,
        plans={plan.version: plan for plan in plans},
        subtasks={subtask.subtask_id: subtask for subtask in subtasks},
        notices=head.notices,
        waiting={early.version: early for early in waiting if early.version > head.summary.version},
        history=head.summary.history,
    )


def _in_order(plans: list[PlanView]) -> Iterator[str]:
    for plan in plans:
        yield from plan.added
