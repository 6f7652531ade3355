"""Runs objectives in this process, as `collegium run` does, and records what they leave."""

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import uuid6

from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Specialist
from collegium.delivery.report import Report
from collegium.embedded.inprocess import Finished, InProcessSystem, in_process, installed
from collegium.evaluation.runs.chaining import passed, report_of, submitted
from collegium.evaluation.runs.documents import NAME, EvaluatedCorpus
from collegium.evaluation.runs.faulty import Faulty
from collegium.evaluation.runs.metering import Meter
from collegium.evaluation.runs.objectives import Fault, Objective
from collegium.evaluation.runs.provenance import Originals
from collegium.evaluation.runs.recording import Recording, course_of
from collegium.log.kafka import open_log
from collegium.log.port import Outgoing
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames, check
from collegium.orchestrator.playbooks import Library
from collegium.retrieval.corpus import Corpus
from collegium.telemetry.memory import MemoryTracing
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import ApprovalRequested, RunDecided
from collegium_schemas.evidence import Evidence
from collegium_schemas.objective import Action, Intervention, ObjectiveSubmitted, RunStatus

_RUNS_IN_ONE_SYSTEM: Final = 64
"""The log in memory keeps every record: a new system begins with an empty one."""
_LOOK_S: Final = 2.0
_GRACE_S: Final = 30.0
_BROKER_MS: Final = 500
PLAYBOOK: Final = "research-report"


@dataclass(frozen=True, slots=True)
class Stack:
    """A running system of services on this machine.

    Attributes:
        kafka: How its Kafka is reached.
        data_dir: Where its services keep corpora and reports.
    """

    kafka: KafkaSettings
    data_dir: Path


Overrides = Callable[[AgentSettings], Sequence[Specialist]]


@dataclass(frozen=True, slots=True)
class Asked:
    """An objective with the digest of all that its outcome depends on."""

    key: str
    objective: Objective


@dataclass(frozen=True, slots=True)
class Site:
    """Where runs happen.

    Attributes:
        corpus: What they search.
        library: The playbooks.
        playbook: The suite's, for objectives that name none.
        replaced: Specialists of the user, each in place of the shipped one of its role.
        at_once: Runs at the same time.
        timeout_ms: A run's deadline.
        stack: The services that do the runs, through Kafka; None: all in this process.
        vectors_wait_s: How long to wait, before the first run, until the corpus's vectors are ready; 0 when there are
            none to come.
    """

    corpus: EvaluatedCorpus
    library: Library
    playbook: str | None = None
    replaced: tuple[Overrides, ...] = ()
    at_once: int = 1
    timeout_ms: int = 120_000
    stack: Stack | None = None
    vectors_wait_s: float = 0.0
    links: tuple[str, ...] = ()
    """Roles that the objectives go through in a row, without an orchestrator; empty for whole runs."""

    @property
    def corpus_name(self) -> str:
        """The corpus's name where the runs search it."""
        return NAME if self.stack is None else f"{NAME}-{self.corpus.sha256[:12]}"

    @property
    def reports(self) -> Path:
        """Where the reports of its runs lie."""
        return (self.corpus.data_dir if self.stack is None else self.stack.data_dir) / "reports"


def perform(site: Site, asked: Sequence[Asked], keep: Callable[[Recording], None]) -> None:
    """Run every objective, and hand each recording over as soon as it is there.

    Raises:
        ExceptionGroup: a part of the system failed.
    """
    work = _perform_chain if site.links else _perform if site.stack is None else _perform_through_kafka
    asyncio.run(work(site, asked, keep))


async def _perform_chain(site: Site, asked: Sequence[Asked], keep: Callable[[Recording], None]) -> None:
    """One objective after the other through the links."""
    settings = AgentSettings(data_dir=site.corpus.data_dir)
    mine = {one.role: one for build in site.replaced for one in build(settings)}
    with installed([role for role in site.links if role not in mine], settings) as shipped:
        chain = _Chain(site, {**{one.role: one for one in shipped}, **mine})
        await _warm_up(site, chain.record, asked[0])
        for one in asked:
            keep(await chain.record(one))


async def _warm_up(site: Site, record: Callable[[Asked], Awaitable[Recording]], asked: Asked) -> None:
    """Record one unmeasured, again until the vectors of the corpus take part, where they are to come."""
    ends = time.monotonic() + site.vectors_wait_s
    for _ in range(1 + int(site.vectors_wait_s / _LOOK_S)):
        if (await record(asked)).mode != "bm25" or time.monotonic() >= ends:
            return
        await asyncio.sleep(_LOOK_S)


class _Chain:
    """Puts objectives through the links."""

    def __init__(self, site: Site, specialists: Mapping[str, Specialist]) -> None:
        self._site = site
        self._specialists = specialists
        self._originals = Originals(site.corpus)

    async def record(self, asked: Asked) -> Recording:
        """One objective, from its first task to what the last link left."""
        name = asked.objective.playbook or self._site.playbook or PLAYBOOK
        objective = submitted(asked.objective, self._site.corpus_name, name)
        began = time.perf_counter()
        async with asyncio.timeout(self._site.timeout_ms / 1_000 + _GRACE_S):
            found = await passed(objective, self._site.library.playbooks[name], self._site.links, self._specialists)
        ms = (time.perf_counter() - began) * 1_000
        report, evidence = report_of(objective, found), found.of(Evidence)
        return Recording(
            key=asked.key,
            objective_id=asked.objective.id,
            course=found.course,
            report=report,
            displaced=0 if report is None else self._originals.displaced(report),
            mode=evidence[-1].mode if evidence else "none",
            ms=round(ms, 3),
        )


async def _perform_through_kafka(site: Site, asked: Sequence[Asked], keep: Callable[[Recording], None]) -> None:
    """On the services of a running stack, as a user's objectives would be."""
    stack = site.stack
    if stack is None:
        return
    corpus = Corpus(stack.data_dir, site.corpus_name)
    await asyncio.to_thread(corpus.add, [site.corpus.source])
    names = TopicNames(stack.kafka.topic_prefix)
    async with open_log(stack.kafka, client_id="collegium-evaluation") as log:
        partitions = await check(log, names, sorted(site.library.roles))
        system = InProcessSystem(log, names, MemoryTracing("collegium-evaluation"), partitions)
        meter = await Meter.of(
            log, names, sorted(site.library.roles), partitions, start_at="latest", wait_ms=_BROKER_MS
        )
        try:
            runner = _Runner(site, system, meter)
            await _warm_up(site, runner.record, asked[0])
            await _all(runner, asked, keep, site.at_once)
        finally:
            await meter.close()


async def _perform(site: Site, asked: Sequence[Asked], keep: Callable[[Recording], None]) -> None:
    settings = AgentSettings(data_dir=site.corpus.data_dir)
    with installed(sorted(site.library.roles), settings) as shipped:
        mine = {one.role: one for build in site.replaced for one in build(settings)}
        specialists = [mine.get(one.role, one) for one in shipped]
        sound = [one for one in asked if not one.objective.faults]
        warm = False
        for start in range(0, len(sound), _RUNS_IN_ONE_SYSTEM):
            async with _system(site, specialists) as runner:
                if not warm:
                    await _warm_up(site, runner.record, sound[0])
                    warm = True
                await _all(runner, sound[start : start + _RUNS_IN_ONE_SYSTEM], keep, site.at_once)
        for one in (one for one in asked if one.objective.faults):
            async with _system(site, _spoilt(specialists, one.objective.faults)) as runner:
                await _all(runner, [one], keep, 1)


def _spoilt(specialists: Sequence[Specialist], faults: Mapping[str, Fault]) -> list[Specialist]:
    return [Faulty(one, faults[one.role]) if one.role in faults else one for one in specialists]


async def _all(runner: "_Runner", asked: Sequence[Asked], keep: Callable[[Recording], None], at_once: int) -> None:
    waiting = iter(asked)

    async def work() -> None:
        for one in waiting:
            keep(await runner.record(one))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(asked))):
            group.create_task(work())


@asynccontextmanager
async def _system(site: Site, specialists: Sequence[Specialist]) -> AsyncGenerator["_Runner"]:
    async with in_process(specialists, library=site.library) as system:
        meter = await Meter.of(system.log, system.names, [one.role for one in specialists])
        try:
            yield _Runner(site, system, meter)
        finally:
            await meter.close()


class _Runner:
    """Runs objectives in one system."""

    def __init__(self, site: Site, system: InProcessSystem, meter: Meter) -> None:
        self._site = site
        self._system = system
        self._meter = meter
        self._originals = Originals(site.corpus)

    async def record(self, asked: Asked) -> Recording:
        """One run, from sending its objective to its end."""
        objective = self._submitted(asked.objective)
        began = time.perf_counter()
        run_id = await self._system.submit(objective)
        history: list[RunDecided] = []
        async with asyncio.timeout(self._site.timeout_ms / 1_000 + _GRACE_S):
            asked_a_person = await self._followed(run_id, history)
        ms = (time.perf_counter() - began) * 1_000
        finished = await self._finished(run_id, asked_a_person=asked_a_person)
        report, size = self._report(finished)
        evidence = await self._system.output(history, Evidence)
        log_bytes, log_records = await self._meter.read(run_id)
        return Recording(
            key=asked.key,
            objective_id=asked.objective.id,
            course=course_of(history, finished),
            report=report,
            displaced=0 if report is None else self._originals.displaced(report),
            mode="none" if evidence is None else evidence.mode,
            ms=round(ms, 3),
            log_bytes=log_bytes,
            log_records=log_records,
            report_bytes=size,
        )

    def _submitted(self, objective: Objective) -> ObjectiveSubmitted:
        return ObjectiveSubmitted(
            goal=objective.goal,
            run_id=str(uuid6.uuid7()),
            corpus=self._site.corpus_name,
            playbook=objective.playbook or self._site.playbook or PLAYBOOK,
            params=objective.params,
            budget=objective.budget,
            deadline=datetime.now(UTC) + timedelta(milliseconds=self._site.timeout_ms),
            requester="evaluation",
        )

    async def _followed(self, run_id: str, history: list[RunDecided]) -> bool:
        """Read a run's decisions to its end, or until it asks a person, whom there is none of here."""
        async for decided in self._system.decisions(run_id):
            history.append(decided)
            if any(isinstance(event, ApprovalRequested) for event in decided.events):
                return True
        return False

    async def _finished(self, run_id: str, *, asked_a_person: bool) -> Finished:
        if asked_a_person:
            await self._cancel(run_id)
            return Finished(run_id, RunStatus.WAITING_APPROVAL, "a person was asked", None, None)
        return await self._system.finish(run_id)

    async def _cancel(self, run_id: str) -> None:
        word = Intervention(run_id=run_id, action=Action.CANCEL, requester="evaluation", reason="nobody answers here")
        envelope = Envelope(str(uuid6.uuid7()), "/collegium/evaluation", word.TYPE, time.time_ns() // 1_000_000, run_id)
        topic = self._system.names("interventions")
        producer = await self._system.log.producer()
        try:
            await (await producer.send(Outgoing(topic, run_id.encode(), word.to_json(), encode_headers(envelope))))
        finally:
            await producer.close()

    def _report(self, finished: Finished) -> tuple[Report | None, int]:
        """What was delivered, as its reader finds it; files of our own are removed, since the recording holds them."""
        if finished.delivery is None:
            return None, 0
        place = self._site.reports / finished.run_id
        report = Report.read((place / "report.json").read_bytes())
        size = sum(file.size_bytes for file in finished.delivery.files)
        if self._site.stack is None:
            shutil.rmtree(place)
        return report, size
