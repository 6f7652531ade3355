"""How long an outage was: only what the victim held counts, and only what others did ends it."""

from dataclasses import replace

from chaos.history import Decision, decision_of
from chaos.recovery import Strike, held_by, in_hand, last_before, under_way

ONE, TWO = ("run", "one"), ("run", "two")


def decision(seen_s: float, partition: int = 0, owner: str = "o@h:1", **told: object) -> Decision:
    """A decision on `run`."""
    return Decision(run_id="run", partition=partition, owner=owner, seen_s=seen_s, ending=None, **told)  # type: ignore[arg-type]


def test_a_partition_waits_for_a_decision_of_another_process() -> None:
    """What the victim had committed and was seen late ends nothing."""
    strike = Strike(10.0, partitions=frozenset({0, 1}), not_by=":1")
    late, taken_over = decision(10.5, 0, "o@h:1"), decision(13.0, 0, "o@h:2")
    assert strike.outages([decision(9.0), late]) == [None, None]
    assert sorted(strike.outages([late, taken_over, decision(12.0, 1, "o@h:2")]), key=str) == [2.0, 3.0]


def test_a_subtask_waits_until_another_worker_ends_it() -> None:
    """One that the victim had reported was not lost, and any other decision on the run ends nothing."""
    strike = Strike(10.0, subtasks=frozenset({ONE, TWO}), not_by=":7")
    reported = decision(10.1, ended=((ONE, "w@h:7"),))
    assert strike.outages([reported, decision(10.2)]) == [None]
    assert strike.outages([reported, decision(14.0, ended=((TWO, "w@h:8"),))]) == [4.0]
    assert strike.outages([reported, decision(15.0, ended=((TWO, ""),))]) == [5.0], "it was given up"


def test_nothing_in_hand_is_no_outage() -> None:
    """No other decision is taken for its end."""
    assert Strike(10.0, not_by=":7").outages([decision(11.0, 0, "o@h:2")]) == []


def test_only_partitions_with_runs_under_way_must_go_on() -> None:
    """Where every run had ended, nobody may have had anything to decide since; archiving a run opens none."""
    busy, idle = decision(1.0, 0), replace(decision(1.0, 1), run_id="other")
    ended, archived = replace(idle, seen_s=2.0, ending="completed"), replace(idle, seen_s=3.0)
    assert under_way([busy, idle], 1.5) == {0, 1}
    assert under_way([busy, idle, ended, archived], 4.0) == {0}
    assert under_way([busy, idle, ended], 0.5) == frozenset()


def test_who_decided_last_holds_a_partition() -> None:
    """Until somebody else has decided there; whether runs are under way does not matter."""
    one, other, taken = decision(1.0, 0, "o@h:1"), decision(1.0, 1, "o@h:11"), decision(3.0, 0, "o@h:2")
    decisions = [one, other, taken]
    assert [held_by(decisions, ":1", at_s) for at_s in (0.5, 2, 3)] == [set(), {0}, set()]
    assert held_by(decisions, ":11", 9) == {1}
    assert held_by(decisions, "", 9) == {0, 1}


def test_in_hand_is_what_was_sent_and_not_answered() -> None:
    """By role, as it was seen before the moment; a partition's last decision is taken the same way."""
    planned = {ONE: "worker", TWO: "other"}
    begun = decision(1.0, planned=planned, sent=frozenset({ONE, TWO}))
    answered = decision(3.0, answered=frozenset({ONE}))
    again = decision(5.0, sent=frozenset({ONE}))
    seen = [begun, answered, again]
    assert [in_hand(seen, "worker", at_s) for at_s in (0.5, 2, 4, 6)] == [set(), {ONE}, set(), {ONE}]
    assert last_before(seen, 4) == {0: answered}


def test_a_record_of_run_events_becomes_a_decision() -> None:
    """Plans, dispatches and outcomes by subtask, with the worker of a success."""
    events = [
        {"type": "plan_adopted", "change": {"added": [{"subtask_id": "one", "role": "worker"}]}},
        {"type": "attempt_dispatched", "subtask_id": "one"},
        {"type": "attempt_succeeded", "subtask_id": "two", "worker": "w@h:7"},
        {"type": "attempt_failed", "subtask_id": "three"},
        {"type": "subtask_failed", "subtask_id": "three"},
        {"type": "run_ended", "status": "failed"},
    ]
    found = decision_of({"run_id": "run", "owner": "o@h:1", "events": events}, 3, 2.5)
    assert found == Decision(
        run_id="run",
        partition=3,
        owner="o@h:1",
        seen_s=2.5,
        ending="failed",
        planned={ONE: "worker"},
        sent=frozenset({ONE}),
        answered=frozenset({TWO, ("run", "three")}),
        ended=((TWO, "w@h:7"), (("run", "three"), "")),
    )
