"""One input on which no decision can be made ends its own run, and never stops its partition."""

import json
import uuid

from collegium.log.port import Record
from collegium.orchestrator.core.deciding import give_up
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import Moment, ObjectiveInvalid, Rules, Timer, TimerFired
from collegium.orchestrator.shell.intake import Intake, Understood
from collegium.telemetry.tracing import run_trace
from collegium_schemas.envelope import header
from collegium_schemas.events import RunDecided, RunEnded, RunRejected
from collegium_schemas.objective import RunStatus
from memory_worlds import NAMES, MemoryWorld, done, running
from orchestrator_worlds import RUN, World, arrived, line

WIDE = line("alpha", "beta", params={"text": ""})
INTAKE = Intake(NAMES, run_trace)
MOMENT = Moment(1_000, 0.5)


def objective(run_id: str, text: str) -> bytes:
    """An objective with a parameter of some length."""
    return json.dumps({"goal": "x", "playbook": "line", "run_id": run_id, "params": {"text": text}}).encode()


async def test_a_plan_that_no_record_can_hold_is_refused_and_the_next_run_completes() -> None:
    """Each task repeats the parameters: 900 kB of them cannot be dispatched. The sender is told, nobody restarts."""
    it = MemoryWorld(WIDE, 1)
    await it.prepare()
    large, small = str(uuid.uuid4()), str(uuid.uuid4())
    async with running(it.orchestrator("one").run(), *(it.specialist(role, done) for role in it.roles)):
        for run_id, text in ((large, "t" * 900_000), (small, "t")):
            await it.send("objectives", objective(run_id, text), run_id)
        runs = await it.until_ended(2)
    [rejected] = runs[large][0].events
    assert isinstance(rejected, RunRejected)
    assert "ask for less" in rejected.reason
    assert isinstance(runs[small][-1].events[-1], RunEnded)
    [letter] = await it.read("dead-letters")
    assert letter.value == objective(large, "t" * 900_000)
    assert "ask for less" in (header(letter.headers, "__connect.errors.exception.message") or "")


def test_a_live_run_that_cannot_go_on_ends_as_failed() -> None:
    """The event folds like any other."""
    world = World({"line": line("alpha")})
    world.take(arrived(playbook="line"))
    run = world.live()
    given_up = give_up(run, TimerFired(Timer(1, RUN, "retry")), "no way", Rules({}), MOMENT)
    version = run.header.version + 1
    decided = RunDecided(
        run_id=RUN,
        version=version,
        at_ms=MOMENT.now_ms,
        origin=world.history[0].origin,
        owner="test",
        events=given_up.events,
    )
    after = evolve(run, decided)
    assert after is not None
    assert (after.header.status, after.header.reason) == (RunStatus.FAILED, "no way")
    assert after == given_up.after


def test_without_a_run_only_an_objective_is_answered() -> None:
    """A late timer or outcome names no run that could end."""
    assert give_up(None, TimerFired(Timer(1, RUN, "retry")), "no way", Rules({}), MOMENT).unusable == "no way"
    [event] = give_up(None, arrived(), "no way", Rules({}), MOMENT).events
    assert isinstance(event, RunRejected)


def test_a_deadline_after_the_last_year_is_refused() -> None:
    """It lies beyond what a record can say."""
    world = World()
    [event] = world.take(arrived(deadline="9999-12-31T23:59:59-12:00"))
    assert "beyond the year 9999" in event.reason


def test_a_number_that_json_does_not_know_is_refused_where_it_enters() -> None:
    """1e999 is read as infinity and could not be written again: the run would never be restored."""
    for number in (b"1e999", b"NaN", b"-Infinity"):
        body = b'{"goal":"x","params":{"a":%s}}' % number
        result = INTAKE.understand(Record(NAMES("objectives"), 0, 0, 0, None, body))
        assert isinstance(result, Understood)
        assert isinstance(result.happened, ObjectiveInvalid)
