"""The bounds of a specialist process: its memory under back-pressure, and how long it takes to end."""

import re
import signal
from pathlib import Path

import httpx

from agent_processes import SpecialistProcess, specialist_process
from agent_rig import ROLE, Rig, new_task, until
from collegium.log.port import TopicPartition

LARGE_BYTES = 900_000
TASKS = 200
HIGH_WATER = 4
ROOM_BYTES = 80_000_000
"""For four tasks, what is fetched of eight partitions at once, and what decoding leaves; the tasks are 180 MB."""


async def metric(process: SpecialistProcess, name: str) -> float:
    """A metric of the process."""
    async with httpx.AsyncClient(timeout=10) as client:
        text = (await client.get(f"http://127.0.0.1:{process.port}/metrics")).text
    found = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE)
    return sum(map(float, found))


async def performing(rig: Rig) -> None:
    """Until an attempt shows that it is under way."""
    await rig.records("progress", 1)


async def test_a_backlog_of_large_tasks_stays_in_the_log(rig: Rig, kafka_bootstrap: str, tmp_path: Path) -> None:
    """At the high-water mark a process takes no more into its memory, and keeps its place in the group."""
    given = {"bootstrap": kafka_bootstrap, "prefix": rig.names.prefix}
    settings = {
        "COLLEGIUM_AGENT_CONCURRENCY": "1",
        "COLLEGIUM_AGENT_HIGH_WATER": str(HIGH_WATER),
        "COLLEGIUM_AGENT_LOW_WATER": "1",
        "COLLEGIUM_AGENT_HEARTBEAT_MS": "200",
    }
    async with specialist_process(tmp_path, **given, pause_ms=600_000, **settings) as process:
        await process.ready()
        before = await metric(process, "process_resident_memory_bytes")
        large = new_task(deadline_ms=600_000).model_copy(update={"params": {"filler": "x" * LARGE_BYTES}})
        for number in range(TASKS):
            await rig.submit(large.model_copy(update={"subtask_id": f"s{number}"}), partition=number % 8)
        await performing(rig)
        beats = await rig.count("progress")
        await rig.records("progress", beats + 10)
        assert await metric(process, "collegium_agent_tasks_in_flight") == HIGH_WATER
        assert await metric(process, "process_resident_memory_bytes") < before + ROOM_BYTES
        await process.says('"ready"')


async def test_a_drain_ends_within_its_bound_and_blames_nobody(rig: Rig, kafka_bootstrap: str, tmp_path: Path) -> None:
    """What runs longer is given up: the process ends with 0, and its partition is given back without suspects."""
    given = {"bootstrap": kafka_bootstrap, "prefix": rig.names.prefix}
    soon = {"COLLEGIUM_AGENT_DRAIN_MS": "300", "COLLEGIUM_AGENT_HEARTBEAT_MS": "200"}
    async with specialist_process(tmp_path / "first", **given, pause_ms=600_000, **soon) as process:
        await process.ready()
        await rig.submit(new_task(), partition=0)
        await performing(rig)
        process.signal(signal.SIGTERM)
        assert await process.ended() == 0, process.output
    source = TopicPartition(rig.names.tasks(ROLE), 0)
    member = await rig.log.subscribe([source.topic], group=rig.names(ROLE))
    committed = (await member.committed([source]))[source]
    await member.close()
    assert (committed.offset, committed.metadata) == (0, "clean")
    async with specialist_process(tmp_path / "second", **given) as process:
        await rig.results(1)
        process.signal(signal.SIGTERM)
        assert await process.ended() == 0, process.output


async def test_a_second_signal_ends_a_drain_at_once(rig: Rig, kafka_bootstrap: str, tmp_path: Path) -> None:
    """The process does not wait for the attempt any longer; the next one performs it again."""
    given = {"bootstrap": kafka_bootstrap, "prefix": rig.names.prefix}
    patient = {"COLLEGIUM_AGENT_DRAIN_MS": "600000", "COLLEGIUM_AGENT_HEARTBEAT_MS": "200"}
    async with specialist_process(tmp_path / "first", **given, pause_ms=600_000, **patient) as process:
        await process.ready()
        await rig.submit(new_task())
        await performing(rig)
        process.signal(signal.SIGTERM)
        await until(lambda: "drains: 1 tasks in flight" in process.output, "it drains")
        process.signal(signal.SIGTERM)
        assert await process.ended() == 0, process.output
    async with specialist_process(tmp_path / "second", **given) as process:
        assert len(await rig.results(1)) == 1
