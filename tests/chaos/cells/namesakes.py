"""Two processes of a role with the same name, host and process id, as in containers: one of them is killed."""

from chaos.matrix import Cell
from chaos.namesakes import NAMESAKES, Namesakes
from chaos.services import light
from chaos.trial import Trial

_TIMES = 2


def _killed(role: str, **services: int) -> Cell[Namesakes]:
    """The other one goes on meanwhile; nothing of what one did may count as the other's."""

    async def strike(trial: Trial[Namesakes]) -> None:
        seen = trial.history.decisions
        owners = {decision.owner for decision in seen}
        workers = {worker for decision in seen for _, worker in decision.ended if worker}
        for names in (owners, workers):
            assert len(names) == 1, f"processes have different names: {sorted(names)}"
        victim = trial.fleet[f"{role}-1"]
        for life in range(1, _TIMES + 1):
            victim.kill()
            death = await victim.killed(life)
            trial.struck(at_s=death.at_s)
            await victim.ready(life + 1)
            await trial.ended(8)

    column = "kill -9 of one of two with the same host name and process id, twice"
    return Cell(role, column, NAMESAKES, light(**services), strike)


CELLS = (_killed("orchestrator", orchestrators=2), _killed("worker", workers=2))
