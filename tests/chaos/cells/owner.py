"""The orchestrator killed at every numbered boundary of the commit protocol."""

from chaos.brokers import SINGLE_NODE, SingleNode
from chaos.matrix import Cell
from chaos.services import light
from chaos.trial import Trial

PASSING = 25
"""Under load: the point has been passed a while."""


def _killed_at(point: str, *, quick: bool = False) -> Cell[SingleNode]:
    """The first process dies where it commits; the supervisor's next one has no fault."""

    async def strike(trial: Trial[SingleNode]) -> None:
        victim = trial.fleet["orchestrator-1"]
        victim.faults.append(f"{point}:{PASSING}:kill")
        await victim.end()
        victim.again()
        await victim.ready(2)
        death = await victim.died(2)
        trial.struck(death.pid, at_s=death.at_s)
        await victim.ready(3)

    return Cell(point, "kill -9", SINGLE_NODE, light(), strike, quick=quick)


CELLS = tuple(
    _killed_at(point, quick=point in {"owner.6.sent", "owner.6.committed"})
    for point in ("owner.5.decided", "owner.6.begun", "owner.6.sent", "owner.6.committed", "owner.8.published")
)
