# pyright: basic, reportMissingTypeStubs=false
# aiokafka does not annotate its consumer; the product meets it in one adapter, this file bare.
"""What the system adds to a chain of four specialists that do nothing, beside the broker's own floor in one run.

    python benchmarks/chain.py [--serial 200] [--total 3000] [--at-once 100] [--rounds 2]

Starts a broker of its own (or uses COLLEGIUM_KAFKA_BOOTSTRAP), an orchestrator and four specialists as processes,
and measures in turn, round by round: the raw chain (raw_chain.py) and Collegium's. Prints one JSON object:
`serial_ratio` is Collegium's serial p50 over the raw one's, `throughput_ratio` its runs per second at `--at-once`
runs over the raw chains per second. Every run must end exactly once and every attempt be dispatched exactly once.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

import psutil
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from collegium.embedded.kafka import EmbeddedKafka
from collegium.embedded.progress import SilentProgress
from collegium.embedded.setup import default_cache_dir, prepare_kafka
from collegium.log.kafka import open_log
from collegium.log.port import NewTopic
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames, required
from collegium_schemas.events import RunDecided
from raw_chain import ROLES, consumer

HERE = Path(__file__).parent
WAIT_S = 60.0
WARM_UP = 20


class Chain:
    """One of the two systems: where an objective goes in, and how the end of a run is read."""

    def __init__(
        self, name: str, topic_in: str, topic_out: str, body: bytes, ended: Callable[[bytes], str | None]
    ) -> None:
        self.name = name
        self.topic_in = topic_in
        self.topic_out = topic_out
        self.body = body
        self.ended = ended
        """The key's run when the record says that it has ended."""


def quantile_ms(seconds: list[float], share: float) -> float:
    """A quantile in milliseconds."""
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1_000, 2)


async def serial(chain: Chain, bootstrap: str, count: int) -> list[float]:
    """Seconds of runs one after the other, from send to the committed end."""
    took: list[float] = []
    async with clients(chain, bootstrap) as (producer, ends):
        for number in range(count + WARM_UP):
            run_id = str(uuid.uuid4())
            began = time.perf_counter()
            await producer.send_and_wait(chain.topic_in, chain.body, key=run_id.encode())
            await asyncio.wait_for(until_ended(chain, ends, run_id), WAIT_S)
            if number >= WARM_UP:
                took.append(time.perf_counter() - began)
    return took


async def until_ended(chain: Chain, ends: AIOKafkaConsumer, run_id: str) -> None:
    """Read until a run has ended."""
    while True:
        record = await ends.getone()
        if record.key == run_id.encode() and chain.ended(record.value or b""):
            return


async def throughput(chain: Chain, bootstrap: str, total: int, at_once: int) -> tuple[float, Counter[bytes]]:
    """Runs per second with so many under way, and how often each run ended."""
    async with clients(chain, bootstrap) as (producer, ends):
        gate, counted = asyncio.Semaphore(at_once), Counter[bytes]()
        keys = [str(uuid.uuid4()).encode() for _ in range(total)]
        known = set(keys)
        began = time.perf_counter()

        async def send() -> None:
            for key in keys:
                await gate.acquire()
                await producer.send(chain.topic_in, chain.body, key=key)

        async with asyncio.timeout(WAIT_S * 5), asyncio.TaskGroup() as group:
            group.create_task(send())
            while len(counted) < total:
                for records in (await ends.getmany(timeout_ms=500)).values():
                    for record in records:
                        if record.key in known and chain.ended(record.value or b""):
                            counted[record.key] += 1
                            gate.release()
        return total / (time.perf_counter() - began), counted


@contextlib.asynccontextmanager
async def clients(chain: Chain, bootstrap: str) -> AsyncGenerator[tuple[AIOKafkaProducer, AIOKafkaConsumer]]:
    """A producer of objectives, and a reader of ends that begins now."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
    ends = consumer(bootstrap, chain.topic_out)
    await producer.start()
    await ends.start()
    try:
        await ends.seek_to_end()
        for partition in ends.assignment():
            await ends.position(partition)
        yield producer, ends
    finally:
        await producer.stop()
        await ends.stop()


@contextlib.contextmanager
def processes(commands: list[list[str]], environment: dict[str, str], logs: Path) -> Generator[Callable[[], float]]:
    """Start processes and stop them at the end; yields a function that tells the CPU seconds they have used."""
    with contextlib.ExitStack() as stack:
        started = [
            subprocess.Popen(
                command,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=stack.enter_context((logs / f"{number}.log").open("wb")),
            )
            for number, command in enumerate(commands)
        ]
        try:
            try:
                yield lambda: sum(sum(psutil.Process(each.pid).cpu_times()[:2]) for each in started)
            except TimeoutError:
                for log in sorted(logs.glob("*.log")):
                    sys.stderr.write(f"--- {log.name}\n{log.read_text()[-2_000:]}\n")
                raise
            for process, command in zip(started, commands, strict=True):
                if process.poll() is not None:
                    sys.exit(f"{' '.join(command)} ended with {process.returncode}; see {logs}")
        finally:
            for process in started:
                process.terminate()
            for process in started:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


async def prepare_raw(bootstrap: str) -> tuple[Chain, list[list[str]]]:
    """Topics and processes of the raw chain."""
    session = f"raw-{uuid.uuid4().hex[:6]}"
    async with open_log(KafkaSettings(bootstrap=bootstrap)) as log:
        topics = [*ROLES, "objectives", "results", "state", "done"]
        await log.create([NewTopic(f"{session}.{topic}", 1, {}) for topic in topics])
    script = str(HERE / "raw_chain.py")
    commands = [[sys.executable, script, "agent", session, role, bootstrap] for role in ROLES]
    commands.append([sys.executable, script, "orchestrator", session, "-", bootstrap])
    return Chain("raw", f"{session}.objectives", f"{session}.done", b"\0", lambda _: "ended"), commands


async def prepare_collegium(bootstrap: str, partitions: int) -> tuple[Chain, list[list[str]], str]:
    """Topics and processes of the product."""
    prefix = f"bench-{uuid.uuid4().hex[:6]}."
    async with open_log(KafkaSettings(bootstrap=bootstrap)) as log:
        await log.create(required(TopicNames(prefix), (*ROLES, "delivery"), partitions))
    body = json.dumps({"goal": "nothing", "playbook": "chain"}).encode()
    commands = [[sys.executable, "-m", "collegium.agent.noop", "--role", role] for role in ROLES]
    commands.append([sys.executable, "-m", "collegium.orchestrator"])

    def ended(value: bytes) -> str | None:
        if b'"run_ended"' not in value:
            return None
        return next((e.status for e in RunDecided.read(value).events if e.type == "run_ended"), None)

    return Chain("collegium", f"{prefix}objectives", f"{prefix}run-events", body, ended), commands, prefix


async def dispatches(bootstrap: str, topic: str) -> Counter[tuple[str, str, int]]:
    """How often each attempt was dispatched, over all history."""
    reader = consumer(bootstrap, topic)
    await reader.start()
    counted = Counter[tuple[str, str, int]]()
    try:
        await reader.seek_to_beginning()
        ends = await reader.end_offsets(list(reader.assignment()))
        while any([await reader.position(tp) < end for tp, end in ends.items()]):
            for records in (await reader.getmany(timeout_ms=500)).values():
                for record in records:
                    decided = RunDecided.read(record.value or b"")
                    counted.update(
                        (decided.run_id, e.subtask_id, e.attempt)
                        for e in decided.events
                        if e.type == "attempt_dispatched"
                    )
    finally:
        await reader.stop()
    return counted


async def measure(bootstrap: str, given: argparse.Namespace, directory: Path) -> dict[str, object]:
    """Run both chains in turn and compare."""
    raw, raw_commands = await prepare_raw(bootstrap)
    ours, our_commands, prefix = await prepare_collegium(bootstrap, given.partitions)
    environment = {
        **os.environ,  # noqa: TID251 - handed on to the services
        "COLLEGIUM_KAFKA_BOOTSTRAP": bootstrap,
        "COLLEGIUM_KAFKA_TOPIC_PREFIX": prefix,
        "COLLEGIUM_DATA_DIR": str(directory),
        "COLLEGIUM_ORCHESTRATOR_PLAYBOOK_DIRS": json.dumps([str(HERE / "playbooks")]),
        "COLLEGIUM_LOG_LEVEL": "warning",
        "COLLEGIUM_AGENT_CONCURRENCY": str(given.at_once),
        "COLLEGIUM_AGENT_HIGH_WATER": str(given.at_once * 2),
    }
    took: dict[str, list[float]] = {"raw": [], "collegium": []}
    rates: dict[str, list[float]] = {"raw": [], "collegium": []}
    cpu: dict[str, list[float]] = {"raw": [], "collegium": []}
    ends = Counter[bytes]()
    for _ in range(given.rounds):
        for chain, commands in ((raw, raw_commands), (ours, our_commands)):
            with processes(commands, environment, directory) as cpu_s:
                await serial(chain, bootstrap, WARM_UP)
                took[chain.name] += await serial(chain, bootstrap, given.serial)
                await throughput(chain, bootstrap, given.at_once * 3, given.at_once)
                before_s = cpu_s()
                rate, counted = await throughput(chain, bootstrap, given.total, given.at_once)
                cpu[chain.name].append((cpu_s() - before_s) / given.total * 1_000)
                rates[chain.name].append(rate)
                if chain is ours:
                    ends.update(counted)
    sent = await dispatches(bootstrap, f"{prefix}run-events")
    p50 = {name: quantile_ms(seconds, 0.5) for name, seconds in took.items()}
    rate = {name: statistics.median(values) for name, values in rates.items()}
    return {
        "serial_ratio": round(p50["collegium"] / p50["raw"], 3),
        "throughput_ratio": round(rate["collegium"] / rate["raw"], 3),
        "serial_p50_ms": p50["collegium"],
        "serial_p99_ms": quantile_ms(took["collegium"], 0.99),
        "runs_per_s": round(rate["collegium"], 1),
        "raw_serial_p50_ms": p50["raw"],
        "raw_serial_p99_ms": quantile_ms(took["raw"], 0.99),
        "raw_chains_per_s": round(rate["raw"], 1),
        "cpu_ms_per_run": round(statistics.median(cpu["collegium"]), 2),
        "raw_cpu_ms_per_chain": round(statistics.median(cpu["raw"]), 2),
        "at_once": given.at_once,
        "runs": given.total * given.rounds,
        "missing": given.total * given.rounds - len(ends),
        "duplicates": sum(count - 1 for count in ends.values()) + sum(count - 1 for count in sent.values()),
        "partitions": given.partitions,
    }


async def run(given: argparse.Namespace) -> None:
    """Measure on a broker of our own, or on the one that is named."""
    with tempfile.TemporaryDirectory(prefix="collegium-bench-") as name:
        directory = Path(name)
        if given.bootstrap is not None:
            print(json.dumps(await measure(given.bootstrap, given, directory)))
            return
        async with EmbeddedKafka(
            await prepare_kafka(default_cache_dir(), progress=SilentProgress()), directory / "kafka"
        ) as kafka:
            print(json.dumps(await measure(kafka.bootstrap, given, directory)))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description="The 4-specialist chain beside the broker's own floor.")
    parser.add_argument("--serial", type=int, default=200, help="runs one after the other, per round")
    parser.add_argument("--total", type=int, default=3_000, help="runs of the throughput part, per round")
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--partitions", type=int, default=1, help="of the co-partitioned topics")
    parser.add_argument("--bootstrap", default=None, help="a broker that runs already")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
