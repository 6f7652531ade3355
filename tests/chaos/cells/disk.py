"""A broker whose disk is full: it must stop and lose nothing, and go on when there is space."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from chaos.brokers import BrokerPlan, Brokers, Site
from chaos.clusters import HEAP_MB, NICE, Cluster
from chaos.disk import SmallDisk, disk_missing, small_disk
from chaos.matrix import Cell
from chaos.services import light
from chaos.trial import Trial
from collegium.embedded.cluster import ClusterNode, EmbeddedCluster, NodePlace, loopback_places
from collegium.embedded.kafka import EmbeddedKafka
from collegium.embedded.node import NodeOptions
from collegium.embedded.probe import until

DISK_MB = 48
LEFT_BYTES = 131_072
"""What the load has to fill up by itself, so that the broker is in the middle of its work when nothing is left."""
MEANWHILE = 20
SILENCE_S = 4.0
FULL_S = 60.0
"""How soon the broker must have met the full disk."""
_FULL = "No space left on device"


class OneOnSmallDisk(Cluster):
    """Three nodes, the last of them with its data on a small disk."""

    def __init__(self, cluster: EmbeddedCluster, disk: SmallDisk) -> None:
        super().__init__(cluster)
        self.disk = disk

    @property
    def victim(self) -> ClusterNode:
        """The node on the small disk."""
        return self.cluster.nodes[-1]


class AloneOnSmallDisk(Brokers):
    """One node with its data on a small disk."""

    def __init__(self, kafka: EmbeddedKafka, disk: SmallDisk) -> None:
        super().__init__(kafka.bootstrap)
        self.kafka = kafka
        self.disk = disk


@asynccontextmanager
async def _three(site: Site) -> AsyncGenerator[OneOnSmallDisk]:
    async with small_disk(site.directory / "small-disk", DISK_MB) as disk:
        *others, last = loopback_places()
        places = (*others, NodePlace(last.ports, log_directory=disk.path / "log"))
        options = NodeOptions(heap_mb=HEAP_MB, launcher=NICE)
        async with EmbeddedCluster(site.runtime, site.directory / "disks", places=places, options=options) as cluster:
            await cluster.whole()
            yield OneOnSmallDisk(cluster, disk)


@asynccontextmanager
async def _one(site: Site) -> AsyncGenerator[AloneOnSmallDisk]:
    async with small_disk(site.directory / "only-disk", DISK_MB) as disk:
        log = site.directory / "only-disk.log"
        async with EmbeddedKafka(site.runtime, disk.path / "kafka", log_path=log) as kafka:
            yield AloneOnSmallDisk(kafka, disk)


async def _met_full_disk(log: Path, since: int) -> None:
    """The broker has tried to write, and was told that nothing is left."""

    def look() -> bool:
        with log.open("rb") as file:
            file.seek(since)
            return _FULL.encode() in file.read()

    try:
        async with asyncio.timeout(FULL_S):
            await until(lambda: asyncio.to_thread(look), pause_s=0.1)
    except TimeoutError:
        raise AssertionError(f"the broker met no full disk within {FULL_S} s") from None


async def _fill_one_of_three(trial: Trial[OneOnSmallDisk]) -> None:
    """The node gives up; the others lead; with space again it starts and catches up."""
    brokers, victim = trial.brokers, trial.brokers.victim
    since = victim.log_path.stat().st_size
    await brokers.disk.fill(LEFT_BYTES)
    trial.struck()
    await _met_full_disk(victim.log_path, since)
    async with asyncio.timeout(FULL_S):
        await victim.wait_crash()
    await trial.decided(MEANWHILE)
    await brokers.disk.free()
    await victim.start()
    await brokers.cluster.whole()


async def _fill_the_only_one(trial: Trial[AloneOnSmallDisk]) -> None:
    """Everything halts; with space again the broker starts and all goes on."""
    brokers, kafka = trial.brokers, trial.brokers.kafka
    since = kafka.log_path.stat().st_size
    await brokers.disk.fill(LEFT_BYTES)
    await _met_full_disk(kafka.log_path, since)
    async with asyncio.timeout(FULL_S):
        await kafka.wait_crash()
    acknowledged, decided = len(trial.load.submitted.acknowledged), len(trial.history.decisions)
    await asyncio.sleep(SILENCE_S)
    assert len(trial.load.submitted.acknowledged) == acknowledged, "an objective was acknowledged by nobody"
    assert len(trial.history.decisions) == decided, "a transaction was committed by nobody"
    await brokers.disk.free()
    trial.struck()  # the recovery is from the moment at which the broker is started again
    await kafka.start()


_THREE = BrokerPlan("three nodes, one of them with a small disk", _three, disk_missing)
_ONE = BrokerPlan("one node with a small disk", _one, disk_missing)

CELLS = (
    Cell("one of three brokers", "disk full", _THREE, light(), _fill_one_of_three, bound_s=180),
    Cell("the only broker", "disk full", _ONE, light(), _fill_the_only_one, bound_s=180),
)
