"""Members that come and go: rolling restarts, scaling, second instances, and an impostor at the broker."""

import asyncio

from chaos.brokers import SINGLE_NODE, SingleNode
from chaos.matrix import Cell, Expectation
from chaos.services import REPORTS, light, real
from chaos.trial import Trial
from collegium.log.kafka import open_log
from collegium.log.settings import KafkaSettings

PARTITIONS = 4


async def _rolling(trial: Trial[SingleNode]) -> None:
    """Each service in turn is told to end, and started again when it has."""
    trial.struck()
    for instance in trial.fleet.instances:
        life = instance.life
        status = await instance.end()
        assert status == 0, f"{instance.name} ended with status {status}"
        instance.again()
        await instance.ready(life + 1)


def _scaled(role: str, *, quick: bool = False) -> Cell[SingleNode]:
    """One process, four, and one again."""

    async def strike(trial: Trial[SingleNode]) -> None:
        trial.struck()
        await trial.fleet.scale(role, 4)
        await trial.decided(40)
        await trial.fleet.scale(role, 1)
        await trial.decided(20)

    return Cell(role, "scaled 1 → 4 → 1", SINGLE_NODE, light(), strike, quick=quick)


async def _fenced_by_an_impostor(trial: Trial[SingleNode]) -> None:
    """Another process opens the transactional ids of every partition, twice, and does nothing with them."""
    settings = KafkaSettings(bootstrap=trial.brokers.bootstrap, topic_prefix=trial.prefix)
    for _ in range(2):
        trial.struck()
        async with open_log(settings) as log:
            for partition in range(PARTITIONS):
                for turn in (0, 1):
                    await log.transactional_producer(f"{trial.prefix}orchestrator.{partition}.{turn}")
        await trial.decided(30)


def _doubled(role: str) -> Cell[SingleNode]:
    """A second process with the settings and the data directory of the first; its name has another pid."""

    async def strike(trial: Trial[SingleNode]) -> None:
        trial.struck()
        double = trial.fleet.add(trial.fleet[f"{role}-1"].plan)
        await double.ready()
        await trial.ended(4)
        double.kill()
        await double.killed(1)
        await double.ready(2)
        await trial.ended(2)

    expects = Expectation(end_s=90)
    return Cell(
        role,
        "a second instance with the same settings and data directory, killed once",
        SINGLE_NODE,
        real(),
        strike,
        load=REPORTS,
        expects=expects,
    )


async def _killed_one_by_one(trial: Trial[SingleNode]) -> None:
    """SIGKILL to every process, one after the other, without waiting for recovery in between."""
    for instance in trial.fleet.instances:
        pid, life = instance.pid, instance.life
        instance.kill()
        death = await instance.killed(life)
        if instance.plan.role == "orchestrator":
            trial.struck(pid, at_s=death.at_s)
        else:
            trial.struck_specialist(pid, instance.plan.role, at_s=death.at_s)
        await asyncio.sleep(1)
    for instance in trial.fleet.instances:
        await instance.ready(2)


CELLS = (
    Cell("all services", "rolling restart", SINGLE_NODE, light(orchestrators=2, workers=2), _rolling, quick=True),
    Cell(
        "all services of research-report",
        "rolling restart",
        SINGLE_NODE,
        real(),
        _rolling,
        load=REPORTS,
        expects=Expectation(end_s=90),
    ),
    Cell(
        "all services of research-report",
        "kill -9, one after the other",
        SINGLE_NODE,
        real(),
        _killed_one_by_one,
        load=REPORTS,
        expects=Expectation(end_s=90),
    ),
    _scaled("orchestrator", quick=True),
    _scaled("worker"),
    Cell(
        "orchestrator",
        "an impostor opens its transactional ids",
        SINGLE_NODE,
        light(),
        _fenced_by_an_impostor,
        quick=True,
    ),
    _doubled("delivery"),
    _doubled("orchestrator"),
)
