"""Requests and answers that get lost: the sender cannot know what has happened."""

from chaos.matrix import Cell
from chaos.proxy import LOSSY_NODE, Api, Loss, LossyNode
from chaos.services import light, with_settings
from chaos.trial import Trial

_TIMES = 2


def _lost(row: str, column: str, api: Api, topic: str = "", *, answer: bool, quick: bool = False) -> Cell[LossyNode]:
    """The connection goes dead at one request, or at its answer; twice."""

    async def strike(trial: Trial[LossyNode]) -> None:
        for _ in range(_TIMES):
            name = f"{trial.prefix}{topic}" if topic else ""
            await trial.brokers.proxy.lose(Loss(api, answer=answer, topic=name.encode())).wait()
            trial.struck()
            await trial.decided(30)

    services = with_settings(
        light(), COLLEGIUM_ORCHESTRATOR_TRANSACTION_MS="1500", COLLEGIUM_KAFKA_REQUEST_TIMEOUT_MS="3000"
    )
    return Cell(row, column, LOSSY_NODE, services, strike, quick=quick)


CELLS = (
    _lost(
        "orchestrator commit", "its answer is lost: committed, and nobody knows", Api.END_TXN, answer=True, quick=True
    ),
    _lost("orchestrator commit", "the request is lost: never committed", Api.END_TXN, answer=False),
    _lost(
        "orchestrator events", "an acknowledgement is lost within a transaction", Api.PRODUCE, "run-events", answer=True
    ),
    _lost("worker result", "its acknowledgement is lost: sent twice", Api.PRODUCE, "results", answer=True),
    _lost("worker context", "its acknowledgement is lost: written twice", Api.PRODUCE, "context", answer=True),
)
