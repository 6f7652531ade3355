"""Every field of every contract has a bound, and a value past it is refused."""

from collections.abc import Iterator, Mapping
from typing import Annotated, cast

import pytest
from pydantic import TypeAdapter, ValidationError

from collegium_schemas import limits
from collegium_schemas.base import Contract, EffectKey, EpochMs, Identifier, Name, Params, Text, Uri
from collegium_schemas.catalogue import MESSAGES
from collegium_schemas.effects import EffectEnded
from collegium_schemas.events import RunArchived, RunDecided
from collegium_schemas.evidence import Draft, Evidence, Prose, QuestionAnalysis, Review, Section
from collegium_schemas.objective import ObjectiveSubmitted
from collegium_schemas.plan import PlanChange, RetryPolicy, SubtaskSpec
from collegium_schemas.playbook import Decomposition, ReviewLoop
from collegium_schemas.state import PlanPart, RunHeader
from collegium_schemas.tasks import ContextRef, ReviewSummary, TaskRequested

Schema = Mapping[str, "Schema | list[Schema] | str | int | bool | None"]

_TEXT_BOUNDS = {"maxLength", "pattern", "enum", "const", "format"}
_INNER = ("items", "additionalProperties")
BOUNDED_BY_ITS_RECORD = {
    "markdown": "a report's text: an output over MAX_MESSAGE_BYTES fails its attempt as invalid_output",
    "params": "a parameter's text: a task that does not fit into a record is refused, ask for less",
}


def unbounded(kind: type[Contract]) -> Iterator[str]:
    """The places in a contract's JSON Schema that hold text, a list or a map without a bound."""
    schema = cast("Schema", kind.model_json_schema())
    definitions = cast("Mapping[str, Schema]", schema.get("$defs", {}))
    pending: list[tuple[Schema, str]] = [(schema, kind.__name__), *((each, name) for name, each in definitions.items())]
    while pending:
        node, path = pending.pop()
        wanted = {"string": _TEXT_BOUNDS, "array": {"maxItems"}}.get(str(node.get("type")))
        if wanted is not None and not wanted & set(node):
            yield path
        if node.get("type") == "object" and not {"properties", "maxProperties"} & set(node):
            yield path
        properties = cast("Mapping[str, Schema]", node.get("properties", {}))
        pending += [(each, f"{path}.{name}") for name, each in properties.items()]
        pending += [(cast("Schema", node[key]), path) for key in _INNER if isinstance(node.get(key), Mapping)]
        for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
            pending += [(each, path) for each in cast("list[Schema]", node.get(key, []))]


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_text_list_and_map_of_a_message_has_a_bound(name: str) -> None:
    """What has none of its own is bounded by the record that holds it, and named above with what happens then."""
    found = [path for path in unbounded(MESSAGES[name]) if not set(path.split(".")) & set(BOUNDED_BY_ITS_RECORD)]
    assert found == []


def accepts(kind: object, value: object) -> bool:
    """Whether a type takes a value."""
    try:
        TypeAdapter(cast("type[object]", kind)).validate_python(value)
    except ValidationError:
        return False
    return True


def field(model: type[Contract], name: str) -> object:
    """A field's type with its bounds, alone."""
    info = model.model_fields[name]
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation  # type: ignore[return-value]


def ref(**fields: object) -> dict[str, object]:
    """A context reference."""
    return {"name": "n", "partition": 0, "offset": 0, "sha256": "0" * 64, "size_bytes": 1, **fields}


def spec(number: int) -> dict[str, object]:
    """A plan's node."""
    return {"subtask_id": f"s{number}", "step": "s", "role": "r", "instruction": "x"}


def effect_key(size: int) -> str:
    """An effect's key of so many characters."""
    start = "0190aaaa-0000-7000-8000-000000000001/s/"
    return start + "e" * (size - len(start))


SENTENCE = {"sentence_id": "s1", "text": "s", "kind": "frame"}
BOUNDS: dict[str, tuple[object, object, object]] = {
    "MAX_GOAL_CHARS": (field(ObjectiveSubmitted, "goal"), "g" * limits.MAX_GOAL_CHARS, "g" * 8_001),
    "MAX_TEXT_CHARS": (Text, "t" * limits.MAX_TEXT_CHARS, "t" * 4_001),
    "MAX_EPOCH_MS": (EpochMs, limits.MAX_EPOCH_MS, limits.MAX_EPOCH_MS + 1),
    "MAX_NAME_CHARS": (Name, "n" * limits.MAX_NAME_CHARS, "n" * 65),
    "MAX_ID_CHARS": (Identifier, "i" * limits.MAX_ID_CHARS, "i" * 129),
    "MAX_URI_CHARS": (Uri, "u" * limits.MAX_URI_CHARS, "u" * 1_025),
    "MAX_PARAMS": (Params, {str(n): n for n in range(32)}, {str(n): n for n in range(33)}),
    "MAX_MESSAGE_BYTES": (ContextRef, ref(size_bytes=limits.MAX_MESSAGE_BYTES), ref(size_bytes=1_048_577)),
    "MAX_INLINE_BYTES": (ContextRef, ref(inline="c" * limits.MAX_INLINE_BYTES), ref(inline="c" * 32_769)),
    "MAX_OUTPUTS": (field(SubtaskSpec, "outputs"), ("o",) * limits.MAX_OUTPUTS, ("o",) * 17),
    "MAX_INPUTS": (
        field(TaskRequested, "inputs"),
        ({"subtask_id": "s", "step": "s", "ref": ref()},) * limits.MAX_INPUTS,
        ({"subtask_id": "s", "step": "s", "ref": ref()},) * 257,
    ),
    "MAX_FOLLOW_UPS": (
        field(ReviewSummary, "follow_ups"),
        ({"step": "s"},) * limits.MAX_FOLLOW_UPS,
        ({"step": "s"},) * 17,
    ),
    "MAX_PLAN_SUBTASKS": (
        field(PlanPart, "subtask_ids"),
        ("s",) * limits.MAX_PLAN_SUBTASKS,
        ("s",) * 5_001,
    ),
    "MAX_FAN_OUT": (field(Decomposition, "max_questions"), limits.MAX_FAN_OUT, 257),
    "MAX_ATTEMPTS": (field(RetryPolicy, "max_attempts"), limits.MAX_ATTEMPTS, 21),
    "MAX_ROUNDS": (field(ReviewLoop, "max_rounds"), limits.MAX_ROUNDS, 11),
    "MAX_EVENTS_PER_DECISION": (
        field(RunDecided, "events"),
        (RunArchived(),) * limits.MAX_EVENTS_PER_DECISION,
        (RunArchived(),) * 20_001,
    ),
    "MAX_EFFECT_KEY_CHARS": (EffectKey, effect_key(limits.MAX_EFFECT_KEY_CHARS), effect_key(193)),
    "MAX_RECEIPT_CHARS": (field(EffectEnded, "receipt"), "r" * limits.MAX_RECEIPT_CHARS, "r" * 8_193),
    "MAX_STEP_EFFECTS": (field(SubtaskSpec, "effects"), ("e",) * limits.MAX_STEP_EFFECTS, ("e",) * 9),
    "MAX_RUN_EFFECTS": (field(RunHeader, "effects"), ("s/e",) * limits.MAX_RUN_EFFECTS, ("s/e",) * 257),
    "MAX_PASSAGE_CHARS": (Prose, "p" * limits.MAX_PASSAGE_CHARS, "p" * 8_001),
    "MAX_SENTENCES": (field(Section, "sentences"), (SENTENCE,) * limits.MAX_SENTENCES, (SENTENCE,) * 2_001),
}


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_a_value_at_the_bound_passes_and_one_past_it_is_refused(name: str) -> None:
    """The contract and the table of limits mean the same number."""
    kind, within, past = BOUNDS[name]
    assert accepts(kind, within)
    assert not accepts(kind, past)


def test_a_plan_change_adds_and_removes_at_most_a_whole_plan() -> None:
    """Also the difference between two versions is bounded."""
    most = tuple(spec(number) for number in range(limits.MAX_PLAN_SUBTASKS + 1))
    assert accepts(field(PlanChange, "added"), most[:-1])
    assert not accepts(field(PlanChange, "added"), most)


@pytest.mark.parametrize(
    ("model", "name", "bound"),
    [
        (Evidence, "passages", limits.MAX_PASSAGES),
        (QuestionAnalysis, "claims", limits.MAX_CLAIMS),
        (Draft, "sources", limits.MAX_SOURCES),
        (Draft, "summary", limits.MAX_SENTENCES),
        (Section, "sentences", limits.MAX_SENTENCES),
        (Review, "verdicts", limits.MAX_SENTENCES),
    ],
)
def test_lists_of_context_entries_are_bounded(model: type[Contract], name: str, bound: int) -> None:
    """The JSON Schema that other languages read names the same bound."""
    assert model.model_json_schema()["properties"][name]["maxItems"] == bound
