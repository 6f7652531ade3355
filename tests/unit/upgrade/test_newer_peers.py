"""What a newer version wrote, read by this one: additions are ignored, unknown kinds say what to do."""

import json
from typing import Any

import pytest

from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Outgoing
from collegium.log.topics import required
from collegium.orchestrator.errors import StateUnreadable
from collegium_schemas.catalogue import MESSAGES
from collegium_schemas.envelope import Envelope, EnvelopeError, decode, encode_headers, header
from collegium_schemas.events import RunDecided
from collegium_schemas.objective import Action, ObjectiveSubmitted
from collegium_schemas.state import InputPosition, RunHeader
from orchestrator_worlds import World, arrived, word
from record_topics import NAMES, PARTITIONS, ROLES, Scenario, orchestrating, read_topic, wall_clock
from recorded_topics import read, recordings

Json = dict[str, "Json"] | list["Json"] | str | float | bool | None
RECORDING = read(recordings()[-1])


def with_additions(value: Json) -> Json:
    """The same JSON with a field that nobody knows in every object."""
    match value:
        case dict():
            return {**{key: with_additions(each) for key, each in value.items()}, "added_later": {"deep": [1, None]}}
        case list():
            return [with_additions(each) for each in value]
        case _:
            return value


def without_maps(value: Json) -> Json:
    """The same JSON without its free-form maps: a further key in them is a value, not a field."""
    match value:
        case dict():
            return {key: without_maps(each) for key, each in value.items() if key != "params"}
        case list():
            return [without_maps(each) for each in value]
        case _:
            return value


def test_fields_of_a_newer_version_are_ignored_in_every_message() -> None:
    """A field that this version does not know, at any depth of any recorded message, changes nothing."""
    seen: set[str] = set()
    for record in RECORDING.records:
        named = header(record.headers, "ce_type")
        if record.topic == "dead-letters" or record.value is None or named is None:
            continue
        kind = MESSAGES[named]
        plain = without_maps(json.loads(record.value))
        newer = json.dumps(with_additions(plain)).encode()
        assert decode(record.headers, newer, kind) == decode(record.headers, json.dumps(plain).encode(), kind)
        seen.add(named)
    assert len(seen) >= 15


def test_people_are_told_of_a_field_that_is_unknown() -> None:
    """Objectives are read strictly: what a newer client asks for is refused by name, never dropped in silence."""
    with pytest.raises(ValueError, match="added_later"):
        ObjectiveSubmitted.read_strict(b'{"goal": "What is tea?", "added_later": 1}')


def future_decision() -> dict[str, Any]:
    """A decision with an event that this version does not know."""
    world = World()
    world.take(arrived())
    decided = json.loads(world.history[0].to_json())
    decided["events"].append({"type": "run_teleported", "to": "elsewhere"})
    return decided


def test_an_event_of_a_newer_version_says_what_to_do() -> None:
    """The error names the event and its place, and asks for the newer version."""
    headers = encode_headers(Envelope("id", "/newer", RunDecided.TYPE, 1))
    with pytest.raises(EnvelopeError) as caught:
        decode(headers, json.dumps(future_decision()).encode(), RunDecided)
    assert "'run_teleported'" in caught.value.reason
    assert "newer version wrote it" in caught.value.reason
    assert "docs/upgrade.md" in caught.value.reason


async def write(broker: MemoryBroker, topic: str, key: str, type_: str, body: bytes, partition: int) -> None:
    """Write a record as another orchestrator would."""
    headers = encode_headers(Envelope(key, "/newer", type_, 1))
    async with MemoryLog(broker) as log:
        producer = await log.producer()
        await (await producer.send(Outgoing(NAMES(topic), key.encode(), body, headers, partition)))


def empty_broker() -> MemoryBroker:
    """The topics of a new system."""
    broker = MemoryBroker()
    broker.create(required(NAMES, ROLES, PARTITIONS))
    return broker


def future_states() -> list[tuple[str, str, bytes]]:
    """Records of run-state that only a newer version can have written."""
    world = World()
    world.take(arrived())
    run = world.live()
    run_id = run.header.run_id
    head = {**json.loads(run.header.to_json()), "status": "hibernating"}
    part = {**json.loads(run.subtasks["retrieve.1"].to_json()), "status": "negotiating"}
    position = {"topic": "objectives", "partition": 0, "next_offset": "the beginning"}
    return [
        ("header", f"{run_id}/header", json.dumps(head).encode()),
        ("subtask", f"{run_id}/subtask/retrieve.1", json.dumps(part).encode()),
        ("position", "__pos/objectives", json.dumps(position).encode()),
    ]


@pytest.mark.parametrize(
    ("what", "key", "body"), future_states(), ids=lambda value: value if type(value) is str else ""
)
async def test_an_orchestrator_ends_rather_than_lose_a_newer_versions_run(what: str, key: str, body: bytes) -> None:
    """State that it cannot read stops the process with a line that says which record, and what to start instead."""
    broker = empty_broker()
    world = World()
    world.take(arrived())
    run_id = world.live().header.run_id
    if what == "subtask":
        await write(broker, "run-state", f"{run_id}/header", RunHeader.TYPE, world.live().header.to_json(), 0)
    await write(broker, "run-state", key, InputPosition.TYPE, body, 0)
    with pytest.raises(ExceptionGroup) as caught:
        async with orchestrating(broker, "orchestrator@older", wall_clock) as task:
            await task
    found = caught.value.subgroup(StateUnreadable)
    assert found is not None
    (leaf,) = _leaves(found)
    text = str(leaf)
    assert key.removeprefix(run_id).strip("/") in text
    assert "start that version again" in text


def _leaves(group: BaseExceptionGroup[StateUnreadable]) -> list[StateUnreadable]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


async def test_an_unknown_event_in_history_does_not_stop_a_takeover() -> None:
    """History is read at a takeover for spans alone: what this version cannot read there costs spans, not runs."""
    broker = empty_broker()
    world = World()
    world.take(arrived())
    world.take(word(Action.APPROVE))
    first, last = (json.loads(decided.to_json()) for decided in world.history)
    for version, decided in enumerate((first, future_decision(), last), 1):
        body = json.dumps({**decided, "version": version}).encode()
        await write(broker, "run-events", first["run_id"], RunDecided.TYPE, body, 0)
    async with orchestrating(broker, "orchestrator@older", wall_clock):
        scenario = Scenario(broker)
        run_id = await scenario.submit("next", "What is tea?")
        await scenario.until_task(run_id, "alpha")
    assert len(await read_topic(broker, "tasks.alpha")) == 1
