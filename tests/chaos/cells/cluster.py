"""Brokers of three killed, stopped and paused: the services go on, or halt without loss and go on later."""

import asyncio

from chaos.clusters import THREE_NODES, Cluster, Find, controller, group_coordinator, leader, transaction_coordinator
from chaos.matrix import Cell
from chaos.services import light
from chaos.trial import Trial
from collegium.log.topics import TopicNames

MEANWHILE = 20
"""Decisions that must be committed while a node is away."""
SILENCE_S = 4.0
"""How long a cluster without a majority is watched."""
SETTLE_S = 1.0
"""Until what was under way when the majority died has been answered or not."""


def _killed(row: str, find: Find, *, quick: bool = False) -> Cell[Cluster]:
    """The others take over; the dead node comes back and catches up under load."""

    async def strike(trial: Trial[Cluster]) -> None:
        victim = await find(trial.brokers.cluster, TopicNames(trial.prefix))
        await victim.kill()
        trial.struck()
        await trial.decided(MEANWHILE)
        await victim.start()
        await trial.brokers.cluster.whole()

    return Cell(row, "kill -9", THREE_NODES, light(), strike, quick=quick)


async def _kill_two(trial: Trial[Cluster]) -> None:
    """One of three may acknowledge nothing: everything halts, and goes on when the others are back."""
    cluster = trial.brokers.cluster
    survivor = await leader(cluster, TopicNames(trial.prefix))
    dead = cluster.others(survivor.node_id)
    for node in dead:
        await node.kill()
    await asyncio.sleep(SETTLE_S)
    acknowledged = len(trial.load.submitted.acknowledged)
    decided = len(trial.history.decisions)
    await asyncio.sleep(SILENCE_S)
    assert len(trial.load.submitted.acknowledged) == acknowledged, "one of three acknowledged an objective"
    assert len(trial.history.decisions) == decided, "one of three let a transaction commit"
    trial.struck()  # the recovery is from the moment at which the nodes are started again
    await cluster.start(*(node.node_id for node in dead))
    await cluster.whole()


async def _restart_all_in_turn(trial: Trial[Cluster]) -> None:
    """As an upgrade does it: each node stops cleanly, comes back, and the next one waits until all copies agree."""
    for node in trial.brokers.cluster.nodes:
        await node.stop()
        trial.struck()
        await trial.decided(MEANWHILE)
        await node.start()
        await trial.brokers.cluster.whole()


def _paused(row: str, find: Find, pause_s: float) -> Cell[Cluster]:
    """The node stands still with all its connections open; afterwards it may not act on what it believed."""

    async def strike(trial: Trial[Cluster]) -> None:
        victim = await find(trial.brokers.cluster, TopicNames(trial.prefix))
        victim.pause()
        trial.struck()
        try:
            await asyncio.sleep(pause_s)
        finally:
            victim.resume()
        await trial.brokers.cluster.whole()
        await trial.decided(MEANWHILE)

    return Cell(row, f"pause of {pause_s:.0f} s", THREE_NODES, light(), strike)


CELLS = (
    _killed("leader of run-state", leader, quick=True),
    _killed("controller", controller),
    _killed("transaction coordinator", transaction_coordinator),
    _killed("group coordinator", group_coordinator),
    Cell("two of three brokers", "kill -9", THREE_NODES, light(), _kill_two),
    Cell("all brokers, one after the other", "clean restart", THREE_NODES, light(), _restart_all_in_turn, bound_s=180),
    _paused("leader of run-state", leader, 2),
    _paused("leader of run-state", leader, 15),
)
