"""Zombies: processes that stand still past their time-outs, and then go on as if nothing had happened."""

import asyncio
import signal

from chaos.brokers import SINGLE_NODE, SingleNode
from chaos.matrix import Cell
from chaos.services import light
from chaos.trial import Trial

_PAST_SESSION_S = 4.0
_PAST_TRANSACTION_S = 18.0
"""The transaction's 6 s, and the 10 s between two looks of the broker for transactions that are overdue."""


def _stopped(
    point: str, passing: int, standing_s: float, column: str, *, several: bool = True, quick: bool = False
) -> Cell[SingleNode]:
    """The process stops itself at a point; another takes over, if there is one; then it goes on."""
    role = "orchestrator" if point.startswith("owner") else "worker"

    async def strike(trial: Trial[SingleNode]) -> None:
        victim = trial.fleet[f"{role}-1"]
        victim.faults.append(f"{point}:{passing}:stop")
        await victim.end()
        victim.again()
        await victim.ready(2)
        await victim.stopped()
        if role == "orchestrator":
            trial.struck(victim.pid, alone=not several)
        else:
            trial.struck_specialist(victim.pid, role)
        await asyncio.sleep(standing_s)
        victim.send(signal.SIGCONT)
        await trial.decided(30)
        await victim.ready(2)

    count = 2 if several else 1
    services = light(orchestrators=count) if role == "orchestrator" else light(workers=count)
    return Cell(f"{role} {point}", column, SINGLE_NODE, services, strike, quick=quick)


_SESSION = "SIGSTOP past the session time-out while another takes over, SIGCONT"
_TRANSACTION = "SIGSTOP past the transaction time-out, alone, SIGCONT"

CELLS = (
    _stopped("owner.5.decided", 12, _PAST_SESSION_S, _SESSION),
    _stopped("owner.6.sent", 12, _PAST_SESSION_S, _SESSION, quick=True),
    _stopped("owner.6.committed", 12, _PAST_SESSION_S, _SESSION),
    _stopped("owner.6.sent", 20, _PAST_TRANSACTION_S, _TRANSACTION, several=False),
    _stopped("agent.before_context", 8, _PAST_SESSION_S, _SESSION),
    _stopped("agent.after_context", 8, _PAST_SESSION_S, _SESSION),
    _stopped("effect.after_intent", 4, _PAST_SESSION_S, _SESSION),
    _stopped("effect.after_call", 4, _PAST_SESSION_S, _SESSION),
    _stopped("agent.before_offsets", 8, _PAST_SESSION_S, _SESSION),
)
