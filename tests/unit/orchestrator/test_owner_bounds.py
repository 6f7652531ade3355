"""What an owner takes at once, remembers and finds again, on the memory log."""

import json
import uuid

from collegium.orchestrator.core.model import Rules
from collegium.orchestrator.shell.owner import OwnerLimits
from collegium.orchestrator.shell.service import Orchestrator
from collegium_schemas.events import RunDecided
from collegium_schemas.objective import Action, Intervention
from collegium_schemas.state import InputPosition
from memory_worlds import MemoryWorld, done, running, transactions
from orchestrator_worlds import line


async def world() -> MemoryWorld:
    """A prepared world with one partition and one step."""
    made = MemoryWorld(line("alpha"), 1)
    await made.prepare()
    return made


def orchestrator(it: MemoryWorld, limits: OwnerLimits, archive_after_ms: int = 86_400_000) -> Orchestrator:
    """An orchestrator with other bounds."""
    rules = Rules({it.playbook.name: it.playbook}, archive_after_ms=archive_after_ms)
    return Orchestrator(it.context(limits=limits, rules=rules))


def objective(run_id: str) -> bytes:
    """An objective's body."""
    return json.dumps({"goal": "What is a topic?", "playbook": "line", "run_id": run_id}).encode()


async def test_large_inputs_are_taken_a_few_at_a_time() -> None:
    """The bound on bytes holds in each transaction, the inbox is paused and resumed, and nothing is lost."""
    it = await world()
    for number in range(40):
        await it.send("objectives", b"no JSON" + bytes([65 + number]) * 20_000)
    async with running(orchestrator(it, OwnerLimits(batch_bytes=50_000, inbox_bytes=100_000)).run()):
        await it.until_ended(40)
    letters = await it.read("dead-letters")
    assert len({letter.value for letter in letters}) == len(letters) == 40
    assert max(len(part) for part in transactions(letters)) == 3


async def test_ended_runs_beyond_the_bound_are_archived_together() -> None:
    """Many runs may end in one transaction: as many must be able to leave in one."""
    it = await world()
    run_ids = [str(uuid.uuid4()) for _ in range(30)]
    for run_id in run_ids:
        await it.send("objectives", b"no JSON", run_id)

    def archived(history: dict[str, list[RunDecided]]) -> int:
        return sum(event.type == "run_archived" for run in history.values() for d in run for event in d.events)

    async with running(orchestrator(it, OwnerLimits(ended_runs=2)).run()):
        await it.until_history(lambda history: archived(history) == 28)
    parts = transactions(await it.read("run-events"))
    assert max(sum(b"run_archived" in (record.value or b"") for record in part) for part in parts) > 1


async def test_the_order_to_stop_leaves_with_its_run() -> None:
    """Compaction can drop what a cancelled run wrote to `control`, once the run is archived."""
    it = await world()
    run_id = str(uuid.uuid4())
    async with running(orchestrator(it, OwnerLimits(), archive_after_ms=1).run()):
        await it.send("objectives", objective(run_id), run_id)
        await it.until_history(bool)
        word = Intervention(run_id=run_id, action=Action.CANCEL)
        await it.send("interventions", word.to_json(), run_id)
        await it.until_history(lambda runs: any(e.type == "run_archived" for e in runs[run_id][-1].events))
    orders = await it.read("control")
    assert [(order.key, order.value is None) for order in orders] == [
        (f"run/{run_id}".encode(), False),
        (f"run/{run_id}".encode(), True),
    ]


async def test_a_topic_that_was_created_anew_is_read_anew() -> None:
    """Run-state remembers a position that the topic does not have any more: its new records are not taken for old."""
    it = await world()
    old = InputPosition(topic="objectives", partition=0, next_offset=1_000)
    await it.send("run-state", old.to_json(), "__pos/objectives")
    await it.send("objectives", objective(str(uuid.uuid4())))
    async with running(orchestrator(it, OwnerLimits()).run(), it.specialist("alpha", done)):
        await it.until_ended(1)
