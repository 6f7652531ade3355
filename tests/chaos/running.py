"""Carrying out cells: brokers, services, load, fault, end, verdict."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from aiokafka.errors import KafkaError

from chaos.brokers import B, BrokerPlan, Brokers, Site
from chaos.checker.judging import Exported, Submissions, Verdict, judge
from chaos.checker.topics import Topics, read_topics
from chaos.collector import Collector, collecting
from chaos.expecting import surprises
from chaos.fleet import Fleet
from chaos.history import History
from chaos.human import Human
from chaos.load import Load
from chaos.matrix import AnyCell, Cell
from chaos.outside import Outside
from chaos.services import SETTINGS
from chaos.tally import TALLIED_BY, tallied
from chaos.trial import Trial
from collegium.embedded.ports import free_port
from collegium.log.errors import LogError
from collegium.log.kafka import open_log
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames, required

PARTITIONS = 4
LEAST_OBJECTIVES = 20
"""A trial with fewer of them acknowledged was not under load."""
ROLES = ("worker", "undoer", "retrieval", "analysis", "drafting", "verification", "delivery")
_SETTLE_S = 20.0
_FINDINGS = 5
_TELL_S = 5.0
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of the matrix."""

    cell: AnyCell
    verdict: Verdict | None
    """None when the cell failed before there was anything to judge."""
    faults: tuple[str, ...]
    """Why it failed; none when it passed."""
    recovery_s: float | None
    took_s: float
    directory: Path

    @property
    def passed(self) -> bool:
        """Whether every invariant and expectation holds."""
        return not self.faults


@dataclass(slots=True)
class Runner:
    """Runs cells one after the other, keeping brokers between cells of the same plan.

    Args:
        site: Where everything is put.
        tell: Called with a line of progress.
    """

    site: Site
    tell: Callable[[str], None]
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)
    _plan: object = None
    _brokers: Brokers | None = None

    async def run(self, cells: Sequence[AnyCell]) -> AsyncGenerator[Outcome]:
        """Carry out cells in their order; what each gave, as soon as it is known."""
        try:
            for number, cell in enumerate(cells, 1):
                self.tell(f"[{number}/{len(cells)}] {cell.row}: {cell.column} ...")
                outcome = await self.run_one(cell)
                self.tell(_line(outcome))
                yield outcome
        finally:
            await self.close()

    async def run_one(self, cell: AnyCell) -> Outcome:
        """Carry out one cell; `close` afterwards."""
        began_s = time.monotonic()
        directory = self.site.directory / "trials" / f"{cell.name.replace('/', '.')}-{uuid.uuid4().hex[:6]}"
        result = Judged()
        try:
            brokers = await self._brokers_of(cell.brokers)
            await asyncio.to_thread(directory.mkdir, parents=True)
            await carry_out(cell, brokers, directory, result)
        except (AssertionError, OSError, ExceptionGroup, TimeoutError, KafkaError, LogError) as error:
            result.faults.extend(_told(error))
        broken = cell.fresh or bool(result.faults)
        if broken:
            await self.close()
        return Outcome(
            cell, result.verdict, tuple(result.faults), result.recovery_s, time.monotonic() - began_s, directory
        )

    async def _brokers_of(self, plan: BrokerPlan[B]) -> Brokers:
        if self._plan is not plan or self._brokers is None:
            await self.close()
            self._brokers = await self._open.enter_async_context(plan.open(self.site))
            self._plan = plan
        return self._brokers

    async def close(self) -> None:
        """Stop the brokers."""
        self._plan, self._brokers = None, None
        await self._open.aclose()
        self._open = AsyncExitStack()


@dataclass(slots=True)
class Judged:
    """What is known of a cell so far."""

    verdict: Verdict | None = None
    faults: list[str] = field(default_factory=list[str])
    recovery_s: float | None = None


async def carry_out(cell: Cell[B], brokers: B, directory: Path, result: Judged) -> None:
    """One cell, from its topics to the verdict."""
    prefix = f"chaos-{uuid.uuid4().hex[:8]}."
    names = TopicNames(prefix)
    await create_topics(brokers, names)
    port = free_port()
    async with (
        collecting(brokers.outsides, port) as collector,
        _fleet(cell, brokers, directory, prefix, port) as fleet,
    ):
        load = Load(brokers.bootstrap, names("objectives"), cell.load)
        history = History(brokers.bootstrap, names("run-events"), PARTITIONS)
        trial = Trial(prefix, brokers, fleet, load, history, names)
        try:
            await _under_load(cell, trial)
        except (AssertionError, TimeoutError) as error:
            result.faults.extend((*_told(error), fleet.logs()))
        await _whole(collector, history)
        result.recovery_s = trial.recovery_s()
        statuses = await fleet.end()
        exported = Exported(collector.spans, fleet.killed, collector.dropped)
    result.faults.extend(f"{name} ended with status {status}" for name, status in statuses if status != 0)
    await _verdict(cell, trial, exported, directory, result)


async def _whole(collector: Collector, history: History) -> None:
    """Give an owner that has just taken over the time to tell what the one before had not; the checker judges it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_TELL_S):
            while not collector.whole(len(history.decisions), len(history.ended)):  # noqa: ASYNC110 - told by others
                await asyncio.sleep(_LOOK_S)


async def _under_load(cell: Cell[B], trial: Trial[B]) -> None:
    """Warm up, strike, go on, and wait for the end of every run."""
    async with _watching(trial), asyncio.TaskGroup() as group:
        loading = group.create_task(trial.load.run())
        await trial.ended(cell.load.warm)
        try:
            async with asyncio.timeout(cell.bound_s):
                await cell.strike(trial)
            await asyncio.sleep(cell.load.after_s)
        finally:
            trial.load.stop()
        await loading
        await trial.until(
            lambda: trial.history.ended.keys() >= set(trial.load.submitted.acknowledged),
            f"all {len(trial.load.submitted.acknowledged)} acknowledged objectives have ended",
            cell.expects.end_s,
        )


@asynccontextmanager
async def _watching(trial: Trial[B]) -> AsyncGenerator[None]:
    worker = trial.fleet.home(TALLIED_BY)
    brokers, topic = trial.brokers.bootstrap, trial.names("interventions")
    human = Human(trial.history, brokers, topic, lambda key: key in tallied(worker))
    tasks = [asyncio.create_task(trial.history.watch()), asyncio.create_task(human.run())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _verdict(cell: Cell[B], trial: Trial[B], exported: Exported, directory: Path, result: Judged) -> None:
    sent = trial.load.submitted
    submitted = Submissions(sent.acknowledged, sent.unsure, strangers=cell.expects.refused > 0)
    verdict = judge(await _settled(trial), submitted, exported)
    result.verdict = verdict
    result.faults.extend(str(finding) for finding in verdict.findings[:_FINDINGS])
    if len(verdict.findings) > _FINDINGS:
        result.faults.append(f"... and {len(verdict.findings) - _FINDINGS} further findings")
    result.faults.extend(cell.expects.outside(Outside(directory, verdict.facts)))
    result.faults.extend(surprises(cell.expects, verdict, (*sent.acknowledged, *sent.unsure), trial.prefix))
    if not trial.recovered():
        result.faults.append("something that the fault interrupted never went on")
    if len(sent.acknowledged) < LEAST_OBJECTIVES:
        result.faults.append(f"only {len(sent.acknowledged)} objectives were acknowledged")
    if not trial.strikes:
        result.faults.append("the fault never happened")


async def _settled(trial: Trial[B]) -> Topics:
    """Read the topics, when the transactions that a dead process left behind have timed out."""
    until_s = time.monotonic() + _SETTLE_S
    topics = await read_topics(trial.brokers.bootstrap, trial.prefix)
    while topics.unfinished and time.monotonic() < until_s:
        await asyncio.sleep(1)
        topics = await read_topics(trial.brokers.bootstrap, trial.prefix)
    return topics


@asynccontextmanager
async def _fleet(cell: Cell[B], brokers: B, directory: Path, prefix: str, port: int) -> AsyncGenerator[Fleet]:
    kafka = {"COLLEGIUM_KAFKA_BOOTSTRAP": brokers.bootstrap, "COLLEGIUM_KAFKA_TOPIC_PREFIX": prefix}
    fleet = Fleet(brokers, directory, {**SETTINGS, **kafka}, port)
    try:
        for plan in cell.services:
            for _ in range(plan.instances):
                fleet.add(plan)
        await fleet.ready()
        yield fleet
    finally:
        await fleet.clean_up()


async def create_topics(brokers: Brokers, names: TopicNames) -> None:
    """Every topic that the trial's roles need."""
    async with open_log(KafkaSettings(bootstrap=brokers.bootstrap, topic_prefix=names.prefix)) as log:
        await log.create(
            [
                replace(topic, configuration={**topic.configuration, **brokers.config})
                for topic in required(names, ROLES, PARTITIONS)
            ]
        )


def _told(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return [line for each in group.exceptions for line in _told(each)]
    return [f"{type(error).__name__}: {error}"]


def _line(outcome: Outcome) -> str:
    recovery = "-" if outcome.recovery_s is None else f"{outcome.recovery_s:.1f} s"
    mark = "pass" if outcome.passed else "FAIL"
    told = f"    {mark} in {outcome.took_s:.1f} s, recovery {recovery}"
    if outcome.verdict is not None:
        counts = outcome.verdict.counts
        told += f", {counts.objectives} objectives, {counts.events} events, {counts.retries} retries"
    return "\n".join((told, *(f"    {fault}" for fault in outcome.faults)))
