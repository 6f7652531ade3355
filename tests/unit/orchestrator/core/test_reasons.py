"""What a decision says to people, word for word, when something is refused, given up or ended."""

from dataclasses import replace

from collegium.orchestrator.core.deciding import decide, give_up
from collegium.orchestrator.core.model import InterventionArrived, Moment, ObjectiveInvalid, Rules, Timer, TimerFired
from collegium.telemetry.tracing import run_trace
from collegium_schemas.base import TraceContext
from collegium_schemas.events import InputRefused, RunEnded, RunPaused, RunRejected, RunResumed
from collegium_schemas.limits import MAX_EPOCH_MS
from collegium_schemas.objective import Action, Intervention, RunStatus
from collegium_schemas.tasks import FailureKind
from orchestrator_worlds import RUN, World, arrived, ended, line, started, word

PARENT = TraceContext(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
MOMENT = Moment(5_000, 0.5)


def invalid(digest: str = "a" * 64) -> ObjectiveInvalid:
    """Something on the objectives topic that cannot be understood."""
    return ObjectiveInvalid(RUN, "no JSON", digest, run_trace(RUN, None), PARENT)


def test_what_cannot_be_understood_is_a_rejected_run_with_its_trace() -> None:
    """The sender's reason, hash and span."""
    world = World()
    world.take(invalid())
    expected = RunRejected(reason="no JSON", objective_sha256="a" * 64, trace=run_trace(RUN, None), trace_parent=PARENT)
    assert world.last.events == (expected,)
    assert world.live().header.status is RunStatus.FAILED
    assert world.live().header.trace_parent == PARENT
    assert world.live().header.accepted_at_ms == world.now_ms


def test_what_cannot_be_understood_twice_is_dropped_and_beside_a_run_refused() -> None:
    """By its hash."""
    world = started()
    assert world.run is not None
    world.take(invalid(world.run.header.objective_sha256))
    assert (world.last.events, world.last.dropped) == ((), "duplicate_objective")
    before = world.live()
    world.take(invalid())
    assert world.last.events == (InputRefused(what="objective", reason="no JSON"),)
    assert world.live().subtasks == before.subtasks
    assert world.last.after == world.live()


def test_words_on_runs_that_do_not_exist_or_have_ended_are_unusable() -> None:
    """The sender finds them among the dead letters."""
    world = started()
    alone = World()
    alone.take(word(Action.PAUSE))
    assert alone.last.unusable == f"there is no run {RUN}: it has not started or is archived"
    world.succeed("one")
    world.take(word(Action.PAUSE))
    assert world.last.unusable == f"run {RUN} has already ended as completed"


def test_giving_up_ends_what_there_is() -> None:
    """A new objective is rejected, a live run fails, and an ended one or none at all is left alone."""
    rules, world = Rules({}), started()
    timer = TimerFired(Timer(1, RUN, "retry"))
    assert give_up(None, timer, "no way", rules, MOMENT).unusable == "no way"
    rejected = give_up(None, invalid(), "no way", rules, MOMENT)
    [event] = rejected.events
    assert isinstance(event, RunRejected)
    assert (event.reason, event.trace_parent) == ("no way", PARENT)
    assert rejected.after is not None
    assert rejected.after.header.run_id == RUN
    failed = give_up(world.live(), timer, "x" * 5_000, rules, MOMENT)
    [end] = failed.events
    assert isinstance(end, RunEnded)
    assert (end.status, end.reason) == (RunStatus.FAILED, "x" * 4_000)
    world.succeed("one")
    assert give_up(world.live(), timer, "no way", rules, MOMENT).unusable == "no way"


def test_a_deadline_in_the_past_or_unknown_names_are_told() -> None:
    """What is known is listed."""
    rules = Rules({"line": line("one"), "other": line("one", params={"depth": 1})}, {"broken": "line 1: no"})
    said = {"nope": "unknown playbook 'nope'; known: line, other", "broken": "playbook 'broken' is invalid: line 1: no"}
    for playbook, reason in said.items():
        [event] = decide(None, arrived(playbook=playbook), rules, MOMENT).events
        assert isinstance(event, RunRejected)
        assert event.reason == reason
    [event] = decide(None, arrived(playbook="other", params={"dpth": 1}), rules, MOMENT).events
    assert isinstance(event, RunRejected)
    assert event.reason == "unknown parameter 'dpth' for playbook 'line'; known: depth"
    late = arrived(playbook="line", deadline="1970-01-01T00:00:05Z")
    [event] = decide(None, late, rules, MOMENT).events
    assert isinstance(event, RunRejected)
    assert event.reason == "the deadline 1970-01-01T00:00:05+00:00 is in the past"
    in_time = arrived(playbook="line", deadline="1970-01-01T00:00:05.001Z")
    accepted = decide(None, in_time, rules, MOMENT).events[0]
    assert accepted.type == "run_accepted"
    assert accepted.deadline_at_ms == 5_001


def test_a_stopped_run_says_who_and_why() -> None:
    """The human's own words, or ours."""
    world = started()
    world.take(word(Action.CANCEL))
    assert ended(world) == RunEnded(status=RunStatus.CANCELLED, reason="cancelled on request", requester="ann")
    world = started()
    world.take(InterventionArrived(RUN, Intervention(run_id=RUN, action=Action.CANCEL, requester="bob", reason="done")))
    assert ended(world) == RunEnded(status=RunStatus.CANCELLED, reason="done", requester="bob")


def test_pause_and_resume_say_who_and_why_and_count_once() -> None:
    """A second pause is dropped, and so is a resume of what runs."""
    world = started()
    world.take(word(Action.RESUME))
    assert (world.last.events, world.last.dropped) == ((), "not_paused")
    said = Intervention(run_id=RUN, action=Action.PAUSE, requester="ann", reason="lunch")
    world.take(InterventionArrived(RUN, said))
    assert world.last.events == (RunPaused(requester="ann", reason="lunch"),)
    world.take(word(Action.PAUSE))
    assert (world.last.events, world.last.dropped) == ((), "already_paused")
    world.take(InterventionArrived(RUN, said.model_copy(update={"action": Action.RESUME})))
    assert world.last.events == (RunResumed(requester="ann", reason="lunch"),)


def test_a_run_ends_with_its_reason() -> None:
    """Completed, failed at once, failed after attempts, and past its deadline."""
    world = started()
    world.succeed("one")
    assert ended(world) == RunEnded(status=RunStatus.COMPLETED, reason="every subtask of the plan has ended")
    world = started()
    world.fail("one", FailureKind.UNAUTHORISED)
    reason = "one (one) failed at its first attempt: unauthorised: unauthorised happened"
    assert ended(world) == RunEnded(status=RunStatus.FAILED, reason=reason)
    world = started()
    world.fail("one", FailureKind.TIMEOUT)
    world.fire("retry", "one", 2)
    world.fail("one", FailureKind.TIMEOUT, permanent=True)
    assert ended(world).reason == "one (one) failed after 2 attempts: timeout: timeout happened"
    world = started()
    world.fire("run_deadline")
    halted = RunEnded(status=RunStatus.HALTED, reason="the run's deadline has passed", limit="deadline")
    assert ended(world) == halted


def test_an_approval_that_nobody_waits_for_is_refused_with_what_is_possible() -> None:
    """Word for word, since people read it."""
    world = started()
    for action in (Action.APPROVE, Action.DENY, Action.RETRY):
        world.take(word(action))
        reason = f"{action} does not apply: the run waits for no approval; cancel, pause and resume do"
        assert world.last.events == (InputRefused(what="intervention", reason=reason),)
    for action in (Action.AMEND, Action.RAISE_BUDGET):
        world.take(word(action))
        reason = f"{action} does not apply to a run under way: cancel, pause and resume do"
        assert world.last.events == (InputRefused(what="intervention", reason=reason),)


def test_an_objective_is_accepted_with_the_span_that_sent_it() -> None:
    """The run's trace follows from there."""
    world = World({"line": line("one")})
    world.take(replace(arrived(playbook="line"), trace_parent=PARENT))
    assert world.live().header.trace_parent == PARENT


def test_another_objective_of_the_same_run_is_refused_and_the_run_goes_on() -> None:
    """The decision leads to the run as it was, one version on."""
    world = started()
    before = world.live()
    world.take(arrived("Something else?", playbook="line"))
    reason = "another objective with this run_id and other content was accepted before: choose a new run_id"
    assert world.last.events == (InputRefused(what="objective", reason=reason),)
    assert world.last.after == world.live()
    assert (world.live().header.version, world.live().subtasks) == (2, before.subtasks)


def test_names_that_could_have_been_meant_are_listed() -> None:
    """Sorted; or that there are none."""
    two = Rules({"line": line("one", params={"depth": 1, "colour": "red"})})
    said = {
        "unknown playbook 'line'; known: none": (Rules({}), arrived(playbook="line")),
        "unknown parameter 'dpth' for playbook 'line'; known: colour, depth": (
            two,
            arrived(playbook="line", params={"dpth": 1}),
        ),
        "unknown parameter 'depth' for playbook 'line'; known: none": (
            Rules({"line": line("one")}),
            arrived(playbook="line", params={"depth": 1}),
        ),
    }
    for reason, (rules, objective) in said.items():
        [event] = decide(None, objective, rules, MOMENT).events
        assert isinstance(event, RunRejected)
        assert event.reason == reason


def test_a_deadline_may_be_the_last_moment_that_a_record_can_say() -> None:
    """The last millisecond of the year 9999; the next one is refused."""
    rules = Rules({"line": line("one")})
    accepted = decide(None, arrived(playbook="line", deadline="9999-12-31T23:59:59.999Z"), rules, MOMENT).events[0]
    assert accepted.type == "run_accepted"
    assert accepted.deadline_at_ms == MAX_EPOCH_MS
    [rejected] = decide(None, arrived(playbook="line", deadline="9999-12-31T23:00:00-01:00"), rules, MOMENT).events
    assert rejected.type == "run_rejected"
    assert rejected.reason == "the deadline 9999-12-31T23:00:00-01:00 lies beyond the year 9999"
