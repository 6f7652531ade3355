"""The users of a simulated world: they send objectives, some of them twice, and say a word now and then."""

import asyncio
from dataclasses import replace
from typing import Final

from collegium.log.errors import LogError
from collegium.log.port import Outgoing, Position
from collegium.orchestrator.shell.intake import derived_run_id
from collegium.simulation.errors import SimulationError
from collegium.simulation.invariants import Checker
from collegium.simulation.link import Link
from collegium.simulation.log import SimulatedLog
from collegium.simulation.outside import Outside
from collegium.simulation.processes import NAMES
from collegium.simulation.scenario import Scenario, Submission
from collegium_schemas.base import Message
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.objective import Action, Intervention, ObjectiveSubmitted

_TRIES: Final = 20
_LOOKS_EVERY_S: Final = 0.5
_LOOKS_AFTER_S: Final = 4.0


class Client:
    """Sends what the scenario says. Whatever is acknowledged is owed an end.

    Args:
        log: The client's own connection.
        link: Its way to the brokers.
        checker: Told of what was acknowledged.
        scenario: What to send when.
        start_ms: When the world began.
    """

    def __init__(self, log: SimulatedLog, link: Link, checker: Checker, scenario: Scenario, start_ms: int) -> None:
        self._log = log
        self._link = link
        self._checker = checker
        self._scenario = scenario
        self._start_ms = start_ms

    async def run(self) -> None:
        """Send everything, and at the end of all faults resume what is still paused."""
        async with asyncio.TaskGroup() as group:
            for submission in self._scenario.submissions:
                group.create_task(self._submit(submission))

    async def answer(self, outside: Outside) -> None:
        """Answer, until cancelled, what runs ask about effects: somebody goes and looks, once nothing is under way."""
        questions = self._checker.histories.questions
        await asyncio.sleep(self._scenario.calm_at_s)
        while True:
            await asyncio.sleep(_LOOKS_EVERY_S)
            now = asyncio.get_running_loop().time()
            for question in [each for each, asked_at in questions.items() if now - asked_at > _LOOKS_AFTER_S]:
                del questions[question]
                run_id, subtask_id = question
                done = outside.has_done(f"{run_id}/{subtask_id}/outside")
                await self._say(run_id, Action.APPROVE if done else Action.RETRY, subtask_id)

    async def _submit(self, submission: Submission) -> None:
        await asyncio.sleep(submission.at_s)
        named = submission.run_id if submission.named else None
        objective = ObjectiveSubmitted(goal=submission.goal, playbook=submission.playbook, run_id=named)
        key = submission.run_id.encode() if submission.named and submission.keyed else None
        record = Outgoing(NAMES("objectives"), key, objective.to_json(), self._headers(objective, submission.run_id))
        position = await self._send(record)
        run_id = named or derived_run_id(self._checker.sent(position))
        self._checker.acknowledged(run_id)
        if submission.again_after_s is not None:
            await asyncio.sleep(submission.again_after_s)
            await self._send(replace(record, key=submission.run_id.encode()))
        for after_s, action in submission.words:
            await asyncio.sleep(after_s)
            await self._say(run_id, action)
        if any(action is Action.PAUSE for _, action in submission.words):
            await asyncio.sleep(max(0.1, self._scenario.calm_at_s - asyncio.get_running_loop().time()))
            await self._say(run_id, Action.RESUME)

    async def _say(self, run_id: str, action: Action, subtask_id: str | None = None) -> None:
        word = Intervention(run_id=run_id, action=action, requester="client", subtask_id=subtask_id)
        await self._send(Outgoing(NAMES("interventions"), run_id.encode(), word.to_json(), self._headers(word, run_id)))

    async def _send(self, record: Outgoing) -> Position:
        for _ in range(_TRIES):
            try:
                producer = await self._log.producer()
                return await (await producer.send(record))
            except LogError:
                await asyncio.sleep(0.1)
        raise SimulationError("the client's own link is never cut for so long")

    def _headers(self, message: Message, run_id: str) -> tuple[tuple[str, bytes], ...]:
        now_ms = self._start_ms + int(asyncio.get_running_loop().time() * 1_000)
        return encode_headers(Envelope(run_id, "/simulation", message.TYPE, now_ms))
