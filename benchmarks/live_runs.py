"""Live runs as an orchestrator leaves them in run-state: for benchmarks of recovery.

One real run of the shipped `research-report` playbook is driven by the core to where it waits for its analysis; every
other run is that one with its own ids, hashes and goal, written in transactions as owners write them.
"""

import hashlib
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collegium.log.port import Log, Outgoing
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.deciding import decide
from collegium.orchestrator.core.decision import Decided
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import Input, Moment, ObjectiveArrived, OutcomeArrived, Rules, Run
from collegium.orchestrator.playbooks import load_library
from collegium.orchestrator.shell.parts import HEADER, changed_parts
from collegium.telemetry.tracing import run_trace
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import Origin, RunDecided
from collegium_schemas.objective import ObjectiveSubmitted
from collegium_schemas.state import SubtaskPart, SubtaskStatus
from collegium_schemas.tasks import ContextRef, TaskSucceeded

RULES = Rules(load_library().playbooks)
DAY_MS = 86_400_000
GOAL = "Compare the acknowledgement settings of producers in Apache Kafka 2.8 and 3.9, and say which one is the default"


@dataclass
class Driven:
    """One run, driven input by input."""

    run_id: str
    rules: Rules
    now_ms: int
    run: Run | None = None

    def live(self) -> Run:
        """The run, which is there once its objective was taken.

        Raises:
            LookupError: it is not.
        """
        if self.run is None:
            raise LookupError(self.run_id)
        return self.run

    def take(self, happened: Input) -> Decided:
        """Decide on an input and fold the decision."""
        decision = decide(self.run, happened, self.rules, Moment(self.now_ms, 0.5))
        decided = RunDecided(
            run_id=self.run_id,
            version=1 if self.run is None else self.run.header.version + 1,
            at_ms=self.now_ms,
            origin=Origin(kind="result"),
            owner="benchmark",
            events=decision.events,
        )
        self.run = evolve(self.run, decided)
        return decision


def accepted(run_id: str, now_ms: int, rules: Rules = RULES, **fields: object) -> Driven:
    """A run right after its acceptance."""
    objective = ObjectiveSubmitted.model_validate({"goal": GOAL, "run_id": run_id, **fields})
    digest = hashlib.sha256(objective.to_json()).hexdigest()
    driven = Driven(run_id, rules, now_ms)
    driven.take(ObjectiveArrived(run_id, objective, digest, run_trace(run_id, None), None))
    return driven


def success(run_id: str, part: SubtaskPart, now_ms: int) -> OutcomeArrived:
    """A success of a subtask's current attempt, with every output that it owes."""
    refs = tuple(
        ContextRef(name=name, partition=0, offset=1, sha256=hashlib.sha256(name.encode()).hexdigest(), size_bytes=9_000)
        for name in part.spec.outputs
    )
    outcome = TaskSucceeded(
        run_id=run_id,
        subtask_id=part.spec.subtask_id,
        attempt=part.attempt,
        role=part.spec.role,
        worker=f"{part.spec.role}@host:1",
        started_at_ms=now_ms,
        ended_at_ms=now_ms + 5,
        outputs=refs,
        confidence=0.87,
        evidence_count=8,
    )
    return OutcomeArrived(run_id, outcome, run_trace(run_id, None))


def template(now_ms: int) -> tuple[str, Mapping[str, bytes]]:
    """A live run that waits for its analysis: its id, and its parts in the order in which they were last written."""
    run_id = str(uuid.UUID(int=0x0190AAAA00007000800000000000BEEF))
    driven = accepted(run_id, now_ms, deadline="2029-01-01T00:00:00Z")
    for part in [part for part in driven.live().subtasks.values() if part.status is SubtaskStatus.RUNNING]:
        driven.take(success(run_id, part, now_ms))
    parts = {name: part.to_json() for name, part in changed_parts(None, driven.run) if part is not None}
    late = [name for name in parts if name == HEADER or name.startswith("subtask/")]
    return run_id, {name: parts[name] for name in (*(n for n in parts if n not in late), *reversed(late))}


def copies(count: int, now_ms: int, first: int = 0) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """So many runs like the template, each with ids, hashes and a goal of its own."""
    like, parts = template(now_ms)
    spare = hashlib.sha256(b"passages").hexdigest().encode()
    trace = run_trace(like, None).traceparent.encode()
    for number in range(first, first + count):
        run_id = str(uuid.uuid4())
        own, ours = os.urandom(32).hex().encode(), run_trace(run_id, None).traceparent.encode()
        yield (
            run_id,
            [
                (
                    name,
                    body.replace(like.encode(), run_id.encode())
                    .replace(trace, ours)
                    .replace(spare, own)
                    .replace(GOAL.encode(), f"{GOAL} ({number})".encode()),
                )
                for name, body in parts.items()
            ],
        )


async def write(
    log: Log, names: TopicNames, partition: int, runs: Iterator[tuple[str, list[tuple[str, bytes]]]], now_ms: int,
    *, runs_per_transaction: int = 20,
) -> tuple[int, int]:  # fmt: skip
    """Write runs to a partition of run-state; how many records and bytes of bodies that were."""
    producer = await log.transactional_producer(f"{names.prefix}benchmark.{partition}")
    records = body_bytes = waiting = 0
    await producer.begin()
    for run_id, parts in runs:
        for name, body in parts:
            kind = f"collegium.state.{name.partition('/')[0]}.v1"
            headers = encode_headers(Envelope(f"{run_id}/{name}", "/collegium/orchestrator", kind, now_ms))
            await producer.send(Outgoing(names("run-state"), f"{run_id}/{name}".encode(), body, headers, partition))
            records += 1
            body_bytes += len(body)
        waiting += 1
        if waiting == runs_per_transaction:
            await producer.commit()
            await producer.begin()
            waiting = 0
    await producer.commit()
    await producer.close()
    return records, body_bytes
