"""Bounds of specialists: what is forgotten, given up or left to a human when they are met."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from agent_rig import Rig, new_task, now_ms, rigged, task_record
from collegium.agent.attempt import Delivery
from collegium.agent.config import RuntimeConfig
from collegium.agent.effects import EffectCall, Found, Sought
from collegium.agent.effects_call import EffectBounds, EffectEquipment, seek
from collegium.agent.effects_tail import EffectTail
from collegium.agent.metrics import AgentMetrics
from collegium.agent.offsets import PartitionOffsets
from collegium.agent.patience import Patience
from collegium.agent.poison import _MOST_KILLERS, Poison  # pyright: ignore[reportPrivateUsage] - the bound itself
from collegium.agent.publisher import Publisher
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.partitioner import partition_for
from collegium.log.port import Outgoing, Record
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.metrics import Metrics
from collegium_schemas.effects import EffectIntended
from collegium_schemas.envelope import Envelope, decode, encode_headers
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskSucceeded
from effect_worlds import Effector, JournalTarget, entries


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A memory log."""
    broker = MemoryBroker(clock=now_ms)
    async with rigged(lambda: MemoryLog(broker)) as made:
        yield made


@dataclass(frozen=True, slots=True)
class Mute:
    """A target that never answers."""

    kind: str = "mute"
    name: str = "mute"
    deduplicates: bool = False
    timeout_ms: int = 10

    async def call(self, call: EffectCall) -> str:
        """For ever."""
        await asyncio.Event().wait()
        return ""

    async def find(self, key: str) -> Sought:
        """For ever."""
        await asyncio.Event().wait()
        return Sought(Found.ABSENT)


async def test_a_target_that_is_asked_for_too_long_cannot_tell(rig: Rig) -> None:
    """An attempt does not hang on a question."""
    tail = EffectTail(rig.log, rig.names("effects"), Patience(), capacity=10)
    async with Publisher(rig.log, Patience()) as publisher:
        shared = EffectEquipment(
            tail, publisher, {}, MemoryTracing(), rig.names, "w", clock=now_ms, bounds=EffectBounds(find_ms=20)
        )
        async with asyncio.timeout(20):
            assert (await seek(shared, Mute(), "r/s/e")).found is Found.CANNOT_TELL


def intent(key: str, claim: str, takes_over: str | None, settled_by_ms: int) -> EffectIntended:
    """The claim of a process that shows no other life."""
    return EffectIntended(
        key=key,
        claim=claim,
        takes_over=takes_over,
        attempt=1,
        role="scripted",
        worker="other",
        target="journal",
        request_sha256="0" * 64,
        at_ms=1,
        start_before_ms=2,
        settled_by_ms=settled_by_ms,
    )


async def put(rig: Rig, made: EffectIntended) -> None:
    """Write an intent as another process would."""
    key = made.key.encode()
    headers = encode_headers(Envelope(made.claim, "/test", EffectIntended.TYPE, made.at_ms))
    producer = await rig.log.producer()
    topic = rig.names("effects")
    partitions = (await rig.log.describe([topic]))[topic].partitions
    home = partition_for(made.key.partition("/")[0].encode(), partitions)  # the run's, as every effect of it
    await (await producer.send(Outgoing(topic, key, made.to_json(), headers, home)))
    await producer.close()


async def test_a_silent_holder_is_given_up_after_its_bound_and_the_distance_of_clocks(rig: Rig, tmp_path: Path) -> None:
    """Its clock may be behind: it may still begin what its own clock allows."""
    asked = new_task().model_copy(update={"effects": ("alpha",)})
    settled_by_ms = now_ms() + 50
    await put(rig, intent(f"{asked.run_id}/s1/alpha", "c1", None, settled_by_ms))
    journal = JournalTarget(tmp_path, "alpha", timeout_ms=200)
    rig.start(Effector({"alpha": journal}, role="scripted"), effects=EffectBounds(skew_ms=300))
    await rig.submit(asked)
    assert isinstance(await rig.result(), TaskSucceeded)
    second = (await rig.records("effects", 3))[1]
    taken = decode(second.headers, second.value, EffectIntended)
    assert taken.takes_over == "c1"
    assert taken.at_ms >= settled_by_ms + 300


async def test_an_attempt_at_an_effect_gives_up_when_others_keep_changing_it(rig: Rig, tmp_path: Path) -> None:
    """Others take the key from each other for ever: the attempt fails, may be retried, and has called nothing."""
    asked = new_task().model_copy(update={"effects": ("alpha",)})
    key, far_ms = f"{asked.run_id}/s1/alpha", now_ms() + 3_600_000
    await put(rig, intent(key, "c0", None, far_ms))
    journal = JournalTarget(tmp_path, "alpha", timeout_ms=200)
    rig.start(Effector({"alpha": journal}, role="scripted"))
    await rig.submit(asked)
    answer = asyncio.create_task(rig.result())
    async with asyncio.timeout(30):
        for number in count(1):
            await put(rig, intent(key, f"c{number}", f"c{number - 1}", far_ms))
            await asyncio.wait([answer], timeout=0.01)
            if answer.done():
                break
    result = answer.result()
    assert isinstance(result, TaskFailed)
    assert (result.failure.kind, result.failure.permanent) == (FailureKind.DEPENDENCY_UNAVAILABLE, False)
    assert "moved by others all the time" in result.failure.message
    assert entries(tmp_path) == []


async def test_so_many_killers_are_remembered(rig: Rig) -> None:
    """One more and the oldest is forgotten; the memory of a process stays bounded."""
    tasks = [new_task(run_id=f"0190a0a0-0000-7000-8000-{number:012d}") for number in range(_MOST_KILLERS + 1)]
    async with Publisher(rig.log, Patience()) as publisher:
        poison = Poison(
            publisher,
            MemoryTracing(),
            AgentMetrics(Metrics("test", "0", process_collectors=False), "scripted"),
            role="scripted",
            config=RuntimeConfig(worker="w", names=rig.names),
            clock=now_ms,
        )
        for offset, task in enumerate(tasks):
            sent = task_record(rig.names, task)
            record = Record(sent.topic, 0, offset, 1, sent.key, sent.value, tuple(sent.headers))
            offsets = PartitionOffsets()
            offsets.started(offset)
            await poison.bury_killer(Delivery(record, offsets), None)
    remembered = [poison.killer(task) is not None for task in tasks]
    assert remembered == [False, *(True for _ in range(_MOST_KILLERS))]
