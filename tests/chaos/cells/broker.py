"""The only broker killed, and paused: everything waits for it, and goes on."""

import asyncio

from chaos.brokers import SINGLE_NODE, SingleNode
from chaos.matrix import Cell
from chaos.services import light
from chaos.trial import Trial

MEANWHILE = 20
"""Decisions that must follow."""
AWAY_S = 22.0
"""Longer than any request, session or transaction may take."""


def _paused(pause_s: float) -> Cell[SingleNode]:
    """It stands still with all its connections open, and then answers what is long given up."""

    async def strike(trial: Trial[SingleNode]) -> None:
        kafka = trial.brokers.kafka
        kafka.pause()
        try:
            await asyncio.sleep(pause_s)
        finally:
            kafka.resume()
        trial.struck()  # the recovery is from the moment at which it goes on
        await trial.decided(MEANWHILE)

    return Cell("the only broker", f"pause of {pause_s:.0f} s", SINGLE_NODE, light(), strike)


def _killed(away_s: float, column: str) -> Cell[SingleNode]:
    """What it had acknowledged is on its disk; a new process finds it."""

    async def strike(trial: Trial[SingleNode]) -> None:
        kafka = trial.brokers.kafka
        kafka.kill()
        await kafka.wait_crash()
        await asyncio.sleep(away_s)
        trial.struck()  # the recovery is from the moment at which it is started again
        await kafka.start()
        await trial.decided(MEANWHILE)

    return Cell("the only broker", column, SINGLE_NODE, light(), strike)


CELLS = (
    _paused(2),
    _paused(15),
    _killed(0, "kill -9, started again at once"),
    _killed(AWAY_S, "kill -9, started again past all time-outs"),
)
