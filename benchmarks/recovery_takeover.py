# pyright: basic, reportMissingTypeStubs=false
"""How long partitions are without an owner after `kill -9`, with default settings on a real broker.

Two orchestrators run as processes. Objectives for every partition are sent all the time, so that each partition has
something to commit. One orchestrator is killed; what the other commits in the dead one's partitions is seen in
run-events, where every decision names its owner. Used by recovery.py.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from pathlib import Path

import psutil

from collegium.log.kafka import open_log
from collegium.log.partitioner import partition_for
from collegium.log.port import Log, Outgoing, StartAt, TopicPartition
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames, required
from collegium_schemas.events import RunDecided
from live_runs import copies, write

PARTITIONS = 4
WAIT_S = 120.0
EVERY_S = 0.25
ROLES = ("retrieval", "analysis", "drafting", "verification", "delivery")


class Watch:
    """Who committed last in each partition, and when that was seen here."""

    def __init__(self) -> None:
        self.owners: dict[int, str] = {}
        self.seen_at_s: dict[int, float] = {}
        self.changed = asyncio.Event()

    async def follow(self, log: Log, names: TopicNames) -> None:
        """Read run-events from now on."""
        sources: dict[TopicPartition, int | StartAt] = {
            TopicPartition(names("run-events"), number): "latest" for number in range(PARTITIONS)
        }
        reader = await log.assign(sources)
        while True:
            for source, records in (await reader.poll(max_records=1_000, timeout_ms=200)).items():
                self.owners[source.partition] = RunDecided.read(records[-1].value or b"").owner
                self.seen_at_s[source.partition] = time.time()
                self.changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(WAIT_S):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


async def feed(log: Log, names: TopicNames) -> None:
    """An objective for every partition, again and again."""
    producer = await log.producer()
    while True:
        for number in range(PARTITIONS):
            run_id = str(uuid.uuid4())
            while partition_for(run_id.encode(), PARTITIONS) != number:
                run_id = str(uuid.uuid4())
            body = json.dumps({"goal": "What is a topic?", "run_id": run_id}).encode()
            await (await producer.send(Outgoing(names("objectives"), run_id.encode(), body)))
        await asyncio.sleep(EVERY_S)


class Process:
    """One orchestrator with default settings."""

    def __init__(self, bootstrap: str, names: TopicNames, directory: Path, number: int) -> None:
        self.log = directory / f"orchestrator-{number}.log"
        environment = {
            **os.environ,  # noqa: TID251 - handed on to the service
            "COLLEGIUM_KAFKA_BOOTSTRAP": bootstrap,
            "COLLEGIUM_KAFKA_TOPIC_PREFIX": names.prefix,
            "COLLEGIUM_DATA_DIR": str(directory),
            "COLLEGIUM_LOG_FORMAT": "json",
        }
        with self.log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "collegium.orchestrator"],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )

    @property
    def owns(self) -> str:
        """How its decisions name it ends with this."""
        return f":{self.process.pid}"

    def cpu_s(self) -> float:
        """CPU seconds that it has used."""
        used = psutil.Process(self.process.pid).cpu_times()
        return used.user + used.system

    def told_at_s(self, phrase: str, after_s: float) -> list[float]:
        """When it logged lines with a phrase, after a moment."""
        lines = [json.loads(line) for line in self.log.read_bytes().splitlines() if line.startswith(b"{")]
        times = [datetime.fromisoformat(line["time"]).timestamp() for line in lines if phrase in line["message"]]
        return [at_s for at_s in times if at_s > after_s]

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()


async def prepare(log: Log, names: TopicNames, live_runs: int) -> None:
    """Topics, and so many live runs spread over the partitions."""
    await log.create(required(names, ROLES, PARTITIONS))
    now_ms = time.time_ns() // 1_000_000
    homes: list[list] = [[] for _ in range(PARTITIONS)]
    for run_id, parts in copies(live_runs, now_ms):
        homes[partition_for(run_id.encode(), PARTITIONS)].append((run_id, parts))
    for number, runs in enumerate(homes):
        await write(log, names, number, iter(runs), now_ms)


@contextlib.asynccontextmanager
async def background(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run these until the block ends."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def measure(bootstrap: str, directory: Path, live_runs: int, rounds: int) -> list[dict[str, float]]:
    """Kill one of two orchestrators, so many times."""
    names = TopicNames(f"takeover-{uuid.uuid4().hex[:6]}.")
    found: list[dict[str, float]] = []
    async with open_log(KafkaSettings(bootstrap=bootstrap)) as log:
        await prepare(log, names, live_runs)
        watch = Watch()
        numbers = iter(range(1_000))
        processes = [Process(bootstrap, names, directory, next(numbers)) for _ in range(2)]
        try:
            async with background(watch.follow(log, names), feed(log, names)):
                for _ in range(rounds):
                    found.append(await kill_one(watch, processes))
                    processes.append(Process(bootstrap, names, directory, next(numbers)))
        finally:
            for process in processes:
                process.end()
    return found


async def kill_one(watch: Watch, processes: list[Process]) -> dict[str, float]:
    """Kill the first process once both share the partitions, and see the other take over."""

    def shared() -> bool:
        owners = list(watch.owners.values())
        return all(sum(owner.endswith(each.owns) for owner in owners) == PARTITIONS // 2 for each in processes)

    await watch.until(shared)
    dead = processes.pop(0)
    [survivor] = processes
    lost = [number for number, owner in watch.owners.items() if owner.endswith(dead.owns)]
    killed_at_s = time.time()
    dead.end()
    before_s, first_s, cpu_s = survivor.cpu_s(), None, 0.0

    def taken() -> bool:
        nonlocal first_s, cpu_s
        over = [n for n in lost if watch.owners[n].endswith(survivor.owns)]
        if over and first_s is None:
            first_s, cpu_s = min(watch.seen_at_s[n] for n in over), survivor.cpu_s() - before_s
        return len(over) == len(lost)

    await watch.until(taken)
    last_s = max(watch.seen_at_s[n] for n in lost)
    rebalanced_s = survivor.told_at_s("this member reads", killed_at_s)[-1]
    ready = survivor.told_at_s("is ready", killed_at_s)
    return {
        "killed_to_rebalanced_s": round(rebalanced_s - killed_at_s, 2),
        "killed_to_first_step_s": round((first_s or last_s) - killed_at_s, 2),
        "killed_to_all_partitions_s": round(last_s - killed_at_s, 2),
        "rebalanced_to_first_step_s": round((first_s or last_s) - rebalanced_s, 2),
        "rebalanced_to_all_partitions_s": round(last_s - rebalanced_s, 2),
        "survivor_cpu_to_first_step_s": round(cpu_s, 2),
        "rebalanced_to_last_restored_s": round(max(ready) - rebalanced_s, 2),
    }
