"""Specialists killed where a crash makes a difference: around their outputs, their result and their offsets."""

from chaos.brokers import SINGLE_NODE, SingleNode
from chaos.matrix import Cell, Expectation
from chaos.services import REPORTS, SPECIALISTS, light, real
from chaos.trial import Trial

POINTS = (
    "agent.taken",
    "agent.before_context",
    "agent.after_context",
    "agent.after_result",
    "agent.before_offsets",
    "agent.after_offsets",
)
OF_EACH = ("agent.before_context", "agent.after_context", "agent.after_result", "agent.before_offsets")
QUICK = {"agent.after_context", "effect.after_call"}
_PASSING = 12
"""Under load: the point has been passed a while."""
_REAL_PASSING = 3


async def _killed(trial: Trial[SingleNode], name: str, fault: str) -> None:
    victim = trial.fleet[name]
    victim.faults.append(fault)
    await victim.end()
    victim.again()
    await victim.ready(2)
    death = await victim.killed(2)
    trial.struck_specialist(death.pid, victim.plan.role, at_s=death.at_s)
    await victim.ready(3)


def _worker(point: str) -> Cell[SingleNode]:
    """The only worker dies; its tasks are redelivered to the process that follows."""

    async def strike(trial: Trial[SingleNode]) -> None:
        await _killed(trial, "worker-1", f"{point}:{_PASSING}:kill")

    return Cell(f"worker {point}", "kill -9", SINGLE_NODE, light(), strike, quick=point in QUICK)


def _specialist(role: str, point: str) -> Cell[SingleNode]:
    """One of the real specialists, in runs of `research-report`."""

    async def strike(trial: Trial[SingleNode]) -> None:
        await _killed(trial, f"{role}-1", f"{point}:{_REAL_PASSING}:kill")

    expects = Expectation(end_s=90)
    return Cell(f"{role} {point}", "kill -9", SINGLE_NODE, real(), strike, load=REPORTS, expects=expects)


EFFECT_POINTS = ("effect.before_intent", "effect.after_intent", "effect.after_call", "effect.after_outcome")

CELLS = (
    *map(_worker, EFFECT_POINTS),
    *map(_worker, POINTS),
    *(_specialist(role, point) for role in SPECIALISTS for point in OF_EACH),
    *(_specialist("delivery", point) for point in EFFECT_POINTS),
)
