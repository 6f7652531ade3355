"""Tasks that kill the process working on them, with real processes and a real broker."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

from agent_processes import SpecialistProcess, specialist_process
from agent_rig import ROLE, Rig, new_task
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskSucceeded

SCRIPT = (str(Path(__file__).parents[2] / "killing_specialist.py"), ROLE)
SOON = {"COLLEGIUM_KAFKA_SESSION_TIMEOUT_MS": "5000", "COLLEGIUM_KAFKA_HEARTBEAT_INTERVAL_MS": "300"}


class Supervised:
    """A slot in which a process is started again whenever it has died, as a supervisor does."""

    def __init__(self, place: Path, given: dict[str, str]) -> None:
        self._place = place
        self._given = given
        self._asked = asyncio.Event()
        self._now: SpecialistProcess | None = None
        self.killed = 0
        self.output = ""

    async def run(self) -> None:
        """Until asked to stop; then the process drains."""
        while not self._asked.is_set():
            place = self._place / str(self.killed)
            async with specialist_process(place, **self._given, script=SCRIPT, **SOON) as process:
                self._now = process
                status = await process.ended(400)
                self.output += process.output
            self.killed += status == -signal.SIGKILL
            assert status in (0, -signal.SIGKILL), self.output

    def stop(self) -> None:
        """Drain, and start nothing more."""
        self._asked.set()
        if self._now is not None:
            self._now.signal(signal.SIGTERM)


async def test_killing_tasks_are_buried_while_others_flow(rig: Rig, kafka_bootstrap: str, tmp_path: Path) -> None:
    """Two such tasks kill at most three processes each; then they fail as poison, and all others succeed."""
    given = {"bootstrap": kafka_bootstrap, "prefix": rig.names.prefix}
    slots = [Supervised(tmp_path / str(number), given) for number in range(2)]
    runs = [f"0190a0a0-0000-7000-8000-00000000000{number}" for number in range(10)]
    tasks = [new_task(run_id=run, subtask_id=f"s{number}", deadline_ms=300_000) for number in range(12) for run in runs]
    tasks[30] = new_task(run_id=runs[0], subtask_id="killer-1", deadline_ms=300_000)
    tasks[71] = new_task(run_id=runs[1], subtask_id="killer-2", deadline_ms=300_000)
    async with asyncio.TaskGroup() as group:
        for slot in slots:
            group.create_task(slot.run())
        await rig.submit(*tasks)
        letters = await rig.records("dead-letters", 2, bound_s=240)
        answered: dict[str, TaskSucceeded | TaskFailed] = {}
        async with asyncio.timeout(180):
            while len(answered) < len(tasks):
                answered |= {result.task_id: result for result in await rig.results(await rig.count("results"))}
        for slot in slots:
            slot.stop()
    poisoned = {task for task, result in answered.items() if isinstance(result, TaskFailed)}
    assert poisoned == {f"{runs[0]}/killer-1/1", f"{runs[1]}/killer-2/1"}
    assert all(
        result.failure.kind is FailureKind.POISON for result in answered.values() if isinstance(result, TaskFailed)
    )
    assert {letter.value for letter in letters} == {tasks[30].to_json(), tasks[71].to_json()}
    performed = Counter(line for slot in slots for line in slot.output.splitlines() if line.startswith("PERFORMS"))
    for killer in poisoned:
        assert performed[f"PERFORMS {killer}"] <= 3
    assert sum(slot.killed for slot in slots) <= 6
    assert await rig.committed() == len(tasks)
