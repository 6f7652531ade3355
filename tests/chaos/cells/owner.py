"""The orchestrator killed at every numbered boundary of the commit protocol."""

from chaos.brokers import SINGLE_NODE, SingleNode
from chaos.matrix import Cell
from chaos.proxy import LOSSY_NODE, Api, Loss, LossyNode
from chaos.services import light, with_settings
from chaos.trial import Trial

COMMITTING = ("owner.5.decided", "owner.6.begun", "owner.6.sent", "owner.6.committed", "owner.8.published")
TAKING_OVER = ("owner.1.assigned", "owner.2.fenced", "owner.3.restored", "owner.4.sought")
QUICK = {"owner.2.fenced", "owner.6.sent", "owner.6.committed"}
_PASSING = 25
"""Under load: the point has been passed a while."""
PARTITIONS = 4
_TAKEOVER_PASSING = 2
"""The second of the four partitions that it is taking over."""


def _killed_committing(point: str) -> Cell[SingleNode]:
    """The process dies where it commits; the supervisor's next one has no fault."""

    async def strike(trial: Trial[SingleNode]) -> None:
        victim = trial.fleet["orchestrator-1"]
        victim.faults.append(f"{point}:{_PASSING}:kill")
        await victim.end()
        victim.again()
        await victim.ready(2)
        death = await victim.killed(2)
        trial.struck(death.pid, at_s=death.at_s)
        await victim.ready(3)

    return Cell(point, "kill -9 while it commits", SINGLE_NODE, light(), strike, quick=point in QUICK)


def _killed_taking_over(point: str) -> Cell[SingleNode]:
    """The process that takes over after a kill is killed while it does so."""

    async def strike(trial: Trial[SingleNode]) -> None:
        victim = trial.fleet["orchestrator-1"]
        victim.faults.append(f"{point}:{_TAKEOVER_PASSING}:kill")
        first = victim.pid
        victim.kill()
        death = await victim.killed(1)
        trial.struck(first, at_s=death.at_s)
        await victim.killed(2)
        await victim.ready(3)

    return Cell(
        point, "kill -9 while it takes over from a killed one", SINGLE_NODE, light(), strike, quick=point in QUICK
    )


async def _killed_revoked(trial: Trial[SingleNode]) -> None:
    """A second member joins: the first dies in the rebalance, where it gives its partitions back."""
    victim = trial.fleet["orchestrator-1"]
    victim.faults.append("owner.9.revoked:1:kill")
    await victim.end()
    victim.again()
    await victim.ready(2)
    await trial.decided(20)
    other = trial.fleet.add(victim.plan)
    death = await victim.killed(2)
    trial.struck(death.pid, at_s=death.at_s)
    await victim.ready(3)
    await other.ready()


async def _killed_dropping(trial: Trial[LossyNode]) -> None:
    """A commit's answer is lost: the outcome is unknown, and the process dies where it has dropped its memory."""
    victim = trial.fleet["orchestrator-1"]
    victim.faults.append("owner.7.dropped:1:kill")
    await victim.end()
    victim.again()
    await victim.ready(2)
    await trial.decided(20)
    trial.brokers.proxy.lose(Loss(Api.END_TXN, answer=True))
    death = await victim.killed(2)
    trial.struck(death.pid, at_s=death.at_s)
    await victim.ready(3)


async def _killed_anywhere(trial: Trial[SingleNode]) -> None:
    """Three kills, whatever the process is doing."""
    victim = trial.fleet["orchestrator-1"]
    for life in (1, 2, 3):
        await victim.ready(life)
        await trial.ended(8)
        pid = victim.pid
        victim.kill()
        death = await victim.killed(life)
        trial.struck(pid, at_s=death.at_s)
    await victim.ready(4)


async def _killed_before_it_told(trial: Trial[SingleNode]) -> None:
    """The successor dies after its first commits, and before it has exported what the first one had not."""
    victim = trial.fleet["orchestrator-1"]
    victim.faults.append(f"owner.8.published:{PARTITIONS}:kill")
    first = victim.pid
    victim.kill()
    death = await victim.killed(1)
    trial.struck(first, at_s=death.at_s)
    death = await victim.killed(2)
    trial.struck(death.pid, at_s=death.at_s)
    await victim.ready(3)


CELLS = (
    *map(_killed_taking_over, TAKING_OVER),
    *map(_killed_committing, COMMITTING),
    Cell(
        "owner.8.published",
        "kill -9 right after it took over from a killed one, with the default session time-out",
        SINGLE_NODE,
        with_settings(light(), COLLEGIUM_KAFKA_SESSION_TIMEOUT_MS="6000", COLLEGIUM_KAFKA_HEARTBEAT_INTERVAL_MS="2000"),
        _killed_before_it_told,
    ),
    Cell("owner.9.revoked", "kill -9 in the rebalance", SINGLE_NODE, light(), _killed_revoked),
    Cell("orchestrator", "kill -9 at any moment, three times", SINGLE_NODE, light(), _killed_anywhere),
)

LOSSY_CELLS = (
    Cell(
        "owner.7.dropped",
        "kill -9 after a lost answer to a commit",
        LOSSY_NODE,
        with_settings(light(), COLLEGIUM_ORCHESTRATOR_TRANSACTION_MS="1500"),
        _killed_dropping,
    ),
)
