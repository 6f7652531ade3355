"""Runs objectives in this process, as `collegium run` does, and records what they leave."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Specialist
from collegium.embedded.inprocess import InProcessSystem, in_process, installed
from collegium.evaluation.runs.faulty import Faulty
from collegium.evaluation.runs.metering import Meter
from collegium.evaluation.runs.objectives import Fault
from collegium.evaluation.runs.recorders import Chain, Runner
from collegium.evaluation.runs.recording import Recording
from collegium.evaluation.runs.sites import Asked, Site
from collegium.log.kafka import open_log
from collegium.log.topics import TopicNames, check
from collegium.retrieval.corpus import Corpus
from collegium.telemetry.memory import MemoryTracing

_RUNS_IN_ONE_SYSTEM: Final = 64
"""The log in memory keeps every record: a new system begins with an empty one."""
_LOOK_S: Final = 2.0
_BROKER_MS: Final = 500


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
        chain = Chain(site, {**{one.role: one for one in shipped}, **mine})
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
            runner = Runner(site, system, meter)
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


async def _all(runner: Runner, asked: Sequence[Asked], keep: Callable[[Recording], None], at_once: int) -> None:
    waiting = iter(asked)

    async def work() -> None:
        for one in waiting:
            keep(await runner.record(one))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(asked))):
            group.create_task(work())


@asynccontextmanager
async def _system(site: Site, specialists: Sequence[Specialist]) -> AsyncGenerator[Runner]:
    async with in_process(specialists, library=site.library) as system:
        meter = await Meter.of(system.log, system.names, [one.role for one in specialists])
        try:
            yield Runner(site, system, meter)
        finally:
            await meter.close()
