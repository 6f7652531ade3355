# pyright: basic, reportMissingTypeStubs=false
# aiokafka does not annotate its consumer; the product meets it in one adapter, this file bare.
"""The broker's own floor: the same chain of four hops with bare aiokafka clients and empty work.

One process takes objectives and results and answers in transactions, two producers in turn; four processes answer
tasks. There is no state, no schema, no trace: what remains is what Kafka and its client cost.

    python benchmarks/raw_chain.py agent|orchestrator SESSION ROLE BOOTSTRAP      (started by chain.py)
"""

import asyncio
import sys

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import RecordMetadata

ROLES = ("retrieval", "analysis", "drafting", "verification")
SIZE_BYTES = 500


def consumer(bootstrap: str, *topics: str, group: str | None = None) -> AIOKafkaConsumer:
    """A read_committed consumer that returns as soon as something is there."""
    return AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        group_id=group,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=50,
    )


async def agent(session: str, role: str, bootstrap: str) -> None:
    """Answer each task with its own bytes."""
    source = consumer(bootstrap, f"{session}.{role}", group=f"{session}.{role}")
    sink = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
    await source.start()
    await sink.start()
    while True:
        for partition, records in (await source.getmany(timeout_ms=500)).items():
            sent = [await sink.send(f"{session}.results", record.value, key=record.key) for record in records]
            await asyncio.gather(*sent)
            await source.commit({partition: records[-1].offset + 1})


async def orchestrator(session: str, bootstrap: str) -> None:
    """Send each run to its next role, and a state record with it, in one transaction a batch."""
    source = consumer(bootstrap, f"{session}.objectives", f"{session}.results", group=f"{session}.orchestrator")
    await source.start()
    sinks = [
        AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{session}.{turn}", acks="all")
        for turn in (0, 1)
    ]
    for sink in sinks:
        await sink.start()
    turn = 0
    while True:
        batches = await source.getmany(timeout_ms=500)
        records = [record for batch in batches.values() for record in batch]
        if not records:
            continue
        sink, turn = sinks[turn], 1 - turn
        await sink.begin_transaction()
        sent: list[asyncio.Future[RecordMetadata]] = []
        for record in records:
            body = record.value or b""
            step = body[0] if record.topic.endswith(".results") else 0
            target = ROLES[step] if step < len(ROLES) else "done"
            following = bytes([step + 1]) + b"x" * SIZE_BYTES
            sent.append(await sink.send(f"{session}.{target}", following, key=record.key))
            sent.append(await sink.send(f"{session}.state", following, key=record.key))
        await asyncio.gather(*sent)
        await sink.commit_transaction()


def main() -> None:
    """Run one of the two."""
    match sys.argv[1:]:
        case ["agent", session, role, bootstrap]:
            work = agent(session, role, bootstrap)
        case ["orchestrator", session, _, bootstrap]:
            work = orchestrator(session, bootstrap)
        case _:
            sys.exit(__doc__)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


if __name__ == "__main__":
    main()
