"""The persistent map of subtasks behaves as a dictionary does, whatever its size, and shares what did not change."""

from hypothesis import given, settings
from hypothesis import strategies as st

from collegium.orchestrator.core.subtasks import NONE, Subtasks, SubtasksDraft
from collegium_schemas.plan import SubtaskSpec
from collegium_schemas.state import SubtaskPart

SIZES = st.sampled_from([0, 1, 5, 63, 64, 65, 128, 300])
Steps = list[tuple[str, int]]
STEPS = st.lists(st.tuples(st.sampled_from(["set", "add", "delete", "freeze"]), st.integers(0, 400)), max_size=40)


def part(number: int, attempt: int = 0) -> SubtaskPart:
    """A subtask of that number."""
    spec = SubtaskSpec(subtask_id=f"s{number}", step="s", role="alpha", instruction="x")
    return SubtaskPart(spec=spec, attempt=attempt)


def parts(count: int) -> dict[str, SubtaskPart]:
    """So many subtasks."""
    return {f"s{number}": part(number) for number in range(count)}


def apply(step: tuple[str, int], draft: SubtasksDraft, model: dict[str, SubtaskPart], attempt: int) -> None:
    """One change, to the draft and to the dictionary that it must equal."""
    what, number = step
    subtask_id = f"s{number % max(1, len(model))}" if what in {"set", "delete"} else f"s{1_000 + number}"
    match what:
        case "set" | "add" if what == "add" or subtask_id in model:
            draft[subtask_id] = model[subtask_id] = part(int(subtask_id[1:]), attempt)
        case "delete" if subtask_id in model:
            del draft[subtask_id], model[subtask_id]
        case "freeze":
            assert dict(draft.frozen()) == model
        case _:
            pass


@settings(max_examples=150)
@given(SIZES, STEPS)
def test_a_draft_is_a_dictionary(count: int, steps: Steps) -> None:
    """Changes, additions and removals give the same items in the same order; frozen versions stay as they were."""
    model = parts(count)
    before = Subtasks.of(model)
    draft = SubtasksDraft(before)
    for attempt, step in enumerate(steps, 1):
        apply(step, draft, model, attempt)
        assert len(draft) == len(model)
    after = draft.frozen()
    assert list(after.items()) == list(model.items()) == list(draft.items())
    assert all(after[subtask_id] is part for subtask_id, part in model.items())
    assert before == parts(count)
    assert after == model


@settings(max_examples=150)
@given(SIZES, STEPS)
def test_what_changed_is_found(count: int, steps: Steps) -> None:
    """The changes between two versions are exactly what has to be written to come from one to the other."""
    model = parts(count)
    before = Subtasks.of(model)
    draft = SubtasksDraft(before)
    for attempt, step in enumerate(steps, 1):
        apply(step, draft, model, attempt)
    after = draft.frozen()
    found = dict(after.changed_from(before))
    assert found == {
        **{k: v for k, v in after.items() if before.get(k) is not v},
        **{k: None for k in before if k not in after},
    }
    assert dict(NONE.changed_from(before)) == dict.fromkeys(before)
    assert dict(after.changed_from(NONE)) == dict(after)


def test_a_change_copies_the_blocks_it_touches() -> None:
    """In a plan of 5,000 one event copies one block of subtasks and shares all the others."""
    before = Subtasks.of(parts(5_000))
    after = before.replaced({"s70": part(70, 1), "s71": part(71, 1)})
    copied = [mine for mine, old in zip(after.blocks, before.blocks, strict=True) if mine is not old]
    assert [len(block) for block in copied] == [64]
    assert len(after.blocks) == 79
    assert after.places is before.places
