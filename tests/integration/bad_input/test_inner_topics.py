"""Anything on the topics that only Collegium itself should write to, on a real broker."""

import json
import uuid

import pytest

from agent_rig import new_task, now_ms
from collegium_schemas.base import Message
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import AttemptDispatched, AttemptSucceeded
from collegium_schemas.objective import Intervention, RunStatus
from collegium_schemas.tasks import ControlState, TaskProgress, TaskRequested, TaskSucceeded
from foreign_client import ForeignHeaders
from live_system import LiveSystem

pytestmark = pytest.mark.asyncio(loop_scope="session")


def of_type(kind: type[Message], *, subject: str | None = None) -> ForeignHeaders:
    """Headers of a genuine record."""
    return encode_headers(Envelope(str(uuid.uuid4()), "/test", kind.TYPE, now_ms(), subject))


GARBAGE: dict[str, tuple[bytes | None, bytes | None]] = {
    "nothing at all": (None, None),
    "empty": (b"key", b""),
    "tombstone": (b"key", None),
    "no-utf8": (b"\xff\xfe", b"\xff\xfe\x00"),
    "malformed": (b"key", b'{"run_id":'),
    "deep": (b"key", b"[" * 100_000),
    "no-contract": (b"key", b'{"run_id": 1, "goal": []}'),
}


@pytest.mark.parametrize("topic", ["tasks.worker", "results", "interventions"])
@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_among_inputs_is_kept_with_its_reason(system: LiveSystem, topic: str, name: str) -> None:
    """With a type that fits, one that is unknown, or none: each record is in dead-letters, key and value unchanged."""
    key, value = GARBAGE[name]
    kinds = {"tasks.worker": TaskRequested, "results": TaskSucceeded, "interventions": Intervention}
    for headers in ((), (("ce_type", b"unknown.v9"), ("h", None)), of_type(kinds[topic])):
        sent = await system.client.send(topic, value, key, headers)
        letter = await system.letter(topic, sent.partition, sent.offset)
        assert (letter.key, letter.value or b"") == (key, value or b"")
        assert letter.headers[: len(headers)] == tuple((name, given or b"") for name, given in headers)


@pytest.mark.parametrize("topic", ["progress", "control", "context", "run-events", "usage"])
async def test_garbage_elsewhere_stops_nothing(system: LiveSystem, topic: str) -> None:
    """Nobody has to act on these; the command line passes by what it cannot read."""
    kinds = {"progress": TaskProgress, "control": ControlState}
    run_id = await system.submit()
    for key, value in GARBAGE.values():
        named = key or b"key"  # compacted topics take no record without
        for headers in ((), of_type(kinds.get(topic, TaskSucceeded))):
            await system.client.send(topic, value, named, headers)
            await system.client.send(topic, value, run_id.encode(), headers)
            if topic == "control":
                await system.client.send(topic, value, f"run/{run_id}".encode(), headers)
    assert await system.status(run_id) is RunStatus.COMPLETED
    watched = await system.cli("watch", run_id, "--json")
    assert watched.status == 0, watched.err
    assert (await system.cli("runs")).status == 0


def success(run_id: str, **fields: object) -> tuple[bytes, ForeignHeaders]:
    """A result that looks genuine."""
    now = now_ms()
    told = {
        "run_id": run_id,
        "subtask_id": "make",
        "attempt": 1,
        "role": "maker",
        "worker": "by-hand",
        "started_at_ms": now,
        "ended_at_ms": now,
        **fields,
    }
    return TaskSucceeded.model_validate(told).to_json(), of_type(TaskSucceeded)


async def test_results_that_fit_no_attempt_change_nothing(system: LiveSystem) -> None:
    """Of an unknown run, an unknown subtask, an attempt that was never made, or for the second time."""
    run_id = await system.submit(playbook="pair")
    await system.until(lambda: bool(system.seen.events(run_id)), "the run has begun")
    stranger = str(uuid.uuid4())
    for about, fields in (
        (stranger, {}),
        (run_id, {"subtask_id": "nonesuch"}),
        (run_id, {"attempt": 7}),
        (run_id, {"subtask_id": "read"}),
    ):
        body, headers = success(about, **fields)
        await system.client.send("results", body, about.encode(), headers, system.home(about))
    await system.unharmed()
    dispatched = [e.subtask_id for e in system.seen.events(run_id) if isinstance(e, AttemptDispatched)]
    assert dispatched == ["make"]
    assert not system.seen.events(stranger)
    await system.client.send("interventions", *cancel(run_id))
    assert await system.status(run_id) is RunStatus.CANCELLED
    body, headers = success(run_id)
    await system.client.send("results", body, run_id.encode(), headers)
    await system.unharmed()
    assert not [event for event in system.seen.events(run_id) if isinstance(event, AttemptSucceeded)]


def cancel(run_id: str) -> tuple[bytes, bytes]:
    """Body and key of an order to cancel."""
    return json.dumps({"run_id": run_id, "action": "cancel"}).encode(), run_id.encode()


async def test_an_order_for_a_run_that_is_not_there_is_kept(system: LiveSystem) -> None:
    """Whoever sent it finds it among the dead letters; so does one whose order came after the run's end."""
    body, key = cancel(str(uuid.uuid4()))
    sent = await system.client.send("interventions", body, key)
    assert (await system.letter_with(body)).key == key
    ended = await system.submit()
    await system.ended(ended)
    body, key = cancel(ended)
    await system.client.send("interventions", body, key)
    await system.letter_with(body)
    assert sent.offset >= 0


async def test_a_task_of_an_unknown_run_is_performed_and_changes_no_run(system: LiveSystem) -> None:
    """A specialist cannot tell; the orchestrator drops what it did."""
    task = new_task(role="worker")
    await system.client.send(
        "tasks.worker", task.to_json(), task.run_id.encode(), of_type(TaskRequested, subject=task.task_id)
    )
    await system.unharmed()
    assert not system.seen.events(task.run_id)
