"""Runs that fail after three effects and undo them: who undoes, and who decides, is killed in the middle of it."""

from collections.abc import Awaitable, Callable

from chaos.brokers import SINGLE_NODE, SingleNode
from chaos.cells.specialists import EFFECT_POINTS
from chaos.fleet import Death
from chaos.load import LoadPlan
from chaos.matrix import Cell, Expectation
from chaos.outside import effects_undone
from chaos.saga import failure_of
from chaos.services import UNDOER, light
from chaos.trial import Trial

ORCHESTRATOR_POINTS = ("owner.6.sent", "owner.6.committed")
IN_DOUBT = {"effect.after_intent"}
"""Where the target has heard of nothing, and may hear of it yet: a human is asked. What it knows of counts as done."""
QUICK = {"effect.after_call"}
_PASSING = 4
"""Compensations have succeeded before."""
_ORCHESTRATOR_PASSING = 30
_KILLS = 3
_AT_ONCE = 2
"""Runs that must be undoing something when an orchestrator is killed."""

Strike = Callable[[Trial[SingleNode]], Awaitable[None]]

SAGAS = LoadPlan(per_second=4, fields={"playbook": "saga", "goal": "Book, pay and ship."})


def _cell(row: str, column: str, strike: Strike, *, quick: bool = False) -> Cell[SingleNode]:
    expects = Expectation(failure_of=failure_of, outside=effects_undone)
    services = (*light(), UNDOER)
    return Cell(row, column, SINGLE_NODE, services, strike, load=SAGAS, expects=expects, quick=quick)


def _killed_undoing(point: str) -> Cell[SingleNode]:
    """The process that undoes does nothing else: it dies in the middle of a compensation."""

    async def strike(trial: Trial[SingleNode]) -> None:
        victim = trial.fleet[f"{UNDOER.role}-1"]
        victim.faults.append(f"{point}:{_PASSING}:kill")
        await victim.end()
        victim.again()
        await victim.ready(2)
        death = await victim.killed(2)
        trial.struck_specialist(death.pid, UNDOER.role, at_s=death.at_s)
        await victim.ready(3)
        if point in IN_DOUBT:
            await trial.until(lambda: any("/undo." in key for key in trial.history.questions), "a human is asked")

    return _cell(f"compensation {point}", "kill -9 of who undoes", strike, quick=point in QUICK)


def _killed_deciding(point: str) -> Cell[SingleNode]:
    """The orchestrator dies where it commits, while runs undo their effects."""

    async def strike(trial: Trial[SingleNode]) -> None:
        victim = trial.fleet["orchestrator-1"]
        victim.faults.append(f"{point}:{_ORCHESTRATOR_PASSING}:kill")
        await victim.end()
        victim.again()
        await victim.ready(2)
        _meanwhile(trial, await victim.killed(2))
        await victim.ready(3)

    return _cell(f"compensation {point}", "kill -9 of the orchestrator", strike)


async def _killed_anywhere(trial: Trial[SingleNode]) -> None:
    """Three kills, whatever the orchestrator does, each while several runs undo their effects."""
    victim = trial.fleet["orchestrator-1"]
    for life in range(1, _KILLS + 1):
        await victim.ready(life)
        await trial.ended(4)
        await trial.until(
            lambda: trial.undoing(UNDOER.role) >= _AT_ONCE, f"{_AT_ONCE} runs undo their effects at a time"
        )
        victim.kill()
        _meanwhile(trial, await victim.killed(life))
    await victim.ready(_KILLS + 1)


def _meanwhile(trial: Trial[SingleNode], death: Death) -> None:
    """Count the kill, which was one while runs undid their effects."""
    assert trial.undoing(UNDOER.role, death.at_s), "no run was undoing anything when the orchestrator was killed"
    trial.struck(death.pid, at_s=death.at_s)


CELLS = (
    *map(_killed_undoing, EFFECT_POINTS),
    *map(_killed_deciding, ORCHESTRATOR_POINTS),
    _cell("compensation", "kill -9 of the orchestrator at any moment, three times", _killed_anywhere),
)
