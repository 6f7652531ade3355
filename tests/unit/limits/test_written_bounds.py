"""Bounds on what one transaction writes, met on the memory log and by the one who writes decisions."""

import uuid
from hashlib import sha256

import pytest

from collegium.log.port import Record
from collegium.orchestrator.core.decision import Decided
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import Rules
from collegium.orchestrator.core.sizes import MAX_DISPATCHED_BYTES
from collegium.orchestrator.errors import DecisionTooLarge
from collegium.orchestrator.shell.intake import MAX_NUMBER, DeadLetter, Intake, Understood
from collegium.orchestrator.shell.owner import OwnerLimits
from collegium.orchestrator.shell.service import Orchestrator
from collegium.orchestrator.shell.transaction import verified_inline
from collegium.orchestrator.shell.writing import Writer
from collegium.telemetry.tracing import run_trace
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import AttemptDispatched, Origin, RunDecided
from collegium_schemas.objective import ObjectiveSubmitted
from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import ContextRef, TaskRequested, TaskSucceeded
from memory_worlds import NAMES, MemoryWorld, running, transaction_sizes
from orchestrator_worlds import RUN, World, arrived, line


def orchestrator(it: MemoryWorld, limits: OwnerLimits, dispatched_bytes: int = MAX_DISPATCHED_BYTES) -> Orchestrator:
    """An orchestrator with other bounds."""
    rules = Rules({it.playbook.name: it.playbook}, dispatched_bytes=dispatched_bytes)
    return Orchestrator(it.context(limits=limits, rules=rules))


async def test_a_transaction_that_has_written_so_much_takes_no_further_input() -> None:
    """Thirty objectives wait, and so do the ends of all but two runs: with no room, each has its own transaction."""
    it = MemoryWorld(line("alpha"), 1)
    await it.prepare()
    for _ in range(30):
        await it.send("objectives", b"no JSON", str(uuid.uuid4()))
    async with running(orchestrator(it, OwnerLimits(written_bytes=1, ended_runs=2)).run()):
        await it.until_history(lambda runs: sum(len(history) for history in runs.values()) == 30 + 28)
    assert transaction_sizes(await it.read("run-events")) == [1] * 58
    assert len({record.value for record in await it.read("dead-letters")}) == 1


async def test_inputs_share_a_transaction_while_there_is_room() -> None:
    """The same objectives with the bound as it is."""
    it = MemoryWorld(line("alpha"), 1)
    await it.prepare()
    for _ in range(30):
        await it.send("objectives", b"no JSON", str(uuid.uuid4()))
    async with running(orchestrator(it, OwnerLimits()).run()):
        await it.until_ended(30)
    assert max(transaction_sizes(await it.read("run-events"))) > 1


async def test_timers_that_a_transaction_leaves_over_are_taken_by_the_next() -> None:
    """Of twenty tasks a decision sends one: 19 timers are due at once, and each has its own transaction."""
    steps = [{"id": f"s{number}", "role": "alpha", "instruction": "x"} for number in range(20)]
    it = MemoryWorld(Playbook.model_validate({"name": "line", "steps": steps}), 1)
    await it.prepare()
    async with running(orchestrator(it, OwnerLimits(written_bytes=1), dispatched_bytes=1).run()):
        await it.send("objectives", ObjectiveSubmitted(goal="What is tea?", playbook="line").to_json())
        await it.until_history(lambda runs: dispatches(runs) == 20)
    assert transaction_sizes(await it.read("run-events")) == [1] * 20
    tasks = [TaskRequested.read(record.value or b"") for record in await it.read("tasks.alpha")]
    assert sorted(task.subtask_id for task in tasks) == sorted(step["id"] for step in steps)


async def test_tasks_that_no_transaction_should_hold_are_sent_by_several() -> None:
    """4,864 tasks are ready at once, each with a goal of 8,000 characters: 39 MB, of which each is sent once."""
    steps = [{"id": f"s{number}", "role": "alpha", "instruction": "x", "for_each": "question"} for number in range(19)]
    wide = {"name": "line", "max_steps": 100_000, "decomposition": {"max_questions": 256}, "steps": steps}
    it = MemoryWorld(Playbook.model_validate(wide), 1)
    await it.prepare()
    goal = "\n".join(f"q{number} a".ljust(30, "x") for number in range(256))
    async with running(orchestrator(it, OwnerLimits()).run()):
        await it.send("objectives", ObjectiveSubmitted(goal=goal, playbook="line").to_json())
        await it.until_history(lambda runs: dispatches(runs) == 256 * 19, within_s=60)
    tasks = await it.read("tasks.alpha")
    assert len({TaskRequested.read(record.value or b"").task_id for record in tasks}) == len(tasks) == 256 * 19
    assert len(transaction_sizes(tasks)) > 2


def dispatches(runs: dict[str, list[RunDecided]]) -> int:
    """How many attempts were sent."""
    decisions = [decided for history in runs.values() for decided in history]
    return sum(isinstance(event, AttemptDispatched) for decided in decisions for event in decided.events)


def test_a_decision_that_no_transaction_should_hold_is_not_written() -> None:
    """Nothing of it is: the objective is rejected then, or the run fails."""
    writer = Writer(partition=0, owner="one", names=NAMES, most_bytes=20_000)
    with pytest.raises(DecisionTooLarge, match=r"a decision of .* bytes would be needed; 20000 fit: ask for less"):
        writer.write(accepted(), None, RUN, Origin(kind="timer"), {}, 1_000_010)


def accepted() -> Decided:
    """The first decision on an objective with forty subtasks at once."""
    steps = [{"id": f"s{number}", "role": "alpha", "instruction": "x" * 100} for number in range(40)]
    world = World({"line": Playbook.model_validate({"name": "line", "steps": steps})})
    world.take(arrived(playbook="line"))
    return world.last


def test_a_decision_that_no_record_can_hold_becomes_several() -> None:
    """Each fits, their versions follow on one another, and so do those of the plans that they adopt."""
    decision = accepted()
    writer = Writer(partition=0, owner="one", names=NAMES, most_record_bytes=4_000)
    written = writer.write(decision, None, RUN, Origin(kind="timer"), {}, 1_000_010)
    assert written is not None
    assert len(written.steps) > 2
    run = None
    for version, step in enumerate(written.steps, 1):
        assert step.decided.version == version
        assert len(step.decided.to_json()) <= 4_000
        run = evolve(run, step.decided)
        assert run == step.after
    assert run is not None
    assert decision.after is not None
    assert run.subtasks == decision.after.subtasks
    tasks = [record for record in written.records if record.topic == NAMES.tasks("alpha")]
    assert len(tasks) == 40
    assert written.state["header"].value == run.header.to_json()


def test_a_record_that_is_larger_than_what_readers_take_is_not_written() -> None:
    """An event or a task cannot be parted."""
    writer = Writer(partition=0, owner="one", names=NAMES, most_record_bytes=300)
    with pytest.raises(DecisionTooLarge, match=r"a record of .* bytes would be needed; 300 fit: ask for less"):
        writer.write(accepted(), None, RUN, Origin(kind="timer"), {}, 1_000_010)


@pytest.mark.parametrize("field", ["usage.input_tokens", "usage.micro_usd", "outputs.0.offset", "review.supported"])
def test_a_number_of_an_outcome_is_at_most_so_large(field: str) -> None:
    """Of 4,300 digits it can be read, but the sum of two could not: what holds it could never be restored."""

    def understood(number: int) -> Understood | DeadLetter:
        ref = {"name": "o", "partition": 0, "offset": 0, "sha256": "0" * 64, "size_bytes": 1}
        review = {"supported": 0, "refuted": 0, "not_enough_evidence": 0, "passed": True}
        outcome = TaskSucceeded.model_validate(
            {
                **{"run_id": RUN, "subtask_id": "s", "attempt": 1, "role": "alpha", "worker": "w"},
                **{"started_at_ms": 1, "ended_at_ms": 2, "usage": {}, "outputs": [ref], "review": review},
            }
        ).model_dump()
        owner: dict[str, object] = outcome
        *path, last = field.split(".")
        for name in path:
            owner = owner[int(name)] if name.isdigit() else owner[name]  # type: ignore[index,assignment]
        owner[last] = number
        body = TaskSucceeded.model_validate(outcome).to_json()
        headers = encode_headers(Envelope("e", "/test", TaskSucceeded.TYPE, 1))
        return Intake(NAMES, run_trace).understand(Record(NAMES("results"), 0, 0, 0, None, body, headers))

    assert isinstance(understood(MAX_NUMBER), Understood)
    refused = understood(MAX_NUMBER + 1)
    assert isinstance(refused, DeadLetter)
    assert str(MAX_NUMBER) in refused.reason


@pytest.mark.parametrize(
    ("content", "claimed", "taken"), [("é", 2, True), ("é", 1, False), ('""', 2, True), ("\u0001", 1, False)]
)
def test_content_that_is_not_as_it_claims_is_left_to_its_readers(content: str, claimed: int, *, taken: bool) -> None:
    """Its size is what tasks are bounded by; escapes of JSON may double it and no more."""
    digest = sha256(content.encode()).hexdigest()
    ref = ContextRef(name="o", partition=0, offset=0, sha256=digest, size_bytes=claimed, inline=content)
    outcome = TaskSucceeded(
        run_id=RUN, subtask_id="s", attempt=1, role="r", worker="w", started_at_ms=1, ended_at_ms=2, outputs=(ref,)
    )
    assert verified_inline(outcome) == ({digest: content} if taken else {})
