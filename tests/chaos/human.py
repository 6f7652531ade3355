"""The human of a trial: asked whether an effect has happened, looks at its target, and says so."""

import asyncio
import json
from collections.abc import Callable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from chaos.history import History

_LOOK_S = 0.1
_REQUEST_MS = 5_000


class Human:
    """Answers `approve` where the effect has happened, else `retry`.

    Args:
        history: Where questions come up.
        bootstrap: Where answers go.
        topic: The interventions topic.
        happened: Looks at the target for an effect's key.
    """

    def __init__(self, history: History, bootstrap: str, topic: str, happened: Callable[[str], bool]) -> None:
        self._history = history
        self._bootstrap = bootstrap
        self._topic = topic
        self._happened = happened

    async def run(self) -> None:
        """Answer until cancelled."""
        producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all", request_timeout_ms=_REQUEST_MS)
        await producer.start()
        answered = 0
        try:
            while True:
                for key in self._history.questions[answered:]:
                    await self._answer(producer, key)
                    answered += 1
                await asyncio.sleep(_LOOK_S)
        finally:
            await producer.stop()

    async def _answer(self, producer: AIOKafkaProducer, key: str) -> None:
        run_id, subtask_id, _ = key.split("/")
        action = "approve" if self._happened(key) else "retry"
        body = {"run_id": run_id, "action": action, "subtask_id": subtask_id, "requester": "operator"}
        while True:
            try:
                await producer.send_and_wait(self._topic, json.dumps(body).encode(), key=run_id.encode())
            except KafkaError:
                await asyncio.sleep(_LOOK_S)
            else:
                return
