"""Packets that vanish: between an orchestrator and the brokers, between brokers, in both directions and in one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from chaos.clusters import leader
from chaos.matrix import Cell
from chaos.namespaces import NETWORKED, Networked
from chaos.services import light
from chaos.trial import Trial
from collegium.log.topics import TopicNames

MEANWHILE = 20
"""Decisions that must be committed while a host is cut off."""
ALONE_S = 8.0
"""How long everything is cut off, where nobody else can go on: longer than the session and transaction time-outs."""
UNTOUCHED = 1
"""Packets that must have vanished, or nothing was tried."""

Break = Callable[[Networked, Iterable[str], Iterable[str]], Awaitable[None]]


async def _both_ways(net: Networked, hosts: Iterable[str], others: Iterable[str]) -> None:
    await net.cut(hosts, others)


async def _outwards(net: Networked, hosts: Iterable[str], others: Iterable[str]) -> None:
    await net.drop(hosts, others)


async def _inwards(net: Networked, hosts: Iterable[str], others: Iterable[str]) -> None:
    await net.drop(others, hosts)


async def _vanished(net: Networked, hosts: tuple[str, ...], others: tuple[str, ...]) -> None:
    lost = await net.dropped(hosts, others) + await net.dropped(others, hosts)
    assert lost >= UNTOUCHED, "no packet was lost: the cell tried nothing"


def _orchestrator(column: str, broken: Break, *, quick: bool = False) -> Cell[Networked]:
    """One of two loses all brokers: the other takes over, and the first may commit nothing when it is back."""

    async def strike(trial: Trial[Networked]) -> None:
        net, victim = trial.brokers, trial.fleet["orchestrator-1"]
        hosts, others = (victim.name,), net.hosts_of(net.cluster.nodes)
        await trial.deciding(victim.pid)
        try:
            await broken(net, hosts, others)
            trial.struck(victim.pid, fed=True)
            await trial.until(trial.recovered, "the other orchestrator has taken over")
            await trial.decided(MEANWHILE)
            await _vanished(net, hosts, others)
        finally:
            await net.heal()
        await victim.ready(victim.life)
        await trial.decided(MEANWHILE)

    return Cell("one of two orchestrators", column, NETWORKED, light(orchestrators=2), strike, quick=quick)


async def _only_orchestrator(trial: Trial[Networked]) -> None:
    """Nobody can take over: everything waits, and goes on when the packets pass again."""
    net, victim = trial.brokers, trial.fleet["orchestrator-1"]
    hosts, others = (victim.name,), net.hosts_of(net.cluster.nodes)
    try:
        await net.cut(hosts, others)
        await asyncio.sleep(ALONE_S)
        await _vanished(net, hosts, others)
    finally:
        await net.heal()
    trial.struck()  # the recovery is from the moment at which packets pass again
    await trial.decided(MEANWHILE)
    await victim.ready(victim.life)


def _broker(column: str, broken: Break) -> Cell[Networked]:
    """A leader loses the other brokers while all clients still reach it: it may acknowledge nothing on its own."""

    async def strike(trial: Trial[Networked]) -> None:
        net = trial.brokers
        node = await leader(net.cluster, TopicNames(trial.prefix))
        hosts, others = net.hosts_of([node]), net.hosts_of(net.cluster.others(node.node_id))
        try:
            await broken(net, hosts, others)
            trial.struck()
            await trial.decided(MEANWHILE)
            await asyncio.sleep(ALONE_S)
            await trial.decided(MEANWHILE)
            await _vanished(net, hosts, others)
        finally:
            await net.heal()
        await net.cluster.whole()
        await trial.decided(MEANWHILE)

    return Cell("leader of run-state", column, NETWORKED, light(), strike, bound_s=150)


def _one_connection(row: str, service: str) -> Cell[Networked]:
    """The cluster is well and elects nobody: who cannot reach the leader waits, and goes on when it can."""

    async def strike(trial: Trial[Networked]) -> None:
        net = trial.brokers
        hosts, others = (service,), net.hosts_of([await leader(net.cluster, TopicNames(trial.prefix))])
        try:
            await net.cut(hosts, others)
            await asyncio.sleep(ALONE_S)
            await _vanished(net, hosts, others)
        finally:
            await net.heal()
        trial.struck()
        await trial.decided(MEANWHILE)
        await trial.fleet[service].ready(trial.fleet[service].life)

    return Cell(row, "cut from one leader only", NETWORKED, light(), strike)


CELLS = (
    _orchestrator("cut from all brokers", _both_ways),
    _orchestrator("its packets to the brokers vanish", _outwards, quick=True),
    _orchestrator("the brokers' packets to it vanish", _inwards),
    Cell("the only orchestrator", "cut from all brokers", NETWORKED, light(), _only_orchestrator),
    _one_connection("the only orchestrator", "orchestrator-1"),
    _one_connection("the only specialist", "worker-1"),
    _broker("cut from the other brokers", _both_ways),
    _broker("its packets to the other brokers vanish", _outwards),
    _broker("the other brokers' packets to it vanish", _inwards),
)
