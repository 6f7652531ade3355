"""Records that are no tasks: kept with their bytes, told about, never a crash."""

import pytest

from agent_rig import ROLE, TRACE, Rig, Scripted, new_task, now_ms
from collegium.agent.attempt import Delivery
from collegium.agent.config import RuntimeConfig
from collegium.agent.metrics import AgentMetrics
from collegium.agent.offsets import PartitionOffsets
from collegium.agent.poison import Poison
from collegium.agent.publisher import Publisher
from collegium.log.port import Record
from collegium.log.sizes import MAX_TOPIC_RECORD_BYTES
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.metrics import Metrics
from collegium_schemas import limits
from collegium_schemas.envelope import Envelope, EnvelopeError, Headers, encode_headers, header
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskRequested, TaskSucceeded

TASK = new_task()


def headers(kind: str = TaskRequested.TYPE, subject: str | None = None) -> Headers:
    """Headers of a task record."""
    return encode_headers(Envelope("id", "/test", kind, 1, subject, TRACE))


POISON: dict[str, tuple[bytes | None, bytes | None, Headers]] = {
    "no-headers": (b"key", TASK.to_json(), ()),
    "unknown-type": (b"key", TASK.to_json(), headers("other.type")),
    "wrong-type": (b"key", b"{}", headers("collegium.task.succeeded.v1")),
    "not-json": (None, b"{nonsense", headers()),
    "not-utf8": (b"\xff\xfe", b"\xff\xfe\x00", headers()),
    "tombstone": (b"key", None, headers()),
    "empty": (b"key", b"", headers()),
    "broken-contract": (b"key", b'{"run_id": "no uuid"}', headers()),
    "other-role": (b"key", new_task(role="another").to_json(), headers()),
    "header-not-text": (b"key", TASK.to_json(), (*headers(), ("ce_id", b"\xff"))),
    "huge": (b"key", b"x" * (limits.MAX_MESSAGE_BYTES + 1), headers()),
}


@pytest.mark.parametrize("name", POISON)
async def test_poison_is_kept_and_the_next_task_is_performed(rig: Rig, name: str) -> None:
    """Original key, bytes and headers are in dead-letters with Kafka Connect's error headers; the service goes on."""
    key, value, given = POISON[name]
    position = await rig.write(f"tasks.{ROLE}", key, value, given, partition=0)
    running = rig.start(Scripted())
    await rig.submit(new_task(), partition=0)
    assert isinstance(await rig.result(), TaskSucceeded)
    [letter] = await rig.records("dead-letters", 1)
    assert (letter.key, letter.value, letter.headers[: len(given)]) == (key, value, given)
    assert header(letter.headers, "__connect.errors.topic") == rig.names.tasks(ROLE)
    assert header(letter.headers, "__connect.errors.partition") == "0"
    assert header(letter.headers, "__connect.errors.offset") == str(position.offset)
    assert header(letter.headers, "__connect.errors.exception.class.name") == "EnvelopeError"
    assert header(letter.headers, "__connect.errors.exception.message")
    assert header(letter.headers, "__connect.errors.stage")
    await running.drain()
    assert running.value("agent_dead_lettered_total") == 1
    assert await rig.committed() == 2
    [span] = [span for span in running.tracing.spans if span.error and span.name.startswith("process")]
    assert [event.name for event in span.events] == ["dead_letter"]


async def test_poison_that_names_its_attempt_fails_it(rig: Rig) -> None:
    """When the headers still say which attempt it was, the orchestrator hears of it at once."""
    await rig.write(f"tasks.{ROLE}", b"key", b"{", headers(subject=TASK.task_id))
    rig.start(Scripted())
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert (result.task_id, result.failure.kind) == (TASK.task_id, FailureKind.POISON)


async def test_poison_as_the_orchestrator_sends_it_fails_its_attempt(rig: Rig) -> None:
    """Its tasks have no subject: their identifier names the attempt."""
    named = encode_headers(Envelope(TASK.task_id, "/collegium/orchestrator", TaskRequested.TYPE, 1, trace=TRACE))
    await rig.write(f"tasks.{ROLE}", b"key", b"{", named)
    rig.start(Scripted())
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert (result.task_id, result.failure.kind) == (TASK.task_id, FailureKind.POISON)


async def test_poison_that_can_be_read_says_which_run_it_is_of(rig: Rig) -> None:
    """A task for another role is one; a later run of the same name is not failed by it."""
    rig.start(Scripted())
    strange = new_task(role="other").model_copy(update={"run_accepted_at_ms": 1_000})
    await rig.write(f"tasks.{ROLE}", strange.run_id.encode(), strange.to_json(), headers(subject=strange.task_id))
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert (result.failure.kind, result.run_accepted_at_ms) == (FailureKind.POISON, 1_000)


async def test_record_without_key_and_value_is_kept_as_an_empty_one(rig: Rig) -> None:
    """Other clients can write a record that ours refuse to write; it must not stop the service."""
    metrics = AgentMetrics(Metrics("test", "0", process_collectors=False), ROLE)
    record = Record(rig.names.tasks(ROLE), 0, 7, 1, None, None)
    offsets = PartitionOffsets()
    offsets.started(7)
    config = RuntimeConfig(worker="test", names=rig.names)
    async with Publisher(rig.log, config.patience) as publisher:
        poison = Poison(publisher, MemoryTracing(), metrics, role=ROLE, config=config, clock=now_ms)
        await poison.bury(Delivery(record, offsets), EnvelopeError("no body"))
    [letter] = await rig.records("dead-letters", 1)
    assert (letter.value, header(letter.headers, "__connect.errors.offset"), offsets.due) == (b"", "7", 8)


async def test_the_largest_poison_is_kept_with_its_bytes(rig: Rig) -> None:
    """Whatever a task topic takes fits into dead-letters, with the headers that say why it is there."""
    value = b"x" * (MAX_TOPIC_RECORD_BYTES - 800)
    await rig.write(f"tasks.{ROLE}", b"key", value, headers())
    running = rig.start(Scripted())
    [letter] = await rig.records("dead-letters", 1)
    await running.drain()
    assert letter.value == value
    assert await rig.committed() == 1


@pytest.mark.parametrize("subject", ["", "a/b", f"{TASK.run_id}/s/x", "no-uuid/s/1", f"{TASK.run_id}/s/0"])
async def test_poison_that_names_nothing_fails_nothing(rig: Rig, subject: str) -> None:
    """A subject of another form is no attempt."""
    await rig.write(f"tasks.{ROLE}", b"key", b"{", headers(subject=subject))
    running = rig.start(Scripted())
    await rig.records("dead-letters", 1)
    await running.drain()
    assert await rig.count("results") == 0
